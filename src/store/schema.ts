/** The tables, and how they come to be. */
import type { Knex } from 'knex';

/** The version of the schema that this program reads and writes. */
export const SCHEMA_VERSION = 1;

/**
 * Makes the tables. The names differ from those of AtomMQ 1.x (`atommq_feed`, `atommq_entry`), so that both can live in
 * one database. Times are microseconds since 1970, flags 0 or 1.
 */
export async function createTables(trx: Knex.Transaction): Promise<void> {
  await trx.schema.createTable('mq_meta', (table) => {
    table.string('name', 64).primary();
    table.string('value', 255).notNullable();
  });
  await trx.schema.createTable('mq_feed', (table) => {
    table.increments('feed_id');
    table.string('name', 255).notNullable().unique();
    table.string('atom_id', 64).notNullable();
    table.bigInteger('head').notNullable().defaultTo(0);
    table.bigInteger('edits').notNullable().defaultTo(0);
    table.bigInteger('created_at').notNullable();
  });
  await trx.schema.createTable('mq_entry', (table) => {
    table.integer('feed_id').unsigned().notNullable();
    table.bigInteger('position').notNullable();
    table.string('entry_key', 64).notNullable();
    table.text('atom_id').notNullable();
    table.string('digest', 43).notNullable();
    table.bigInteger('published_at').notNullable();
    table.bigInteger('edited_at').notNullable();
    table.specificType('has_author', 'smallint').notNullable();
    table.specificType('deleted', 'smallint').notNullable().defaultTo(0);
    table.integer('size').unsigned().notNullable();
    table.text('xml', 'longtext').notNullable();
    table.primary(['feed_id', 'position']);
    table.unique(['feed_id', 'entry_key']);
  });
  await trx('mq_meta').insert({ name: 'schema', value: String(SCHEMA_VERSION) });
}
