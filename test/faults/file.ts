/** An SQLite file as another program sees it. */
import { createRequire } from 'node:module';

/** What we use of better-sqlite3, which comes without types. */
interface Sqlite {
  exec(sql: string): void;
  prepare(sql: string): { all(): unknown[]; pluck(): { get(): unknown } };
  close(): void;
}

export class SqliteFile {
  readonly #open: Sqlite;

  /** @throws the driver's error when the file is no database */
  constructor(path: string) {
    const Driver = createRequire(import.meta.url)('better-sqlite3') as new (path: string) => Sqlite;
    this.#open = new Driver(path);
  }

  run(sql: string): void {
    this.#open.exec(sql);
  }

  all<R>(sql: string): R[] {
    return this.#open.prepare(sql).all() as R[];
  }

  /** The first column of the first row. */
  value(sql: string): unknown {
    return this.#open.prepare(sql).pluck().get();
  }

  close(): void {
    this.#open.close();
  }
}
