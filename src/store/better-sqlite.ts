/** SQLite by the package `better-sqlite3`, which is faster for one client and lets the process wait for each commit. */
import type { Database, OpenOptions } from './dialect.js';
import { openWith } from './sqlite.js';
import { DISPOSED, type SqliteDriver } from './sqlite-driver.js';

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
  const kept = new WeakMap<Connection, Map<string, Statement>>();
  const prepare = (connection: Connection, sql: string): Statement => {
    let statements = kept.get(connection);
    if (statements === undefined) {
      statements = new Map();
      kept.set(connection, statements);
    }
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = connection.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
  return {
    client: 'better-sqlite3',
    execute: async (connection, sql) => connection.exec(sql),
    first: async <R>(connection: Connection, sql: string) => connection.prepare(sql).get() as R | undefined,
    all: async <R>(connection: Connection, sql: string, bindings: unknown[]) =>
      prepare(connection, sql).all(...bindings) as R[],
    run: async (connection, sql, bindings) => void prepare(connection, sql).run(...bindings),
    forget: async () => {},
    async close(connection) {
      connection.close();
      Object.assign(connection, DISPOSED);
    },
  };
}
