/** MySQL and MariaDB: kept connections, and the append as a procedure. */
import type { Knex } from 'knex';
import Client from 'knex/lib/dialects/mysql2/index.js';
import type { Connection } from 'mysql2';
import { appendJson } from './append-json.js';
import { type Database, type Dialect, FLUSH_BYTES, type OpenOptions, type Trouble } from './dialect.js';
import { hasAppend, migrate, readMarks, refuseNewer } from './migrate.js';
import { mysqlAppend } from './mysql-append.js';
import { sqlQuestions } from './questions.js';
import { Pool, poolTrouble } from './server.js';
import type { Append, DatabaseSettings } from './store.js';

/** Error numbers (https://mariadb.com/kb/en/mariadb-error-code-reference/) by what they mean. */
const TROUBLES: Record<number, Trouble> = {
  // Deadlock, and in a cluster that another node's transaction was first; lock wait timeout; record or table changed.
  ...{ 1213: 'conflict', 1205: 'conflict', 1020: 'conflict', 1412: 'conflict' },
  // No such procedure: in a cluster another process that starts may be making it anew.
  1305: 'conflict',
  ...{ 1062: 'duplicate', 1022: 'duplicate', 1586: 'duplicate' },
  // The server or the connection is being ended.
  ...{ 1053: 'lost', 1077: 'lost', 1927: 'lost', 4031: 'lost', 2006: 'lost', 2013: 'lost' },
  // A commit went wrong: a node that was cut off from its cluster in the middle of one does not know what became of it.
  1180: 'lost',
  // Too many connections; a node of a cluster that has no quorum or is joining.
  ...{ 1040: 'away', 1203: 'away', 1047: 'away' },
  // Interrupted, out of time, read-only, full, out of memory.
  ...{ 1317: 'busy', 1969: 'busy', 3024: 'busy', 1290: 'busy', 1792: 'busy', 1836: 'busy' },
  ...{ 1021: 'busy', 1114: 'busy', 1037: 'busy', 1038: 'busy', 1041: 'busy', 1030: 'busy' },
};

/** Read-only, or a node that its cluster has left. */
const STALE = new Set([1290, 1792, 1836, 1047]);
/** "There is already": a table, a column, an index, a primary key, a procedure. */
const THERE = new Set([1050, 1060, 1061, 1068, 1304]);
/** No privilege to make, alter or run procedures; or, to make them, no JSON_TABLE (a syntax error). */
const FORBIDDEN = new Set([1044, 1142, 1227, 1370, 1419, 1064]);
/** GET_LOCK in a Galera cluster: each statement of a step goes through the cluster in one order there anyway. */
const NO_LOCKS = 1235;

function numberOf(error: unknown): number | undefined {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? error.errno : undefined;
}

export function mysqlTrouble(error: unknown): Trouble | undefined {
  const known = poolTrouble(error) ?? TROUBLES[numberOf(error) ?? 0];
  if (known !== undefined || !(error instanceof Error)) return known;
  // The driver's own: the connection ended, or cannot be used after it did.
  return 'fatal' in error && error.fatal === true ? 'lost' : undefined;
}

function dialect(collation: string): Dialect {
  return {
    columns: {
      table: (table) => {
        table.engine('InnoDB');
        table.charset('utf8mb4');
        table.collate(collation);
      },
    },
    rowLocks: true,
    transactionalDdl: false,
    exclusively: (knex, work) => knex.transaction((trx) => exclusively(trx, work)),
    isThere: (error) => THERE.has(numberOf(error) ?? 0),
    append: {
      definition: mysqlAppend(collation),
      isForbidden: (error) => FORBIDDEN.has(numberOf(error) ?? 0),
    },
    trouble: mysqlTrouble,
  };
}

/** The lock is the connection's, not the transaction's, and goes with it: with the process at the latest. */
async function exclusively<R>(trx: Knex.Transaction, work: (trx: Knex.Transaction) => Promise<R>): Promise<R> {
  const name = `concat('atommq ', sha1(database()))`;
  let locked = true;
  try {
    const [[row]] = (await trx.raw(`SELECT GET_LOCK(${name}, 60) AS locked`)) as [{ locked: number }[]];
    if (row?.locked !== 1) throw new Error('another process has been migrating the database for a minute');
  } catch (error) {
    if (numberOf(error) !== NO_LOCKS) throw error;
    locked = false;
  }
  try {
    return await work(trx);
  } finally {
    if (locked) await trx.raw(`DO RELEASE_LOCK(${name})`);
  }
}

export async function openMysql({ connection }: DatabaseSettings, options: OpenOptions): Promise<Database> {
  const pool = new Pool<Connection>({
    client: Client,
    connection: {
      connectTimeout: options.connectTimeout * 1000,
      charset: 'utf8mb4',
      ...connection,
    },
    options,
    setUp: (made) => setUp(made, options),
    isStale: (error) => STALE.has(numberOf(error) ?? 0),
    abort: breakOff,
  });
  try {
    const { collation, packet } = await askServer(pool);
    const mysql = dialect(collation);
    const marks = options.asIs ? await readMarks(pool.knex) : await migrate(pool.knex, mysql);
    refuseNewer(marks);
    return new Mysql(pool, mysql, {
      poolSize: options.poolSize,
      canAppend: hasAppend(marks, mysql),
      // What is a unit of a string here may be three bytes there, or an escaped character.
      flushBytes: Math.min(FLUSH_BYTES, Math.floor(packet / 4)),
    });
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** What of a server's own settings matters: a collation that compares bytes and spaces at the end, its longest packet. */
async function askServer(pool: Pool<Connection>): Promise<{ collation: string; packet: number }> {
  // MariaDB and MySQL have different names for that collation.
  const [rows] = (await pool.knex.raw(
    `SELECT @@max_allowed_packet AS packet, (SELECT max(collation_name) FROM information_schema.collations
      WHERE collation_name IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin')) AS collation`,
  )) as [{ collation: string | null; packet: number }[]];
  return { collation: rows[0]!.collation ?? 'utf8mb4_bin', packet: Number(rows[0]!.packet) };
}

/** Makes a session what the order promise needs, whatever the server's defaults are. */
async function setUp(connection: Connection, { queryTimeout }: OpenOptions): Promise<void> {
  await run(connection, 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED', []);
  const mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION';
  await run(connection, `SET SESSION sql_mode = '${mode}', innodb_lock_wait_timeout = ${queryTimeout}`, []);
  // In a Galera cluster: whoever asks this node sees what was committed on another before.
  await run(connection, 'SET SESSION wsrep_sync_wait = 1', []).catch(() => {});
}

function run<R>(connection: Connection, sql: string, values: unknown[]): Promise<R> {
  return new Promise((resolve, reject) => {
    connection.query(sql, values, (error, rows) => (error ? reject(error) : resolve(rows as R)));
  });
}

function execute(connection: Connection, sql: string, values: (string | null)[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    connection.execute(sql, values, (error, rows) => (error ? reject(error) : resolve(rows)));
  });
}

function breakOff(connection: Connection): void {
  const { stream } = connection as unknown as { stream: { destroy(error: Error): void } };
  stream.destroy(Object.assign(new Error('The database took too long.'), { code: 'ETIMEDOUT' }));
}

class Mysql implements Database {
  readonly isRemote = true;
  /** The text protocol: MySQL takes no number from its driver for a prepared LIMIT. */
  readonly questions = sqlQuestions((sql, bindings) => this.pool.use((connection) => run(connection, sql, bindings)));
  readonly appendAtOnce?: (appends: Append[]) => Promise<boolean>;
  readonly lanes: number;
  readonly flushBytes: number;
  /** Nothing tells of what others write, so those who wait look. */
  readonly pace = { busy: 10, idle: 250 };

  constructor(
    readonly pool: Pool<Connection>,
    readonly dialect: Dialect,
    { poolSize, canAppend, flushBytes }: { poolSize: number; canAppend: boolean; flushBytes: number },
  ) {
    // One connection is left for those who read.
    this.lanes = Math.max(1, poolSize - 1);
    this.flushBytes = flushBytes;
    if (canAppend) this.appendAtOnce = (appends) => this.#append(appends);
  }

  get writer() {
    return this.pool.knex;
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  async #append(appends: Append[]): Promise<boolean> {
    const { entries, tags } = appendJson(appends);
    try {
      await this.pool.use((connection) => execute(connection, 'CALL mq_publish(?, ?)', [entries, tags]));
      return true;
    } catch (error) {
      if (mysqlTrouble(error) === 'duplicate') return false;
      throw error;
    }
  }
}
