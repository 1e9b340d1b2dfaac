/** Makes dist/man/atommq.1, the man page, from the tables of commands and options. */
const { mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { version } = require('../package.json');

const FOLDER = join(__dirname, '../dist/man');

import('../dist/src/cli/man.js').then(({ manPage }) => {
  // Whoever builds the same twice says when the first time was (https://reproducible-builds.org/specs/source-date-epoch/).
  const { SOURCE_DATE_EPOCH } = process.env;
  const date = SOURCE_DATE_EPOCH ? new Date(Number(SOURCE_DATE_EPOCH) * 1000) : new Date();
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, 'atommq.1'), manPage(version, date.toISOString().slice(0, 10)));
});
