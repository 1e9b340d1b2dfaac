/** Many rows into a table, in statements of bounded length. */
import type { Knex } from 'knex';

/** @param most rows of one statement: a statement takes a bounded number of bindings */
export async function insertAll(trx: Knex.Transaction, table: string, rows: object[], most: number): Promise<void> {
  for (let i = 0; i < rows.length; i += most) await trx(table).insert(rows.slice(i, i + most));
}
