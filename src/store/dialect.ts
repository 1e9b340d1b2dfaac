/** The kinds of databases, what each can do, and what the store asks of an open one. Nothing else asks for their names. */
import { createRequire } from 'node:module';
import type { Knex } from 'knex';
import type { Questions } from './questions.js';
import type { Append, DatabaseSettings } from './store.js';

/** What an error of a database means for whoever asked. Any other error says that we asked for nonsense. */
export type Trouble =
  /** Somebody else's transaction was in the way; nothing was stored, and the same may work at once. */
  | 'conflict'
  /** A row with this key is there already; nothing was stored. */
  | 'duplicate'
  /** The connection broke while it worked: nobody knows whether it was stored. */
  | 'lost'
  /** Nobody takes us in; nothing was stored. */
  | 'away'
  /** It is there and cannot do it now: locked, full, read-only. Nothing was stored. */
  | 'busy';

/** How a database wants what Knex's builder does not say the same for all. */
export interface ColumnTypes {
  /** A short text that is compared byte by byte, as SQL; undefined where Knex's own string is. */
  key?: ((length: number) => string) | undefined;
  /** A long text that is sorted byte by byte, as SQL. */
  text?: string | undefined;
  /** What every table is made with. */
  table?: ((table: Knex.CreateTableBuilder) => void) | undefined;
}

/** What one kind of database can do. */
export interface Dialect {
  columns: ColumnTypes;
  /** Feeds are locked one by one, so that those who publish to different feeds need not wait for one another. */
  rowLocks: boolean;
  /** Changes of tables are undone with their transaction; otherwise each must be safe to be made again. */
  transactionalDdl: boolean;
  /** Runs work in a transaction while nobody else who asks the same migrates; a crash leaves no lock behind. */
  exclusively<R>(knex: Knex, work: (trx: Knex.Transaction) => Promise<R>): Promise<R>;
  /** Whether an error says that a table, a column or an index is there already. */
  isThere(error: unknown): boolean;
  /** The append as one statement, if there is one. */
  append?: AppendStatement | undefined;
  trouble(error: unknown): Trouble | undefined;
}

/** The append as a statement that the database keeps: a view, a function, a procedure. */
export interface AppendStatement {
  /** The SQL that makes it, to be run in turn in place of what was there. */
  definition: string[];
  /** Whether an error of that SQL says that we may not make such things; then the builder appends. */
  isForbidden?(error: unknown): boolean;
}

/** An open database. */
export interface Database {
  readonly dialect: Dialect;
  /** It is reached over a network or a socket, so it can be away. */
  readonly isRemote: boolean;
  /** How many may write to different feeds at the same time. */
  readonly lanes: number;
  /** How many bytes of entries to append at once. */
  readonly flushBytes: number;
  /** For writing, through Knex. A transaction takes the write lock as it begins where there is one for all. */
  readonly writer: Knex;
  /** What is asked all the time; an answer has all that was committed before the question. */
  readonly questions: Questions;
  /**
   * Where the database can: all of these appends in one statement that is its own transaction.
   * @returns false when a constraint refused it and nothing was stored
   */
  appendAtOnce?(appends: Append[]): Promise<boolean>;
  /** How often to look for writes of others, in milliseconds: while there are some, and while there are none. */
  readonly pace: { busy: number; idle: number };
  /**
   * Where the database can: tells of writes of other processes, with the names of the feeds where it knows them.
   * @returns what ends it
   */
  watch?(onHint: (feeds?: string[]) => void): () => void;
  /** Where others are not told by the write itself: tells them that these feeds changed, with the commit if inside a transaction. */
  announce?(feeds: string[], trx?: Knex.Transaction): Promise<void>;
  close(): Promise<void>;
}

/** Bytes of entries to append at once, where the database has no lower limit: so that no commit takes long. */
export const FLUSH_BYTES = 8 * 1024 * 1024;

/** Options of opening that are not the database's own; all times in seconds. */
export interface OpenOptions {
  /** How long to wait for a lock that somebody else holds on a file. */
  busyTimeout: number;
  /** Most connections to a server. */
  poolSize: number;
  /** How long to wait for a connection. */
  connectTimeout: number;
  /** How long one statement may take before its connection is given up. */
  queryTimeout: number;
  /** Tables are neither made nor changed, whatever there is. */
  asIs?: boolean;
  /** Is told of what went wrong that nobody asked for, for the log. */
  onTrouble?: (error: Error) => void;
}

/** A kind of database: the package that speaks to it, and how it is opened. */
interface Kind {
  called: string;
  package: string;
  open(settings: DatabaseSettings, options: OpenOptions): Promise<Database>;
  /** What it says of itself, and what of that is not as it should be; undefined where nobody has tried. */
  inspect?(knex: Knex): Promise<Remark[]>;
}

/** What is said to an administrator of one thing. */
export interface Remark {
  /** What it is about, in a word or two. */
  name: string;
  level: 'ok' | 'warning' | 'problem';
  text: string;
  /** What to do about it. */
  fix?: string | undefined;
}

/** By Knex's name for it. What is not SQLite is loaded by those who use it alone. */
const KINDS: Record<string, Kind> = {
  sqlite3: {
    called: 'SQLite',
    package: 'sqlite3',
    open: async ({ connection }, options) => (await import('./sqlite.js')).openSqlite(nameOf(connection), options),
    inspect: async (knex) => (await import('./sqlite-inspect.js')).inspect(knex),
  },
  'better-sqlite3': {
    called: 'SQLite by better-sqlite3',
    package: 'better-sqlite3',
    open: async ({ connection }, options) =>
      (await import('./better-sqlite.js')).openBetterSqlite(nameOf(connection), options),
    inspect: async (knex) => (await import('./sqlite-inspect.js')).inspect(knex),
  },
  pg: {
    called: 'PostgreSQL',
    package: 'pg',
    open: async (settings, options) => (await import('./postgres.js')).openPostgres(settings, options),
    inspect: async (knex) => (await import('./postgres-inspect.js')).inspect(knex),
  },
  mysql2: {
    called: 'MySQL and MariaDB',
    package: 'mysql2',
    open: async (settings, options) => (await import('./mysql.js')).openMysql(settings, options),
    inspect: async (knex) => (await import('./mysql-inspect.js')).inspect(knex),
  },
  cockroachdb: {
    called: 'CockroachDB and YugabyteDB',
    package: 'pg',
    open: async (settings, options) => (await import('./portable.js')).openPortable(settings, options),
  },
  mssql: {
    called: 'SQL Server',
    package: 'tedious',
    open: async (settings, options) => (await import('./portable.js')).openPortable(settings, options),
  },
  oracledb: {
    called: 'Oracle',
    package: 'oracledb',
    open: async (settings, options) => (await import('./portable.js')).openPortable(settings, options),
  },
};

/**
 * Opens a database, making its tables where it has none.
 * @throws Error with one line for an administrator: a package that is missing, a database that is newer than we are
 */
export async function openDatabase(settings: DatabaseSettings, options: OpenOptions): Promise<Database> {
  const kind = Object.hasOwn(KINDS, settings.client) ? KINDS[settings.client] : undefined;
  if (kind === undefined) throw new Error(`AtomMQ cannot store in ${settings.client} databases.`);
  if (settings.client !== 'sqlite3') requirePackage(kind);
  return kind.open(settings, options);
}

/** What an open database says of its own settings, for an administrator. */
export async function inspectDatabase({ client }: DatabaseSettings, { writer }: Database): Promise<Remark[]> {
  const kind = KINDS[client];
  const remarks = await kind?.inspect?.(writer);
  if (remarks !== undefined) return remarks;
  const text = `nobody has looked yet at what ${kind?.called} can be set to`;
  return [
    { name: 'durability', level: 'warning', text, fix: 'See to it that a commit is on the disk when it is answered.' },
  ];
}

/** @throws Error that says how to install what is missing */
function requirePackage({ called, package: name }: Kind): void {
  try {
    createRequire(import.meta.url).resolve(name);
  } catch {
    throw new Error(`${called} needs the package ${name}, which is not installed: npm install ${name}`);
  }
}

function nameOf({ filename }: Record<string, unknown>): string {
  return String(filename);
}
