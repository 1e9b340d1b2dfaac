/** SQLite by the package `better-sqlite3`, which is faster for one client and lets the process wait for each commit. */
import type { Database, OpenOptions } from './dialect.js';
import { openWith } from './sqlite.js';
import { DISPOSED, type SqliteDriver } from './sqlite-driver.js';
import { Statements } from './statements.js';

/** What we use of the package, which comes without types. */
interface Connection {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}
interface Statement {
  all(...bindings: unknown[]): unknown[];
  run(...bindings: unknown[]): unknown;
  get(...bindings: unknown[]): unknown;
}

/** Opens a file as `openSqlite` does. */
export function openBetterSqlite(filename: string, options: OpenOptions): Promise<Database> {
  return openWith(driver(), filename, options);
}

function driver(): SqliteDriver<Connection> {
  const statements = new Statements((connection: Connection, sql) => connection.prepare(sql));
  return {
    client: 'better-sqlite3',
    execute: async (connection, sql) => connection.exec(sql),
    first: async <R>(connection: Connection, sql: string) => connection.prepare(sql).get() as R | undefined,
    all: async <R>(connection: Connection, sql: string, bindings: unknown[]) =>
      statements.get(connection, sql).all(...bindings) as R[],
    run: async (connection, sql, bindings) => void statements.get(connection, sql).run(...bindings),
    forget: async () => {},
    async close(connection) {
      statements.take(connection);
      connection.close();
      Object.assign(connection, DISPOSED);
    },
  };
}
