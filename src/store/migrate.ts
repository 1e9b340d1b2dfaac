/** Brings a database to the schema of this program: forward, once, whoever else starts at the same time. */
import type { Knex } from 'knex';
import type { AppendStatement, Dialect } from './dialect.js';
import { MIGRATIONS, metaTable, SCHEMA_VERSION } from './schema.js';

/** What a database says of itself. */
export interface Marks {
  /** The version of its schema; 0 for a database without tables of ours. */
  version: number;
  /** Which text of the append statement it has; empty for none. */
  append: string;
}

/** Kept in place of the text's hash where we may not make statements. */
const FORBIDDEN = 'forbidden';

/** How often it is begun anew when others are in the way, and the first pause, in milliseconds. */
const TRIES = 20;
const PAUSE = 50;

/**
 * Makes tables and statements, or brings them up to date.
 * @returns what there is then
 * @throws Error in one line when the database is newer than this program
 */
export async function migrate(knex: Knex, dialect: Dialect): Promise<Marks> {
  const before = await readMarks(knex);
  refuseNewer(before);
  if (upToDate(before, dialect)) return before;
  for (let tries = 1; ; tries += 1) {
    try {
      return await bringUp(knex, dialect);
    } catch (error) {
      // The nodes of a cluster do not share the lock, so that others may be at it too: every step can be run again.
      const kind = dialect.trouble(error);
      const others = !dialect.transactionalDdl && (kind === 'conflict' || kind === 'duplicate');
      if (!others || tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * PAUSE * tries));
    }
  }
}

function bringUp(knex: Knex, dialect: Dialect): Promise<Marks> {
  return dialect.exclusively(knex, async (trx) => {
    // Somebody else may have done it while we waited.
    const found = await readMarks(trx);
    refuseNewer(found);
    if (upToDate(found, dialect)) return found;
    if (found.version === 0 && !(await trx.schema.hasTable('mq_meta'))) {
      await run(trx, dialect, metaTable(trx.schema, dialect.columns));
    }
    for (let version = found.version; version < SCHEMA_VERSION; version += 1) {
      await run(trx, dialect, MIGRATIONS[version]!(trx.schema, dialect.columns));
      await mark(trx, 'schema', String(version + 1));
    }
    if (dialect.append !== undefined) await mark(trx, 'append', await install(trx, dialect, dialect.append));
    return readMarks(trx);
  });
}

/** What {@link migrate} would run, statement by statement. */
export async function plan(knex: Knex, dialect: Dialect): Promise<string[]> {
  const marks = await readMarks(knex);
  refuseNewer(marks);
  if (upToDate(marks, dialect)) return [];
  const steps = [];
  if (marks.version === 0 && !(await knex.schema.hasTable('mq_meta'))) {
    steps.push(metaTable(knex.schema, dialect.columns));
  }
  for (const step of MIGRATIONS.slice(marks.version)) steps.push(step(knex.schema, dialect.columns));
  return [
    ...steps.flatMap((step) => statements(step).map(({ sql, bindings }) => knex.raw(sql, bindings).toString())),
    ...(dialect.append?.definition ?? []),
  ];
}

/** @throws Error in one line when a database is newer than this program */
export function refuseNewer({ version }: Marks, name = ''): void {
  if (version <= SCHEMA_VERSION) return;
  throw new Error(
    `The database ${name}${name && ' '}has schema version ${version}; this AtomMQ knows ${SCHEMA_VERSION} and less.`,
  );
}

/** @throws Error in one line when a database is older than this program, which must read it as it is */
export function refuseOlder({ version }: Marks, name: string): void {
  if (version === SCHEMA_VERSION) return;
  if (version === 0) throw new Error(`The database ${name} has no tables of AtomMQ; atommq migrate makes them.`);
  throw new Error(
    `The database ${name} has schema version ${version}, not ${SCHEMA_VERSION}; atommq migrate brings it up to date.`,
  );
}

/** Whether a database has the append as a statement that this program knows. */
export function hasAppend({ append }: Marks, dialect: Dialect): boolean {
  return dialect.append !== undefined && append === hashOf(dialect.append);
}

export async function readMarks(knex: Knex): Promise<Marks> {
  const marks: Marks = { version: 0, append: '' };
  if (!(await knex.schema.hasTable('mq_meta'))) return marks;
  const rows: { name: string; value: string }[] = await knex('mq_meta').select('name', 'value');
  for (const { name, value } of rows) {
    if (name === 'schema') marks.version = Number(value);
    if (name === 'append') marks.append = value;
  }
  return marks;
}

/** Whether there is nothing to do. */
export function upToDate(marks: Marks, dialect: Dialect): boolean {
  const { version, append } = marks;
  return (
    version === SCHEMA_VERSION &&
    (dialect.append === undefined || append === FORBIDDEN || append === hashOf(dialect.append))
  );
}

async function mark(trx: Knex.Transaction, name: string, value: string): Promise<void> {
  if ((await trx('mq_meta').where({ name }).update({ value })) === 0) await trx('mq_meta').insert({ name, value });
}

async function install(trx: Knex.Transaction, { isThere }: Dialect, append: AppendStatement): Promise<string> {
  try {
    for (const sql of append.definition) {
      await trx.raw(escaped(sql)).catch((error: unknown) => {
        // Made since we dropped it, by another node's process.
        if (!isThere(error)) throw error;
      });
    }
    return hashOf(append);
  } catch (error) {
    if (append.isForbidden?.(error) !== true) throw error;
    return FORBIDDEN;
  }
}

async function run(trx: Knex.Transaction, { transactionalDdl, isThere }: Dialect, step: Knex.SchemaBuilder) {
  if (transactionalDdl) return void (await step);
  // A process that ended in the middle of this step has left some of it.
  for (const { sql, bindings } of statements(step)) {
    try {
      await trx.raw(sql, bindings);
    } catch (error) {
      if (!isThere(error)) throw error;
    }
  }
}

function statements(step: Knex.SchemaBuilder): { sql: string; bindings: Knex.RawBinding[] }[] {
  return step.toSQL() as unknown as { sql: string; bindings: Knex.RawBinding[] }[];
}

/** Question marks that are not parameters. */
function escaped(sql: string): string {
  return sql.replaceAll('?', '\\?');
}

/** FNV-1a, which costs a CGI script no module: it tells one text of ours from the next. */
function hashOf({ definition }: AppendStatement): string {
  let sum = 0x811c9dc5;
  for (const sql of definition)
    for (let i = 0; i < sql.length; i += 1) sum = Math.imul(sum ^ sql.charCodeAt(i), 0x01000193);
  return (sum >>> 0).toString(16);
}
