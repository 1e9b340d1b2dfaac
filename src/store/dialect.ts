/** What the store asks of one kind of database beyond Knex's builder. */
import type { Knex } from 'knex';
import type { Append, DatabaseSettings } from './store.js';

export type Row = Record<string, unknown>;

/** An open database. */
export interface Database {
  /** For writing, through Knex. A transaction takes the write lock as it begins. */
  readonly writer: Knex;
  /** Runs one prepared statement on a connection for reading; it sees all that was committed before it began. */
  read<R>(sql: string, bindings: unknown[]): Promise<R[]>;
  /**
   * Where the database can: all of these appends in one statement that is its own transaction.
   * @returns false when a constraint refused it and nothing was stored
   */
  appendAtOnce?(appends: Append[]): Promise<boolean>;
  /** Whether an error says that the database cannot do it now, rather than that we asked for nonsense. */
  isUnavailable(error: unknown): boolean;
  close(): Promise<void>;
}

/** Options of opening that are not the database's own. */
export interface OpenOptions {
  /** How long to wait for a lock that somebody else holds, in seconds. */
  busyTimeout: number;
}

/** Opens a database, making its tables where it has none. */
export async function openDatabase(settings: DatabaseSettings, options: OpenOptions): Promise<Database> {
  switch (settings.client) {
    case 'sqlite3': {
      const { openSqlite } = await import('./sqlite.js');
      return openSqlite(String(settings.connection.filename), options);
    }
    default:
      throw new Error(`AtomMQ cannot store in ${settings.client} databases yet; SQLite is what it has.`);
  }
}
