#!/bin/sh
':' //; PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}" exec node "$0" "$@"
// The CGI script: loads nothing that one request does not need.
import('../dist/src/cli/cgi.js')
  .then(({ main }) => main())
  .then((code) => process.exit(code));
