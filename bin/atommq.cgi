#!/bin/sh
':' //; PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}" exec node "$0" "$@"
// The CGI script: loads nothing that one request does not need, and never the command line.
require('./cgi-bundle.js')
  .run()
  .then((code) => process.exit(code));
