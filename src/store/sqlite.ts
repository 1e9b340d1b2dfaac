/** SQLite: one connection that writes, one that reads, both in WAL mode, and the append as one statement. */
import type { Knex } from 'knex';
import { appendJson } from './append-json.js';
import { type Database, type Dialect, FLUSH_BYTES, type OpenOptions, type Trouble } from './dialect.js';
import { type Marks, migrate, refuseNewer, upToDate } from './migrate.js';
import { open } from './open.js';
import { sqlQuestions } from './questions.js';
import { APPEND, SQLITE_APPEND } from './sqlite-append.js';
import { type SqliteDriver, sqlite3 } from './sqlite-driver.js';
import { watchFile } from './sqlite-watch.js';
import type { Append } from './store.js';

/** Result codes (https://sqlite.org/rescode.html) after which the same request may succeed later. */
const BUSY = new Set([
  ...['SQLITE_BUSY', 'SQLITE_LOCKED', 'SQLITE_FULL', 'SQLITE_IOERR', 'SQLITE_READONLY', 'SQLITE_CANTOPEN'],
  ...['SQLITE_NOMEM', 'SQLITE_PROTOCOL', 'SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_PERM'],
]);

export const sqlite: Dialect = {
  columns: {},
  rowLocks: false,
  transactionalDdl: true,
  exclusively: (knex, work) => knex.transaction(work),
  isThere: () => false,
  append: { definition: SQLITE_APPEND },
  trouble(error): Trouble | undefined {
    const code = codeOf(error);
    if (code === undefined) return undefined;
    if (code === 'SQLITE_CONSTRAINT') return 'duplicate';
    return BUSY.has(code) ? 'busy' : undefined;
  },
};

/** Opens a file (or `:memory:`), making it and its tables where there are none. */
export function openSqlite(filename: string, options: OpenOptions): Promise<Database> {
  return openWith(sqlite3(), filename, options);
}

/** The same by any of the drivers. */
export async function openWith<Connection>(
  driver: SqliteDriver<Connection>,
  filename: string,
  options: OpenOptions,
): Promise<Database> {
  const writer = connect(driver, filename, options);
  const reader = filename === ':memory:' ? writer : connect(driver, filename, options);
  let reading: Connection | undefined;
  try {
    reading = (await reader.client.acquireConnection()) as Connection;
    // In memory there is one connection, so it must be free for writing as well.
    if (reader === writer) await writer.client.releaseConnection(reading);
    // Not through Knex: a CGI script does this for every request.
    const marks = await readMarks(driver, reading);
    refuseNewer(marks, filename);
    if (options.asIs !== true && !upToDate(marks, sqlite)) await migrate(writer, sqlite);
    return new Sqlite(driver, filename, writer, reader, reading);
  } catch (error) {
    if (reading !== undefined && reader !== writer) await reader.client.releaseConnection(reading);
    await Promise.all([writer.destroy(), reader.destroy()]);
    throw error;
  }
}

class Sqlite<Connection> implements Database {
  readonly dialect = sqlite;
  readonly isRemote = false;
  readonly lanes = 1;
  readonly flushBytes = FLUSH_BYTES;
  readonly questions;
  readonly pace = { busy: 1000, idle: 1000 };
  readonly #filename: string;
  readonly #driver: SqliteDriver<Connection>;
  readonly #reader: Knex;
  readonly #reading: Connection;

  constructor(
    driver: SqliteDriver<Connection>,
    filename: string,
    readonly writer: Knex,
    reader: Knex,
    reading: Connection,
  ) {
    this.#driver = driver;
    this.#filename = filename;
    this.#reader = reader;
    this.#reading = reading;
    this.questions = sqlQuestions((sql, bindings) => driver.all(reading, sql, bindings));
  }

  async appendAtOnce(appends: Append[]): Promise<boolean> {
    const { entries, tags, feeds } = appendJson(appends);
    const connection: Connection = await this.writer.client.acquireConnection();
    try {
      await this.#driver.run(connection, APPEND, [entries, tags, feeds]);
      return true;
    } catch (error) {
      if (sqlite.trouble(error) === 'duplicate') return false;
      throw error;
    } finally {
      await this.writer.client.releaseConnection(connection);
    }
  }

  watch(onHint: () => void): () => void {
    return watchFile(this.#filename, onHint);
  }

  async close(): Promise<void> {
    await this.#driver.forget();
    if (this.#reader !== this.writer) {
      await this.#reader.client.releaseConnection(this.#reading);
      await this.#reader.destroy();
    }
    await this.writer.destroy();
  }
}

function connect<Connection>(driver: SqliteDriver<Connection>, filename: string, { busyTimeout }: OpenOptions): Knex {
  const instance = open({
    client: driver.client,
    connection: { filename },
    useNullAsDefault: true,
    pool: {
      min: 1,
      max: 1,
      afterCreate: (connection: Connection, done: (error: Error | null) => void) => {
        setUp(driver, connection, busyTimeout).then(() => done(null), done);
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

async function setUp<Connection>(driver: SqliteDriver<Connection>, connection: Connection, busyTimeout: number) {
  await driver.execute(
    connection,
    `PRAGMA busy_timeout = ${busyTimeout * 1000}; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864`,
  );
  const deadline = Date.now() + busyTimeout * 1000;
  for (;;) {
    try {
      // Kept in the file, so it is a change only once; while others open the same new file it does not wait, it fails.
      await driver.execute(connection, 'PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (codeOf(error) !== 'SQLITE_BUSY' || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20));
    }
  }
}

async function readMarks<Connection>(driver: SqliteDriver<Connection>, connection: Connection): Promise<Marks> {
  const marks: Marks = { version: 0, append: '' };
  const table = await driver.first(connection, `SELECT name FROM sqlite_schema WHERE name = 'mq_meta'`);
  if (table === undefined) return marks;
  const row = await driver.first<{ version: string; append: string | null }>(
    connection,
    `SELECT value AS version, (SELECT value FROM mq_meta WHERE name = 'append') AS append
    FROM mq_meta WHERE name = 'schema'`,
  );
  return { version: Number(row?.version ?? 0), append: row?.append ?? '' };
}

/** The result code without what extends it. */
function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return code?.split('_', 2).join('_');
}
