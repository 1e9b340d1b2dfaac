#!/bin/sh
':' //; PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}" exec node "$0" "$@"
// The FastCGI program for a web server to spawn: everything it needs comes from ATOMMQ_* and config.yml.
process.env.ATOMMQ_GATEWAY = 'fastcgi';
import('../dist/src/cli/main.js')
  .then(({ main }) => main(process.argv))
  .then((code) => process.exit(code));
