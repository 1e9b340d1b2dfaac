/** SQLite: one connection that writes, one that reads, both in WAL mode, and the append as one statement. */
import type { Knex } from 'knex';
import { appendJson } from './append-json.js';
import { type Database, type Dialect, FLUSH_BYTES, type OpenOptions, type Trouble } from './dialect.js';
import { type Marks, migrate, refuseNewer, upToDate } from './migrate.js';
import { open } from './open.js';
import { type Questions, sqlQuestions } from './questions.js';
import { APPEND, SQLITE_APPEND } from './sqlite-append.js';
import { type SqliteDriver, sqlite3 } from './sqlite-driver.js';
import { packedPage } from './sqlite-page.js';
import { Wal } from './sqlite-wal.js';
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
    return new Sqlite({ driver, filename, options, reader, reading, isUtf8: marks.isUtf8 }, writer);
  } catch (error) {
    if (reading !== undefined && reader !== writer) await reader.client.releaseConnection(reading);
    await Promise.all([writer.destroy(), reader.destroy()]);
    throw error;
  }
}

/** What an open file consists of beside its writer. */
interface Parts<Connection> {
  driver: SqliteDriver<Connection>;
  filename: string;
  options: OpenOptions;
  reader: Knex;
  reading: Connection;
  /** Its texts are kept in UTF-8; by whoever made the file they may be in UTF-16. */
  isUtf8: boolean;
}

/** How often to look whether the log is still there, in milliseconds. */
const LOOK = 1000;

class Sqlite<Connection> implements Database {
  readonly dialect = sqlite;
  readonly isRemote = false;
  readonly lanes = 1;
  readonly flushBytes = FLUSH_BYTES;
  readonly questions: Questions;
  readonly pace = { busy: 1000, idle: 1000 };
  readonly #parts: Parts<Connection>;
  readonly #look: NodeJS.Timeout | undefined;
  #wal: Wal;
  #reopening: Promise<void> | undefined;

  constructor(
    parts: Parts<Connection>,
    readonly writer: Knex,
  ) {
    this.#parts = parts;
    const read = <R>(sql: string, bindings: unknown[]) => this.#all<R>(sql, bindings);
    this.questions = sqlQuestions(read);
    if (parts.isUtf8) this.questions.page = (feedId, range) => packedPage(read, feedId, range);
    this.#wal = new Wal(parts.filename);
    if (parts.reader === writer) return;
    this.#look = setInterval(() => {
      // What goes wrong is told, and tried again.
      if (this.#wal.isGone) this.#reopen().catch(() => {});
    }, LOOK).unref();
  }

  async appendAtOnce(appends: Append[]): Promise<boolean> {
    const { entries, tags, feeds } = appendJson(appends);
    const connection: Connection = await this.writer.client.acquireConnection();
    try {
      await this.#parts.driver.run(connection, APPEND, [entries, tags, feeds]);
    } catch (error) {
      if (sqlite.trouble(error) === 'duplicate') return false;
      throw error;
    } finally {
      await this.writer.client.releaseConnection(connection);
    }
    // Nobody is told that it is stored while a kill would lose it.
    if (this.#wal.isGone) await this.#reopen();
    return true;
  }

  watch(onHint: () => void): () => void {
    return watchFile(this.#parts.filename, onHint);
  }

  async close(): Promise<void> {
    clearInterval(this.#look);
    await this.#reopening?.catch(() => {});
    const { driver, reader, reading } = this.#parts;
    await driver.forget();
    if (reader !== this.writer) {
      await reader.client.releaseConnection(reading);
      await reader.destroy();
    }
    await this.writer.destroy();
  }

  async #all<R>(sql: string, bindings: unknown[]): Promise<R[]> {
    if (this.#reopening !== undefined) await this.#reopening.catch(() => {});
    return this.#parts.driver.all<R>(this.#parts.reading, sql, bindings);
  }

  /** Somebody removed the log: what it holds goes to the database, and all is opened anew, with a new log. */
  #reopen(): Promise<void> {
    this.#reopening ??= this.#takeAnew()
      .then(() => this.#tell('was removed while it was in use; nothing of it is lost'))
      .catch((error: unknown) => {
        this.#tell(`was removed while it was in use, and what it holds is not in the database yet: ${error}`);
        throw error;
      })
      .finally(() => {
        this.#reopening = undefined;
      });
    return this.#reopening;
  }

  async #takeAnew(): Promise<void> {
    const { driver, filename, options, reader, reading } = this.#parts;
    // Nobody of this process writes meanwhile, and questions wait.
    const writing: Connection = await this.writer.client.acquireConnection();
    try {
      const done = await driver.first<{ busy: number }>(writing, 'PRAGMA wal_checkpoint(TRUNCATE)');
      if (done?.busy !== 0) throw Object.assign(new Error('others hold the database'), { code: 'SQLITE_BUSY' });
      await driver.close(reading);
      await driver.close(writing);
      await letGo(driver, filename, options);
    } finally {
      await this.writer.client.releaseConnection(writing);
    }
    await reader.client.releaseConnection(reading);
    this.#parts.reading = (await reader.client.acquireConnection()) as Connection;
    await readMarks(driver, this.#parts.reading);
    this.#wal = new Wal(filename);
  }

  #tell(what: string): void {
    this.#parts.options.onTrouble?.(new Error(`the write-ahead log of ${this.#parts.filename} ${what}`));
  }
}

/**
 * Resolves when the last of all processes has let go of the log that was removed: two logs at once, each with writers,
 * would spoil the database. Whoever finds that he is alone may begin a new one, and who sees that one there may use it.
 */
async function letGo<Connection>(driver: SqliteDriver<Connection>, filename: string, options: OpenOptions) {
  const wal = new Wal(filename);
  // Some program that does not know of all this may have it open for as long as it likes.
  for (const deadline = Date.now() + options.busyTimeout * 1000; !wal.isThere && Date.now() < deadline; ) {
    const alone = connect(driver, filename, { ...options, busyTimeout: 0 }, 'PRAGMA locking_mode = EXCLUSIVE;');
    try {
      const connection = (await alone.client.acquireConnection()) as Connection;
      await alone.client.releaseConnection(connection);
      return;
    } catch (error) {
      if (codeOf(error) !== 'SQLITE_BUSY') throw error;
    } finally {
      await alone.destroy();
    }
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20));
  }
}

/** @param first what a connection is told before anything else */
function connect<Connection>(
  driver: SqliteDriver<Connection>,
  filename: string,
  { busyTimeout }: OpenOptions,
  first = '',
): Knex {
  const instance = open({
    client: driver.client,
    connection: { filename },
    useNullAsDefault: true,
    // What it would print is thrown as well.
    log: { warn() {}, error() {}, deprecate() {}, debug() {} },
    pool: {
      min: 1,
      max: 1,
      afterCreate: (connection: Connection, done: (error: Error | null) => void) => {
        setUp(driver, connection, busyTimeout, first).then(
          () => done(null),
          // The pool does not close what it has not got; it would keep its locks.
          (error) => driver.close(connection).finally(() => done(error)),
        );
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

async function setUp<Connection>(
  driver: SqliteDriver<Connection>,
  connection: Connection,
  busyTimeout: number,
  first: string,
) {
  await driver.execute(
    connection,
    `${first} PRAGMA busy_timeout = ${busyTimeout * 1000}; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864`,
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

async function readMarks<Connection>(
  driver: SqliteDriver<Connection>,
  connection: Connection,
): Promise<Marks & { isUtf8: boolean }> {
  const file = await driver.first<{ encoding: string; meta: string | null }>(
    connection,
    `SELECT encoding, (SELECT name FROM sqlite_schema WHERE name = 'mq_meta') AS meta FROM pragma_encoding`,
  );
  const isUtf8 = file?.encoding === 'UTF-8';
  if (!file?.meta) return { version: 0, append: '', isUtf8 };
  const row = await driver.first<{ version: string; append: string | null }>(
    connection,
    `SELECT value AS version, (SELECT value FROM mq_meta WHERE name = 'append') AS append
    FROM mq_meta WHERE name = 'schema'`,
  );
  return { version: Number(row?.version ?? 0), append: row?.append ?? '', isUtf8 };
}

/** The result code without what extends it. */
function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return code?.split('_', 2).join('_');
}
