/** Composition: configuration, store, application; what a program embeds. */
import { makeApp } from './app.js';
import type { App } from './http.js';
import type { Context, ResourceSettings } from './resource/context.js';
import { PageCache } from './resource/pages.js';
import { openDatabase } from './store/dialect.js';
import { KnexStore } from './store/knex.js';
import { Publisher } from './store/publisher.js';
import type { DatabaseSettings } from './store/store.js';

/** What of the configuration makes a bus; the rest is for gateways. */
export interface BusSettings extends ResourceSettings {
  database: DatabaseSettings;
  /** Most bytes of rendered pages kept in memory. */
  cacheBytes: number;
  /** How long to wait for a lock of SQLite's, in seconds. */
  busyTimeout: number;
}

/** Most bytes of entries that may wait for the database before publishing is answered with 503. */
const QUEUE_BYTES = 64 * 1024 * 1024;

/** An open bus. */
export class AtomMQ {
  /** The application that gateways serve. */
  readonly app: App;
  readonly #context: Context;

  private constructor(context: Context, onError: (error: unknown) => void) {
    this.#context = context;
    this.app = makeApp(context, onError);
  }

  /** Opens a bus by settings that are resolved already. */
  static async from(settings: BusSettings, onError: (error: unknown) => void = console.error): Promise<AtomMQ> {
    const { database, busyTimeout, cacheBytes } = settings;
    const store = new KnexStore(await openDatabase(database, { busyTimeout }));
    const publisher = new Publisher(store, QUEUE_BYTES);
    return new AtomMQ({ store, publisher, pages: new PageCache(cacheBytes), settings }, onError);
  }

  static async open(options: Record<string, unknown>): Promise<AtomMQ> {
    return AtomMQ.from({
      pageSize: 100,
      pageBytes: 4194304,
      maxEntryBytes: 4194304,
      title: 'AtomMQ',
      author: 'AtomMQ',
      cacheBytes: 64 * 1048576,
      busyTimeout: 10,
      ...options,
      database: { client: 'sqlite3', connection: { filename: String(options.database) } },
    });
  }

  async close(): Promise<void> {
    await this.#context.store.close();
  }
}
