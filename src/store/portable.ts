/** CockroachDB, YugabyteDB, SQL Server and Oracle by nothing but Knex's builder. No test of ours has met one of them. */
import type { Knex } from 'knex';
import { type Database, type Dialect, FLUSH_BYTES, type OpenOptions, type Trouble } from './dialect.js';
import { migrate, readMarks, refuseNewer } from './migrate.js';
import { builtQuestions } from './portable-questions.js';
import { postgresTrouble } from './postgres.js';
import { type ClientClass, Pool, poolTrouble } from './server.js';
import type { DatabaseSettings } from './store.js';

/** What is different about one of them. */
interface Kind {
  /** Where Knex has it. */
  client(): Promise<{ default: ClientClass }>;
  /** Codes or numbers of "is there already". */
  there: (string | number)[];
  trouble(error: unknown): Trouble | undefined;
  setUp?(connection: Closable): Promise<void>;
}

/** SQL Server's error numbers, and codes of its driver. */
const MSSQL: Record<string, Trouble> = {
  ...{ 1205: 'conflict', 3960: 'conflict', 2627: 'duplicate', 2601: 'duplicate', 1222: 'busy', 1105: 'busy' },
  ...{ ESOCKET: 'lost', ECONNCLOSED: 'lost', ETIMEOUT: 'lost' },
};
/** Oracle's error numbers. */
const ORACLE: Record<string, Trouble> = {
  ...{ 60: 'conflict', 8177: 'conflict', 1: 'duplicate', 54: 'busy', 30006: 'busy', 1653: 'busy' },
  ...{ 28: 'lost', 1012: 'lost', 1089: 'lost', 3113: 'lost', 3114: 'lost', 3135: 'lost' },
};

const KINDS: Record<string, Kind> = {
  cockroachdb: {
    client: () => import('knex/lib/dialects/cockroachdb/index.js'),
    there: ['42P07', '42701', '42710'],
    trouble: postgresTrouble,
    // Its own numbers for rows are too long for a number of JavaScript's. YugabyteDB has no such setting, nor such numbers.
    setUp: async (connection) =>
      void (await connection.query?.(`SET serial_normalization = 'sql_sequence'`).catch(() => {})),
  },
  mssql: {
    client: () => import('knex/lib/dialects/mssql/index.js'),
    there: [2714, 2705, 1913, 1779],
    trouble: (error) => poolTrouble(error) ?? codesOf(error).flatMap((code) => MSSQL[code] ?? [])[0],
  },
  oracledb: {
    client: () => import('knex/lib/dialects/oracledb/index.js'),
    there: [955, 1430, 2260, 2261, 1408],
    trouble: (error) => poolTrouble(error) ?? codesOf(error).flatMap((code) => ORACLE[code] ?? [])[0],
  },
};

export function portableDialect(client: string): Dialect {
  const { there, trouble } = KINDS[client]!;
  return {
    columns: {},
    rowLocks: true,
    transactionalDdl: false,
    // Nobody is kept out: each statement may be run again, and what is there already is no error.
    exclusively: (knex, work) => knex.transaction(work),
    isThere: (error) => codesOf(error).some((code) => there.map(String).includes(code)),
    trouble,
  };
}

export async function openPortable(settings: DatabaseSettings, options: OpenOptions): Promise<Database> {
  const dialect = portableDialect(settings.client);
  const pool = new Pool<Closable>({
    client: (await KINDS[settings.client]!.client()).default,
    connection: settings.connection,
    options,
    setUp: async (connection) => KINDS[settings.client]!.setUp?.(connection),
    abort: (connection) => (connection.close ?? connection.end)?.call(connection),
  });
  try {
    refuseNewer(options.asIs ? await readMarks(pool.knex) : await migrate(pool.knex, dialect));
    return databaseOf(pool.knex, dialect, options.poolSize);
  } catch (error) {
    await pool.close();
    throw error;
  }
}

interface Closable {
  query?(sql: string): Promise<unknown>;
  close?(): void;
  end?(): void;
}

function databaseOf(knex: Knex, dialect: Dialect, poolSize: number): Database {
  return {
    dialect,
    isRemote: true,
    lanes: Math.max(1, poolSize - 1),
    flushBytes: FLUSH_BYTES,
    pace: { busy: 10, idle: 250 },
    writer: knex,
    questions: builtQuestions(knex),
    close: () => knex.destroy(),
  };
}

function codesOf(error: unknown): string[] {
  const { code, number, errorNum } = error as { code?: unknown; number?: unknown; errorNum?: unknown };
  return [code, number, errorNum].filter((one) => one !== undefined).map(String);
}
