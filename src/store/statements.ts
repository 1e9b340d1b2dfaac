/** Prepared statements, made once on each connection. */

export class Statements<Connection extends object, Statement> {
  readonly #prepare: (connection: Connection, sql: string) => Statement;
  readonly #kept = new Map<Connection, Map<string, Statement>>();

  constructor(prepare: (connection: Connection, sql: string) => Statement) {
    this.#prepare = prepare;
  }

  get(connection: Connection, sql: string): Statement {
    let statements = this.#kept.get(connection);
    if (statements === undefined) {
      statements = new Map();
      this.#kept.set(connection, statements);
    }
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = this.#prepare(connection, sql);
      statements.set(sql, statement);
    }
    return statement;
  }

  /** The connections that have some. */
  get connections(): Connection[] {
    return [...this.#kept.keys()];
  }

  /** Those of a connection, which are not kept any more. */
  take(connection: Connection): Statement[] {
    const statements = [...(this.#kept.get(connection)?.values() ?? [])];
    this.#kept.delete(connection);
    return statements;
  }
}
