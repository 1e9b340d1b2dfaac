/** Composition: configuration, store, application; what a program embeds. */
import { makeApp } from './app.js';
import { type EntryDraft, writeDraft } from './atom/draft.js';
import { keyOfAtomId } from './atom/ids.js';
import { type EntryView, viewEntry } from './atom/object.js';
import type { OptionKey } from './config/options.js';
import { resolveSettings } from './config.js';
import { requestListener } from './gateway/http.js';
import type { AddressOptions } from './gateway/listener.js';
import { type App, HttpError, HttpRequest } from './http.js';
import { Live, type LiveOptions } from './live/live.js';
import { feedName } from './resource/address.js';
import type { Context, ResourceSettings } from './resource/context.js';
import { PageCache } from './resource/pages.js';
import { type FeedPolicy, Policies } from './resource/policy.js';
import { type Pruned, prune, RetentionTimer } from './retention.js';
import { type OpenOptions, openDatabase } from './store/dialect.js';
import { KnexStore, type StoreOptions } from './store/knex.js';
import { Publisher } from './store/publisher.js';
import type { DatabaseSettings } from './store/store.js';
import type { Subscription, Subscriptions } from './store/subscription.js';
import { type HubSettings, type OpenHub, openHub } from './websub/open.js';

export type { EntryDraft } from './atom/draft.js';
export type { EntryView } from './atom/object.js';
export { ConfigError } from './config.js';
export { type App, HttpError, HttpRequest, type HttpResponse } from './http.js';

/** What of the configuration makes a bus; the rest is for gateways. */
export interface BusSettings
  extends ResourceSettings,
    LiveOptions,
    HubSettings,
    Omit<OpenOptions, 'readOnly'>,
    StoreOptions {
  database: DatabaseSettings;
  /** Most bytes of rendered pages kept in memory. */
  cacheBytes: number;
  /** What holds for which feeds; the first rule that matches a name counts. */
  feeds: FeedPolicy[];
  /** Seconds between looks for entries beyond their limits. */
  pruneInterval: number;
  /** Whether to be a WebSub hub; undefined unless the process ends with its request. */
  websub?: boolean | undefined;
}

/** Most bytes of entries that may wait for the database before publishing is answered with 503. */
const QUEUE_BYTES = 64 * 1024 * 1024;

/** An open bus. */
export class AtomMQ {
  /** The application that gateways serve. */
  readonly app: App;
  readonly #context: Context;
  readonly #retention: RetentionTimer | undefined;
  readonly #hub: OpenHub | undefined;
  readonly #subscriptions: Subscriptions;

  private constructor(
    context: Context,
    onError: (error: unknown) => void,
    retention: RetentionTimer | undefined,
    hub: OpenHub | undefined,
    subscriptions: Subscriptions,
  ) {
    this.#context = context;
    this.#retention = retention;
    this.#hub = hub;
    this.#subscriptions = subscriptions;
    this.app = makeApp(context, onError);
  }

  /**
   * Opens a bus by settings that are resolved already.
   * @param options `runOnce`: the process ends soon, so nothing is done by and by
   */
  static async from(
    settings: BusSettings,
    onError: (error: unknown) => void = console.error,
    options: { runOnce?: boolean } = {},
  ): Promise<AtomMQ> {
    const { database, cacheBytes, pruneInterval } = settings;
    const store = new KnexStore(await openDatabase(database, settings), settings);
    const publisher = new Publisher(store, QUEUE_BYTES);
    const policies = new Policies(settings.feeds);
    const retention = options.runOnce ? undefined : new RetentionTimer(store, policies, pruneInterval, onError);
    const live = new Live(store, settings);
    const pages = new PageCache(cacheBytes);
    const context: Context = { store, publisher, pages, policies, live, settings };
    const delivers = options.runOnce !== true;
    const hub =
      (settings.websub ?? delivers)
        ? await openHub(context, store.subscriptions, settings, delivers, onError)
        : undefined;
    context.hub = hub?.answer;
    return new AtomMQ(context, onError, retention, hub, store.subscriptions);
  }

  /**
   * Opens a bus by options as `atommq` takes them, in camel case: `{ database: 'bus.db', pageSize: 50 }`.
   * @throws ConfigError for an option that cannot be used
   */
  static async open(options: Partial<Record<OptionKey, unknown>> = {}): Promise<AtomMQ> {
    return AtomMQ.from(resolveSettings({ set: options, flags: {}, env: {} }).settings);
  }

  /**
   * Publishes one entry.
   * @param entry an Atom entry as XML, or its parts
   * @throws HttpError as `POST` to the feed would answer
   */
  async publish(feed: string, entry: string | EntryDraft): Promise<EntryView> {
    const body = typeof entry === 'string' ? entry : writeDraft(entry);
    const { body: stored } = await this.#ask('POST', `/feed=${encodeURIComponent(feed)}`, '', body);
    return viewEntry(stored);
  }

  /**
   * Reads entries in order.
   * @param options `after`: the id of the last entry that was processed; `limit`: most entries
   * @throws HttpError as `GET` of the feed would answer: 404 for a feed that is not there, 400 for an unknown id
   */
  async read(feed: string, options: { after?: string; limit?: number } = {}): Promise<ReadPage> {
    const { store, settings } = this.#context;
    const held = await store.feed(feedName(feed));
    if (held === undefined) throw new HttpError(404, `There is no feed named ${JSON.stringify(feed)}.`);
    const from = options.after === undefined ? 0 : await store.position(held, keyOfAtomId(options.after));
    if (from === undefined) throw new HttpError(400, `The feed never held an entry with the id ${options.after}.`);
    const limit = Math.min(options.limit ?? settings.pageSize, settings.pageSize);
    const range = { from, descending: false, limit, bytes: settings.pageBytes };
    const rows = (await store.page(held.feedId, range)).filter(({ position }) => position <= held.head);
    return {
      entries: rows.filter(({ deleted }) => !deleted).map(({ xml }) => viewEntry(xml)),
      after: rows.at(-1)?.atomId ?? options.after,
      upToDate: (rows.at(-1)?.position ?? from) >= held.head,
    };
  }

  /** A listener that serves the bus in a Node HTTP server of your own. */
  listener(options: Partial<AddressOptions> = {}): ReturnType<typeof requestListener> {
    return requestListener(this.app, { mount: '/atommq', trustedProxies: [], trustRemoteUser: false, ...options });
  }

  /** Removes what is beyond the limits of feeds now; a bus that stays open does so by itself. */
  prune(onFeed?: (pruned: Pruned) => void): Promise<Pruned[]> {
    return prune(this.#context.store, this.#context.policies, onFeed);
  }

  /** The WebSub subscriptions that were confirmed and whose lease has not ended, those that were given up too. */
  async *subscriptions(): AsyncGenerator<SubscriptionView> {
    for (let after = ''; ; ) {
      const some = await this.#subscriptions.list(after, 500);
      for (const subscription of some) yield viewSubscription(subscription);
      if (some.length === 0) return;
      after = some.at(-1)!.id;
    }
  }

  async close(): Promise<void> {
    await this.#hub?.stop();
    this.#context.live.close();
    await this.#retention?.stop();
    await this.#context.store.close();
  }

  async #ask(method: string, path: string, search: string, body: string): Promise<{ body: string }> {
    const response = await this.app(
      new HttpRequest({
        method,
        base: 'urn:atommq',
        path,
        search,
        headers: {},
        body: (async function* () {
          yield Buffer.from(body);
        })(),
        nature: { runOnce: false, multiprocess: false },
      }),
    );
    const text = String(response.body ?? '');
    if (response.status >= 400) throw new HttpError(response.status, (JSON.parse(text) as { detail: string }).detail);
    return { body: text };
  }
}

/** A WebSub subscription for a program. */
export interface SubscriptionView {
  topic: string;
  /** May be known to its subscriber alone. */
  callback: string;
  state: 'active' | 'failing' | 'dead';
  since: Date;
  leaseUntil: Date;
  /** The position up to which everything has been delivered. */
  position: number;
  /** Deliveries that failed since the last that did not, and what was wrong with the latest. */
  failures: number;
  error: string | undefined;
}

function viewSubscription({ topic, callback, createdAt, leaseUntil, progress }: Subscription): SubscriptionView {
  const { position, failures, error, dead } = progress;
  const state = dead ? 'dead' : failures > 0 ? 'failing' : 'active';
  const times = { since: new Date(createdAt / 1000), leaseUntil: new Date(leaseUntil / 1000) };
  return { topic, callback, state, ...times, position, failures, error };
}

/** A page of entries for a program. */
export interface ReadPage {
  entries: EntryView[];
  /** The id to go on after. */
  after: string | undefined;
  /** There was nothing more. */
  upToDate: boolean;
}
