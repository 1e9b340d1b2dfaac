/** What databases that are servers have in common: a pool of connections, and an end to waiting. */
import type { Knex } from 'knex';
import type { OpenOptions, Trouble } from './dialect.js';
import { open } from './open.js';

/** The parts of Knex's clients that we build on. */
export interface Client<Connection = object> {
  acquireRawConnection(): Promise<Connection>;
  acquireConnection(): Promise<Connection>;
  releaseConnection(connection: Connection): Promise<void>;
  _query(connection: Connection, query: unknown): Promise<unknown>;
}
export type ClientClass = new (config: Knex.Config) => Client;

/** A connection could not be made: whatever was asked for, nothing came of it. */
export class CannotConnect extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message || String((cause as { code?: unknown }).code) : String(cause), {
      cause,
    });
    this.name = 'CannotConnect';
  }
}

/** What is the same for all drivers; undefined where the driver's own codes decide. */
export function poolTrouble(error: unknown): Trouble | undefined {
  if (error instanceof CannotConnect) return 'away';
  // All connections are taken, and none came back in time.
  return error instanceof Error && error.name === 'KnexTimeoutError' ? 'busy' : undefined;
}

export interface PoolSettings<Connection> {
  client: ClientClass;
  connection: Record<string, unknown>;
  options: OpenOptions;
  /** Prepares a connection that was just made. */
  setUp(connection: Connection): Promise<void>;
  /** Whether an error says that this server no longer takes writes: the next connection may get to one that does. */
  isStale?(error: unknown): boolean;
  /** Breaks a connection, so that whatever waits for it fails at once. */
  abort(connection: Connection): void;
}

/** What a server has over its own limit to say that a statement took too long, in milliseconds. */
const GRACE = 2000;

/** A pool of connections behind Knex. A statement that takes longer than `queryTimeout` costs it its connection. */
export class Pool<Connection extends object> {
  readonly knex: Knex;
  readonly #client: Client<Connection>;
  readonly #watch: <R>(connection: Connection, work: () => Promise<R>) => Promise<R>;

  constructor({ client: Base, connection, options, setUp, isStale, abort }: PoolSettings<Connection>) {
    const { poolSize, connectTimeout, queryTimeout } = options;
    const watch = async <R>(taken: Connection, work: () => Promise<R>): Promise<R> => {
      // A server that hangs says nothing, and neither does a network that was cut. One that works ends the statement first.
      const timer = setTimeout(() => abort(taken), queryTimeout * 1000 + GRACE);
      try {
        return await work();
      } catch (error) {
        if (isStale?.(error) === true) abort(taken);
        throw error;
      } finally {
        clearTimeout(timer);
      }
    };
    this.#watch = watch;
    class Watched extends Base {
      override async acquireRawConnection(): Promise<object> {
        try {
          return await super.acquireRawConnection();
        } catch (error) {
          throw new CannotConnect(error);
        }
      }

      override _query(taken: object, query: unknown): Promise<unknown> {
        return watch(taken as Connection, () => super._query(taken, query));
      }
    }
    this.knex = open({
      client: Watched,
      connection: connection as Knex.StaticConnectionConfig,
      // What it would print is thrown as well.
      log: { warn() {}, error() {}, deprecate() {}, debug() {} },
      acquireConnectionTimeout: (connectTimeout + queryTimeout) * 1000,
      pool: {
        min: 0,
        max: poolSize,
        createTimeoutMillis: connectTimeout * 1000,
        afterCreate: (made: Connection, done: (error: Error | null, connection: Connection) => void) => {
          watch(made, () => setUp(made)).then(
            () => done(null, made),
            (error) => done(new CannotConnect(error), made),
          );
        },
      },
    });
    this.#client = this.knex.client as Client<Connection>;
  }

  /** Lends a connection to work that is one statement. */
  async use<R>(work: (connection: Connection) => Promise<R>): Promise<R> {
    const connection = await this.#client.acquireConnection();
    try {
      return await this.#watch(connection, () => work(connection));
    } finally {
      await this.#client.releaseConnection(connection);
    }
  }

  close(): Promise<void> {
    return this.knex.destroy();
  }
}
