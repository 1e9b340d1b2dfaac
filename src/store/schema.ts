/** The tables, and how each version of them came out of the one before. */
import type { Knex } from 'knex';

/**
 * The steps from nothing to the schema that this program reads and writes; step n makes version n + 1. The names differ
 * from those of AtomMQ 1.x (`atommq_feed`, `atommq_entry`), so that both can live in one database. Times are
 * microseconds since 1970, flags 0 or 1.
 */
export const MIGRATIONS: ((schema: Knex.SchemaBuilder) => Knex.SchemaBuilder)[] = [
  // Feeds and their entries.
  (schema) =>
    schema
      .createTable('mq_feed', (table) => {
        table.increments('feed_id');
        table.string('name', 255).notNullable().unique();
        table.string('atom_id', 64).notNullable();
        table.bigInteger('head').notNullable().defaultTo(0);
        table.bigInteger('edits').notNullable().defaultTo(0);
        table.bigInteger('created_at').notNullable();
      })
      .createTable('mq_entry', (table) => {
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
      }),

  // Feed metadata, media, categories, retention.
  (schema) =>
    schema
      .alterTable('mq_feed', (table) => {
        table.bigInteger('floor').notNullable().defaultTo(0);
        table.bigInteger('bytes').notNullable().defaultTo(0);
        table.text('metadata', 'longtext').nullable();
        table.text('title').nullable();
        table.bigInteger('metadata_at').notNullable().defaultTo(0);
      })
      .raw(
        'UPDATE mq_feed SET bytes = (SELECT coalesce(sum(size), 0) FROM mq_entry WHERE mq_entry.feed_id = mq_feed.feed_id)',
      )
      .alterTable('mq_entry', (table) => {
        table.string('media_type', 255).nullable();
        table.bigInteger('media_size').nullable();
        table.string('media_digest', 43).nullable();
        table.string('blob_id', 36).nullable();
      })
      // The bytes of media resources, in chunks that every database takes.
      .createTable('mq_blob', (table) => {
        table.string('blob_id', 36).notNullable();
        table.integer('seq').notNullable();
        table.binary('data').notNullable();
        table.primary(['blob_id', 'seq']);
      })
      // Blobs that no entry has yet.
      .createTable('mq_upload', (table) => {
        table.string('blob_id', 36).notNullable().primary();
        table.bigInteger('started_at').notNullable();
      })
      // Which entries have which category; the key is a digest of scheme and term.
      .createTable('mq_category', (table) => {
        table.integer('feed_id').unsigned().notNullable();
        table.string('category_key', 43).notNullable();
        table.text('term').notNullable();
        table.text('scheme').nullable();
        table.text('label').nullable();
        table.primary(['feed_id', 'category_key']);
      })
      .createTable('mq_tag', (table) => {
        table.integer('feed_id').unsigned().notNullable();
        table.string('category_key', 43).notNullable();
        table.bigInteger('position').notNullable();
        table.primary(['feed_id', 'category_key', 'position']);
        table.index(['feed_id', 'position']);
      })
      // What is remembered of entries that retention removed: 52 bits of a digest of their key.
      .createTable('mq_removed', (table) => {
        table.integer('feed_id').unsigned().notNullable();
        table.bigInteger('key_hash').notNullable();
        table.primary(['feed_id', 'key_hash']);
      })
      .createTable('mq_lease', (table) => {
        table.string('name', 64).notNullable().primary();
        table.string('holder', 64).notNullable();
        table.bigInteger('until').notNullable();
      }),
];

/** The version of the schema that this program reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** Brings a database to {@link SCHEMA_VERSION} inside a transaction that nobody else migrates beside. */
export async function migrate(trx: Knex.Transaction): Promise<void> {
  if (!(await trx.schema.hasTable('mq_meta'))) {
    await trx.schema.createTable('mq_meta', (table) => {
      table.string('name', 64).primary();
      table.string('value', 255).notNullable();
    });
    await trx('mq_meta').insert({ name: 'schema', value: '0' });
  }
  const row: { value: string } | undefined = await trx('mq_meta').where({ name: 'schema' }).first();
  for (const step of MIGRATIONS.slice(Number(row?.value ?? 0))) await step(trx.schema);
  await trx('mq_meta')
    .where({ name: 'schema' })
    .update({ value: String(SCHEMA_VERSION) });
}
