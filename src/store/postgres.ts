/** PostgreSQL: kept connections with prepared statements, and the append as a function. */
import type { Knex } from 'knex';
import Client from 'knex/lib/dialects/postgres/index.js';
import type { ClientConfig, Client as Connection } from 'pg';
import { appendJson } from './append-json.js';
import { type Database, type Dialect, FLUSH_BYTES, type OpenOptions, type Trouble } from './dialect.js';
import { hasAppend, migrate, readMarks, refuseNewer } from './migrate.js';
import { POSTGRES_APPEND } from './postgres-append.js';
import { CHANNEL, listen } from './postgres-watch.js';
import { sqlQuestions } from './questions.js';
import { Pool, poolTrouble } from './server.js';
import type { Append, DatabaseSettings } from './store.js';

/** What the lock that migrations take is known by, among all that use advisory locks: "atommq" in ASCII. */
const MIGRATION_LOCK = '107126635553137';

/** What was the primary is a standby now. */
const READ_ONLY = '25006';

/** SQLSTATE codes (https://www.postgresql.org/docs/current/errcodes-appendix.html), or their classes, by what they mean. */
const TROUBLES: Record<string, Trouble> = {
  '40001': 'conflict',
  '40P01': 'conflict',
  '23505': 'duplicate',
  '08': 'lost',
  '57P01': 'lost',
  '57P02': 'lost',
  '57P05': 'lost',
  '25P03': 'lost',
  '57P03': 'away',
  '53': 'busy',
  '57014': 'busy',
  '55P03': 'busy',
  [READ_ONLY]: 'busy',
  '58': 'busy',
};

/** Codes of node-postgres and of sockets. */
const SOCKET = /^(E(CONN|PIPE|TIMEDOUT|HOST|NET|AI_|NOTFOUND)|ERR_STREAM|ERR_SOCKET)/;
/** node-postgres has no codes for a connection that ended before an answer came; Knex puts the statement before its words. */
const ENDED = /(Connection terminated( unexpectedly)?|is not queryable|write after end)$/;

export function postgresTrouble(error: unknown): Trouble | undefined {
  const known = poolTrouble(error);
  if (known !== undefined || !(error instanceof Error)) return known;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if ('severity' in error) return TROUBLES[code] ?? TROUBLES[code.slice(0, 2)];
  return SOCKET.test(code) || ENDED.test(error.message) ? 'lost' : undefined;
}

export const postgres: Dialect = {
  columns: { key: (length) => `varchar(${length}) COLLATE "C"`, text: 'text COLLATE "C"' },
  rowLocks: true,
  transactionalDdl: true,
  exclusively: (knex, work) =>
    knex.transaction(async (trx) => {
      // Let go by the end of the transaction, and so by the end of the process.
      await trx.raw('SELECT pg_advisory_xact_lock(?)', [MIGRATION_LOCK]);
      return work(trx);
    }),
  isThere: () => false,
  append: { definition: [POSTGRES_APPEND] },
  trouble: postgresTrouble,
};

/** Microseconds since 1970 and positions fit a number. */
const INT8 = 20;

export async function openPostgres({ connection }: DatabaseSettings, options: OpenOptions): Promise<Database> {
  const { types } = (await import('pg')).default;
  const config: ClientConfig = {
    connectionTimeoutMillis: options.connectTimeout * 1000,
    keepAlive: true,
    application_name: 'atommq',
    ...connection,
  };
  const pool = new Pool<Connection>({
    client: Client,
    connection: {
      ...config,
      types: {
        getTypeParser: (oid: number, format?: 'text') => (oid === INT8 ? Number : types.getTypeParser(oid, format)),
      },
    },
    options,
    setUp: (made) => setUp(made, options),
    isStale: (error) => error instanceof Error && 'code' in error && error.code === READ_ONLY,
    abort: breakOff,
  });
  try {
    await refuseEncoding(pool);
    const marks = options.asIs ? await readMarks(pool.knex) : await migrate(pool.knex, postgres);
    refuseNewer(marks);
    return new Postgres(pool, config, options.poolSize, hasAppend(marks, postgres));
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** @throws Error in one line when the database cannot hold all characters */
async function refuseEncoding({ knex }: Pool<Connection>): Promise<void> {
  const { rows } = (await knex.raw('SHOW server_encoding')) as { rows: { server_encoding: string }[] };
  const encoding = rows[0]?.server_encoding;
  if (encoding !== 'UTF8')
    throw new Error(`the database has the encoding ${encoding}; AtomMQ needs one made with UTF8`);
}

/**
 * Makes a session what the order promise and 201 need, whatever the server's defaults are.
 * @throws Error where we are to write and this is a standby: what it says of a feed's end may be old
 */
async function setUp(connection: Connection, { queryTimeout, asIs }: OpenOptions): Promise<void> {
  await connection.query(
    `SET default_transaction_isolation = 'read committed';
    SET statement_timeout = '${queryTimeout}s';
    SET idle_in_transaction_session_timeout = '${queryTimeout}s';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`,
  );
  if (asIs) return;
  // A proxy that has just started, or a name that has not moved yet, may lead here.
  const { rows } = await connection.query('SELECT pg_is_in_recovery() AS standby');
  if (rows[0]?.standby === true) throw new Error('the server is a standby, which takes no writes');
}

function breakOff(connection: Connection): void {
  (connection as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

class Postgres implements Database {
  readonly dialect = postgres;
  readonly isRemote = true;
  readonly questions = sqlQuestions((sql, bindings) => this.#read(sql, bindings));
  readonly appendAtOnce?: (appends: Append[]) => Promise<boolean>;
  /** Names and texts of prepared statements, by their SQL with question marks. */
  readonly #statements = new Map<string, { name: string; text: string }>();

  readonly lanes: number;
  readonly flushBytes = FLUSH_BYTES;
  readonly pace = { busy: 1000, idle: 1000 };
  readonly #config: ClientConfig;

  constructor(
    readonly pool: Pool<Connection>,
    config: ClientConfig,
    poolSize: number,
    canAppend: boolean,
  ) {
    this.#config = config;
    // One connection is left for those who read.
    this.lanes = Math.max(1, poolSize - 1);
    if (canAppend) this.appendAtOnce = (appends) => this.#append(appends);
  }

  get writer() {
    return this.pool.knex;
  }

  watch(onHint: (feeds?: string[]) => void): () => void {
    return listen(this.#config, onHint);
  }

  async announce(feeds: string[], trx?: Knex.Transaction): Promise<void> {
    const notify = `SELECT pg_notify('${CHANNEL}', ?)`;
    for (const feed of feeds) await (trx === undefined ? this.#read(notify, [feed]) : trx.raw(notify, [feed]));
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  async #read<R>(sql: string, values: unknown[]): Promise<R[]> {
    const statement = this.#prepare(sql);
    return (await this.pool.use((connection) => connection.query({ ...statement, values }))).rows as R[];
  }

  async #append(appends: Append[]): Promise<boolean> {
    const { entries, tags } = appendJson(appends);
    try {
      await this.#read('SELECT mq_append(?, ?)', [entries, tags]);
      return true;
    } catch (error) {
      if (postgresTrouble(error) === 'duplicate') return false;
      throw error;
    }
  }

  #prepare(sql: string): { name: string; text: string } {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      let number = 0;
      const text = sql.replace(/\?/g, () => {
        number += 1;
        return `$${number}`;
      });
      statement = { name: `mq_${this.#statements.size}`, text };
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
