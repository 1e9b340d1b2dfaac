/** SQLite: one connection that writes, one that reads, both in WAL mode, and the append as one statement. */
import type { Knex } from 'knex';
import type { Database as Connection, Statement } from 'sqlite3';
import type { Database, OpenOptions } from './dialect.js';
import { knex } from './open.js';
import { migrate, SCHEMA_VERSION } from './schema.js';
import type { Append } from './store.js';
import { categoriesByKey } from './tags.js';

/**
 * The append as one statement: `INSERT INTO mq_append (entries) VALUES (?)` with a JSON array of
 * `[feed, feedAtomId, key, atomId, digest, at, hasAuthor, xml]`, and where entries have categories `tags` with
 * `[feed, key, categoryKey, term, scheme, label]`. Being one statement it is its own transaction, and since
 * it begins by writing it holds the write lock before it reads a head. Any program on the same file may use it.
 */
const APPEND_VIEW = `CREATE VIEW mq_append AS SELECT '' AS entries, '' AS tags`;
const APPEND_TRIGGER = `
CREATE TRIGGER mq_append_insert INSTEAD OF INSERT ON mq_append
BEGIN
  INSERT INTO mq_feed (name, atom_id, created_at)
    SELECT j.value ->> 0, min(j.value ->> 1), min(j.value ->> 5) FROM json_each(NEW.entries) j
    WHERE NOT EXISTS (SELECT 1 FROM mq_feed f WHERE f.name = j.value ->> 0) GROUP BY 1;
  INSERT INTO mq_entry
      (feed_id, position, entry_key, atom_id, digest, published_at, edited_at, has_author, size, xml)
    SELECT f.feed_id, f.head + row_number() OVER (PARTITION BY f.feed_id ORDER BY j.key),
      j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, j.value ->> 5, j.value ->> 6,
      octet_length(j.value ->> 7), j.value ->> 7
    FROM json_each(NEW.entries) j JOIN mq_feed f ON f.name = j.value ->> 0;
  UPDATE mq_feed SET (head, bytes) = (SELECT max(e.position), mq_feed.bytes + sum(e.size) FROM mq_entry e
      WHERE e.feed_id = mq_feed.feed_id AND e.position > mq_feed.head)
    WHERE name IN (SELECT j.value ->> 0 FROM json_each(NEW.entries) j);
  INSERT OR IGNORE INTO mq_category (feed_id, category_key, term, scheme, label)
    SELECT f.feed_id, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5
    FROM json_each(NEW.tags) j JOIN mq_feed f ON f.name = j.value ->> 0;
  INSERT OR IGNORE INTO mq_tag (feed_id, category_key, position)
    SELECT f.feed_id, j.value ->> 2, e.position
    FROM json_each(NEW.tags) j JOIN mq_feed f ON f.name = j.value ->> 0
      JOIN mq_entry e ON e.feed_id = f.feed_id AND e.entry_key = j.value ->> 1;
END`;
const APPEND = 'INSERT INTO mq_append (entries, tags) VALUES (?, ?)';

/** Result codes (https://sqlite.org/rescode.html) after which the same request may succeed later. */
const UNAVAILABLE = new Set([
  'SQLITE_BUSY',
  'SQLITE_LOCKED',
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_READONLY',
  'SQLITE_CANTOPEN',
  'SQLITE_NOMEM',
  'SQLITE_PROTOCOL',
  'SQLITE_CORRUPT',
  'SQLITE_NOTADB',
  'SQLITE_PERM',
]);

/** Opens a file (or `:memory:`), making it and its tables where there are none. */
export async function openSqlite(filename: string, options: OpenOptions): Promise<Database> {
  const writer = connect(filename, options);
  const reader = filename === ':memory:' ? writer : connect(filename, options);
  try {
    const reading: Connection = await reader.client.acquireConnection();
    // In memory there is one connection, so it must be free for writing as well.
    if (reader === writer) await writer.client.releaseConnection(reading);
    const version = Number((await schemaVersion(reading)) ?? 0);
    if (version < SCHEMA_VERSION) await upgrade(writer);
    if (version > SCHEMA_VERSION) {
      throw new Error(
        `The database ${filename} has schema version ${version}; this AtomMQ knows ${SCHEMA_VERSION} and less.`,
      );
    }
    return new Sqlite(writer, reader, reading);
  } catch (error) {
    await Promise.all([writer.destroy(), reader.destroy()]);
    throw error;
  }
}

class Sqlite implements Database {
  readonly #statements = new Map<Connection, Map<string, Statement>>();
  readonly #reader: Knex;
  readonly #reading: Connection;

  constructor(
    readonly writer: Knex,
    reader: Knex,
    reading: Connection,
  ) {
    this.#reader = reader;
    this.#reading = reading;
  }

  read<R>(sql: string, bindings: unknown[]): Promise<R[]> {
    const statement = this.#prepare(this.#reading, sql);
    return new Promise((resolve, reject) => {
      statement.all<R>(bindings, (error, rows) => (error ? reject(error) : resolve(rows)));
    });
  }

  async appendAtOnce(appends: Append[]): Promise<boolean> {
    const rows: unknown[] = [];
    const tags: unknown[] = [];
    for (const { feed, feedAtomId, entries } of appends) {
      for (const { key, atomId, digest, at, hasAuthor, xml, categories } of entries) {
        rows.push([feed, feedAtomId, key, atomId, digest, at, hasAuthor ? 1 : 0, xml]);
        if (categories.length === 0) continue;
        for (const [tag, { term, scheme, label }] of categoriesByKey(categories)) {
          tags.push([feed, key, tag, term, scheme, label]);
        }
      }
    }
    const bindings = [JSON.stringify(rows), tags.length === 0 ? null : JSON.stringify(tags)];
    const connection: Connection = await this.writer.client.acquireConnection();
    try {
      const statement = this.#prepare(connection, APPEND);
      await new Promise<void>((resolve, reject) => {
        statement.run(bindings, (error) => (error ? reject(error) : resolve()));
      });
      return true;
    } catch (error) {
      if (codeOf(error) === 'SQLITE_CONSTRAINT') return false;
      throw error;
    } finally {
      await this.writer.client.releaseConnection(connection);
    }
  }

  isUnavailable(error: unknown): boolean {
    const code = codeOf(error);
    return code !== undefined && UNAVAILABLE.has(code);
  }

  async close(): Promise<void> {
    for (const statements of this.#statements.values()) {
      for (const statement of statements.values()) await new Promise<void>((done) => statement.finalize(() => done()));
    }
    if (this.#reader !== this.writer) {
      await this.#reader.client.releaseConnection(this.#reading);
      await this.#reader.destroy();
    }
    await this.writer.destroy();
  }

  #prepare(connection: Connection, sql: string): Statement {
    let statements = this.#statements.get(connection);
    if (statements === undefined) {
      statements = new Map();
      this.#statements.set(connection, statements);
    }
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = connection.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  }
}

function connect(filename: string, { busyTimeout }: OpenOptions): Knex {
  const instance = knex({
    client: 'sqlite3',
    connection: { filename },
    useNullAsDefault: true,
    pool: {
      min: 1,
      max: 1,
      afterCreate: (connection: Connection, done: (error: Error | null) => void) => {
        setUp(connection, busyTimeout).then(() => done(null), done);
      },
    },
  });
  // A transaction that reads first and then writes cannot wait for a lock: its snapshot may be stale. So it locks at once.
  const client = instance.client as { transaction: (...args: unknown[]) => Beginner };
  const transaction = client.transaction;
  client.transaction = function (this: unknown, ...args) {
    const begun = transaction.apply(this, args);
    begun.begin = (connection) => begun.query(connection, 'BEGIN IMMEDIATE;');
    return begun;
  };
  return instance;
}

/** The part of Knex's transaction that says how it begins. */
interface Beginner {
  begin(connection: unknown): Promise<unknown>;
  query(connection: unknown, sql: string): Promise<unknown>;
}

async function setUp(connection: Connection, busyTimeout: number): Promise<void> {
  connection.configure('busyTimeout', busyTimeout * 1000);
  await execute(connection, 'PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864');
  const deadline = Date.now() + busyTimeout * 1000;
  for (;;) {
    try {
      // Kept in the file, so it is a change only once; while others open the same new file it does not wait, it fails.
      await execute(connection, 'PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (codeOf(error) !== 'SQLITE_BUSY' || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20));
    }
  }
}

async function schemaVersion(connection: Connection): Promise<string | undefined> {
  const one = (sql: string) =>
    new Promise<{ value: string } | undefined>((resolve, reject) => {
      connection.get<{ value: string }>(sql, (error, row) => (error ? reject(error) : resolve(row)));
    });
  const table = await one(`SELECT name AS value FROM sqlite_schema WHERE name = 'mq_meta'`);
  if (table === undefined) return undefined;
  return (await one(`SELECT value FROM mq_meta WHERE name = 'schema'`))?.value;
}

/** Makes the tables or brings them up to date, unless another process did while we waited for the lock. */
async function upgrade(writer: Knex): Promise<void> {
  await writer.transaction(async (trx) => {
    await migrate(trx);
    await trx.raw('DROP VIEW IF EXISTS mq_append');
    await trx.raw(APPEND_VIEW);
    await trx.raw(APPEND_TRIGGER);
  });
}

function execute(connection: Connection, sql: string): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.exec(sql, (error) => (error ? reject(error) : resolve()));
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
