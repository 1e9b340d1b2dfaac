/** What is different between the packages that speak to SQLite, and the one that AtomMQ comes with. */
import type { Database as Connection } from 'sqlite3';
import { Statements } from './statements.js';

export interface SqliteDriver<Connection> {
  /** Knex's name for it. */
  readonly client: string;
  /** Runs statements without parameters. */
  execute(connection: Connection, sql: string): Promise<void>;
  /** Runs one statement, once. */
  first<R>(connection: Connection, sql: string): Promise<R | undefined>;
  /** The rows of a statement that is prepared once on each connection. */
  all<R>(connection: Connection, sql: string, bindings: unknown[]): Promise<R[]>;
  /** The same for a statement without rows. */
  run(connection: Connection, sql: string, bindings: unknown[]): Promise<void>;
  /** Lets prepared statements go, so that connections can be closed. */
  forget(): Promise<void>;
  /** Closes a connection of a pool, which then makes another one when it is next asked. */
  close(connection: Connection): Promise<void>;
}

/** What Knex knows a connection by that is of no use any more. */
export const DISPOSED = { __knex__disposed: 'It is closed.' };

/** The package `sqlite3`, which works in threads: no commit holds the process up. */
export function sqlite3(): SqliteDriver<Connection> {
  const statements = new Statements((connection: Connection, sql) => connection.prepare(sql));
  const forget = async (connection: Connection) => {
    for (const statement of statements.take(connection)) {
      await new Promise<void>((done) => statement.finalize(() => done()));
    }
  };
  return {
    client: 'sqlite3',
    execute: (connection, sql) =>
      new Promise((resolve, reject) => {
        connection.exec(sql, (error) => (error ? reject(error) : resolve()));
      }),
    first: <R>(connection: Connection, sql: string) =>
      new Promise<R | undefined>((resolve, reject) => {
        connection.get<R>(sql, (error, row) => (error ? reject(error) : resolve(row)));
      }),
    all: <R>(connection: Connection, sql: string, bindings: unknown[]) =>
      new Promise<R[]>((resolve, reject) => {
        statements.get(connection, sql).all<R>(bindings, (error, rows) => (error ? reject(error) : resolve(rows)));
      }),
    run: (connection, sql, bindings) =>
      new Promise((resolve, reject) => {
        statements.get(connection, sql).run(bindings, (error) => (error ? reject(error) : resolve()));
      }),
    async forget() {
      for (const connection of statements.connections) await forget(connection);
    },
    async close(connection) {
      await forget(connection);
      await new Promise<void>((resolve, reject) => {
        connection.close((error) => (error ? reject(error) : resolve()));
      });
      // The pool closes it once more.
      Object.assign(connection, DISPOSED, { close: (done: (error: null) => void) => done(null) });
    },
  };
}
