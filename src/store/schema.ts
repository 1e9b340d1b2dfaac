/** The tables, and how each version of them came out of the one before. */
import type { Knex } from 'knex';
import type { ColumnTypes } from './dialect.js';

/** One step; running it twice must end in what running it once does, where "is there already" is no error. */
export type Migration = (schema: Knex.SchemaBuilder, columns: ColumnTypes) => Knex.SchemaBuilder;

/**
 * The steps from nothing to the schema that this program reads and writes; step n makes version n + 1. The names differ
 * from those of AtomMQ 1.x (`atommq_feed`, `atommq_entry`), so that both can live in one database. Times are
 * microseconds since 1970, flags 0 or 1.
 */
export const MIGRATIONS: Migration[] = [
  // Feeds and their entries.
  (schema, columns) => {
    const { key, create } = tables(columns);
    create(schema, 'mq_feed', (table) => {
      table.increments('feed_id');
      key(table, 'name', 255).notNullable().unique();
      key(table, 'atom_id', 64).notNullable();
      table.bigInteger('head').notNullable().defaultTo(0);
      table.bigInteger('edits').notNullable().defaultTo(0);
      table.bigInteger('created_at').notNullable();
    });
    return create(schema, 'mq_entry', (table) => {
      table.integer('feed_id').unsigned().notNullable();
      table.bigInteger('position').notNullable();
      key(table, 'entry_key', 64).notNullable();
      table.text('atom_id').notNullable();
      key(table, 'digest', 43).notNullable();
      table.bigInteger('published_at').notNullable();
      table.bigInteger('edited_at').notNullable();
      table.specificType('has_author', 'smallint').notNullable();
      table.specificType('deleted', 'smallint').notNullable().defaultTo(0);
      table.integer('size').unsigned().notNullable();
      table.text('xml', 'longtext').notNullable();
      table.primary(['feed_id', 'position']);
      table.unique(['feed_id', 'entry_key']);
    });
  },

  // Feed metadata, media, categories, retention.
  (schema, columns) => {
    const { key, sorted, create } = tables(columns);
    schema.alterTable('mq_feed', (table) => {
      table.bigInteger('floor').notNullable().defaultTo(0);
      table.bigInteger('bytes').notNullable().defaultTo(0);
      table.text('metadata', 'longtext').nullable();
      table.text('title').nullable();
      table.bigInteger('metadata_at').notNullable().defaultTo(0);
    });
    // Knex takes bindings here, and does not say so.
    (schema.raw as (sql: string, bindings: string[]) => unknown).call(
      schema,
      'UPDATE ?? SET ?? = (SELECT coalesce(sum(??), 0) FROM ?? WHERE ?? = ??)',
      [...['mq_feed', 'bytes', 'size', 'mq_entry', 'mq_entry.feed_id', 'mq_feed.feed_id']],
    );
    schema.alterTable('mq_entry', (table) => {
      table.string('media_type', 255).nullable();
      table.bigInteger('media_size').nullable();
      key(table, 'media_digest', 43).nullable();
      key(table, 'blob_id', 36).nullable();
    });
    // The bytes of media resources, in chunks that every database takes.
    create(schema, 'mq_blob', (table) => {
      key(table, 'blob_id', 36).notNullable();
      table.integer('seq').notNullable();
      table.binary('data').notNullable();
      table.primary(['blob_id', 'seq']);
    });
    // Blobs that no entry has yet.
    create(schema, 'mq_upload', (table) => {
      key(table, 'blob_id', 36).notNullable().primary();
      table.bigInteger('started_at').notNullable();
    });
    // Which entries have which category; the key is a digest of scheme and term.
    create(schema, 'mq_category', (table) => {
      table.integer('feed_id').unsigned().notNullable();
      key(table, 'category_key', 43).notNullable();
      sorted(table, 'term').notNullable();
      sorted(table, 'scheme').nullable();
      table.text('label').nullable();
      table.primary(['feed_id', 'category_key']);
    });
    create(schema, 'mq_tag', (table) => {
      table.integer('feed_id').unsigned().notNullable();
      key(table, 'category_key', 43).notNullable();
      table.bigInteger('position').notNullable();
      table.primary(['feed_id', 'category_key', 'position']);
      table.index(['feed_id', 'position']);
    });
    // What is remembered of entries that retention removed: 52 bits of a digest of their key.
    create(schema, 'mq_removed', (table) => {
      table.integer('feed_id').unsigned().notNullable();
      table.bigInteger('key_hash').notNullable();
      table.primary(['feed_id', 'key_hash']);
    });
    return create(schema, 'mq_lease', (table) => {
      key(table, 'name', 64).notNullable().primary();
      key(table, 'holder', 64).notNullable();
      table.bigInteger('until').notNullable();
    });
  },

  // Subscriptions of the WebSub hub.
  (schema, columns) => {
    const { key, create } = tables(columns);
    return create(schema, 'mq_subscription', (table) => {
      // A digest of callback and topic.
      key(table, 'subscription_id', 43).notNullable().primary();
      table.text('topic').notNullable();
      table.text('base').notNullable();
      key(table, 'feed', 255).notNullable();
      table.text('callback').notNullable();
      table.text('secret').nullable();
      table.bigInteger('created_at').notNullable();
      table.integer('feed_id').unsigned().notNullable();
      table.bigInteger('position').notNullable();
      table.bigInteger('lease_until').notNullable().index();
      table.integer('failures').notNullable().defaultTo(0);
      table.bigInteger('failing_since').notNullable().defaultTo(0);
      table.bigInteger('next_at').notNullable().defaultTo(0);
      table.specificType('dead', 'smallint').notNullable().defaultTo(0);
      table.text('last_error').nullable();
      // The request that is still to be verified.
      key(table, 'pending_id', 36).nullable();
      table.bigInteger('pending_at').nullable().index();
      table.string('pending_mode', 16).nullable();
      table.bigInteger('pending_lease').nullable();
      table.text('pending_secret').nullable();
    });
  },

  // Tokens that callers show.
  (schema, columns) => {
    const { key, create } = tables(columns);
    return create(schema, 'mq_token', (table) => {
      key(table, 'token_id', 16).notNullable().primary();
      // SHA-256 of the token, which is kept nowhere.
      key(table, 'hash', 43).notNullable().unique();
      table.string('name', 255).notNullable();
      table.string('permissions', 255).notNullable();
      // A list as JSON; NULL for every feed.
      table.text('feeds').nullable();
      table.bigInteger('created_at').notNullable();
      table.bigInteger('expires_at').notNullable().defaultTo(0);
      table.bigInteger('revoked_at').notNullable().defaultTo(0);
    });
  },

  // What tells whether the XML of an entry is still what was stored, where the digest of what was sent does not.
  (schema, columns) => {
    const { key } = tables(columns);
    return schema.alterTable('mq_entry', (table) => {
      key(table, 'xml_digest', 43).nullable();
    });
  },
];

/** The version of the schema that this program reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** The table that says which version there is; it comes before all others. */
export function metaTable(schema: Knex.SchemaBuilder, columns: ColumnTypes): Knex.SchemaBuilder {
  const { key, create } = tables(columns);
  return create(schema, 'mq_meta', (table) => {
    key(table, 'name', 64).notNullable().primary();
    table.string('value', 255).notNullable();
  });
}

function tables({ key: keyType, text, table: onTable }: ColumnTypes) {
  return {
    /** A short text that is compared byte by byte. */
    key: (table: Knex.CreateTableBuilder, name: string, length: number): Knex.ColumnBuilder =>
      keyType === undefined ? table.string(name, length) : table.specificType(name, keyType(length)),
    /** A long text that is sorted byte by byte. */
    sorted: (table: Knex.CreateTableBuilder, name: string): Knex.ColumnBuilder =>
      text === undefined ? table.text(name) : table.specificType(name, text),
    create: (schema: Knex.SchemaBuilder, name: string, columns: (table: Knex.CreateTableBuilder) => void) =>
      schema.createTable(name, (table) => {
        onTable?.(table);
        columns(table);
      }),
  };
}
