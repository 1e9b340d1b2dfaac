/** Knex with the SQLite dialect alone: stands in for `knex` in the CGI bundle, where every module loaded costs start-up. */
import type { Knex } from 'knex';
import Client from 'knex/lib/dialects/sqlite3/index.js';
import makeKnex from 'knex/lib/knex-builder/make-knex.js';

/** As `knex(config)`, whatever `config.client` says. */
export function knex(config: Knex.Config): Knex {
  return makeKnex(new Client(config));
}

export default { knex };
