/** Composition: configuration, store, application; what a program embeds. */
import { makeApp, makeRefuse } from './app.js';
import { type EntryDraft, writeDraft } from './atom/draft.js';
import { onlyEntry, writeEntryDocument } from './atom/entry.js';
import { type EntryView, viewEntry } from './atom/object.js';
import { parseDocument } from './atom/parse.js';
import type { OptionKey } from './config/options.js';
import { resolveSettings } from './config.js';
import type { OnError } from './failure.js';
import { type FetchHandler, fetchHandler } from './gateway/fetch.js';
import { requestListener } from './gateway/http.js';
import type { AddressOptions, TransportLimits } from './gateway/listener.js';
import type { AccessLog, Recorder } from './guard/access-log.js';
import type { Metrics } from './guard/metrics.js';
import type { Siblings } from './guard/siblings.js';
import type { TokenDesk } from './guard/token-desk.js';
import { accessOf, type GuardSettings, type Guards, guardsOf } from './guards.js';
import { type App, HttpError, HttpRequest, type Refuse } from './http.js';
import { Live, type LiveOptions } from './live/live.js';
import { feedName } from './resource/address.js';
import type { Context, ResourceSettings } from './resource/context.js';
import { outcome } from './resource/created.js';
import { PageCache } from './resource/pages.js';
import { type FeedPolicy, Policies } from './resource/policy.js';
import { appendOf } from './resource/publish.js';
import { feedUrl } from './resource/service.js';
import { positionOf } from './resource/stretch.js';
import { type Pruned, prune, RetentionTimer } from './retention.js';
import { type OpenOptions, openDatabase } from './store/dialect.js';
import { KnexStore, type StoreOptions, type Transaction } from './store/knex.js';
import { Publisher } from './store/publisher.js';
import { Replica } from './store/replica.js';
import type { DatabaseSettings } from './store/store.js';
import { type ReadPage, type SubscriptionView, viewSubscription } from './views.js';
import { type HubSettings, type OpenHub, openHub } from './websub/open.js';

export type { AccessRule } from './access/access.js';
export type { Caller, Permission } from './access/caller.js';
export type { EntryDraft } from './atom/draft.js';
export type { EntryView } from './atom/object.js';
export { ConfigError } from './config.js';
export type { OnError } from './failure.js';
export { type App, HttpError, HttpRequest, type HttpResponse } from './http.js';
export type { ReadPage, SubscriptionView } from './views.js';

/** What of the configuration makes a bus; the rest is for gateways. */
export interface BusSettings
  extends ResourceSettings,
    LiveOptions,
    HubSettings,
    GuardSettings,
    Omit<OpenOptions, 'asIs' | 'onTrouble'>,
    StoreOptions {
  database: DatabaseSettings;
  /** A replica of it that pages are read from, as far as it has come. */
  databaseRead?: DatabaseSettings | undefined;
  /** Most bytes of rendered pages kept in memory. */
  cacheBytes: number;
  /** Most bytes of entries that may wait for the database before publishing is answered with 503. */
  maxQueueBytes: number;
  /** What holds for which feeds; the first rule that matches a name counts. */
  feeds: FeedPolicy[];
  /** Names that a listener of a program's own may be called by. */
  allowedHosts: string[];
  /** Seconds between looks for entries beyond their limits. */
  pruneInterval: number;
  /** Whether to keep metrics, and of how many feeds they tell how far these have come. */
  metrics?: boolean | undefined;
  metricsFeeds?: number | undefined;
  /** Where each request is recorded: `stdout`, `stderr`, a file, or `off`. */
  accessLog?: string | undefined;
  /** Whether to be a WebSub hub; undefined unless the process ends with its request. */
  websub?: boolean | undefined;
}

type GatewayOptions = AddressOptions & Partial<TransportLimits>;

/** What a bus is made of. */
interface Parts {
  context: Context;
  store: KnexStore;
  address: GatewayOptions;
  retention: RetentionTimer | undefined;
  hub: OpenHub | undefined;
  metrics: Metrics | undefined;
  accessLog: AccessLog | undefined;
  guards: Guards;
  refuse: Refuse;
}

/** An open bus. */
export class AtomMQ {
  /** The application that gateways serve, with its guards. */
  readonly app: App;
  /** What gateways answer where the address of a request is none that the application could be asked for. */
  readonly refuse: Refuse;
  /** The same without them, for the program itself. */
  readonly #own: App;
  /** What is counted, where it is. */
  readonly metrics: Metrics | undefined;
  readonly #context: Context;
  readonly #address: GatewayOptions;
  readonly #store: KnexStore;
  readonly #retention: RetentionTimer | undefined;
  readonly #hub: OpenHub | undefined;
  readonly #accessLog: AccessLog | undefined;
  #closed: Promise<void> | undefined;

  private constructor(parts: Parts, onError: OnError) {
    const { context, store, address, retention, hub, metrics, guards, refuse, accessLog } = parts;
    this.#context = context;
    this.#store = store;
    this.#address = address;
    this.#retention = retention;
    this.#hub = hub;
    this.metrics = metrics;
    this.#accessLog = accessLog;
    this.#own = makeApp(context, onError, refuse);
    this.app = guards.around(this.#own);
    this.refuse = guards.refuse;
  }

  /**
   * Opens a bus by settings that are resolved already.
   * @param options `runOnce`: the process ends soon, so nothing is done by and by, counted or recorded;
   *   `onRequest`: gets the record of each request where there is no access log of its own; `siblings`: the other
   *   processes that serve the same clients
   * @throws ConfigError for what can only be told by looking: files that are named, options that need others;
   *   CannotLog when the access log cannot be written to
   */
  static async from(
    settings: BusSettings & Partial<GatewayOptions>,
    onError: OnError = console.error,
    options: { runOnce?: boolean; onRequest?: Recorder | undefined; siblings?: Siblings | undefined } = {},
  ): Promise<AtomMQ> {
    const { database, databaseRead, cacheBytes, pruneInterval } = settings;
    const replica = databaseRead && new Replica(() => openDatabase(databaseRead, { ...settings, asIs: true }), onError);
    const accessLog = options.runOnce === true ? undefined : await accessLogAt(settings.accessLog);
    const metrics =
      settings.metrics === true && options.runOnce !== true
        ? new (await import('./guard/metrics.js')).Metrics(settings.metricsFeeds ?? 0)
        : undefined;
    const guards = await guardsOf(settings, {
      metrics,
      record: settings.accessLog === undefined ? options.onRequest : accessLog?.write,
      tokens: () => store.tokens(),
      onError,
      refuse: (request, error) => refuse(request, error),
      siblings: options.siblings,
      runOnce: options.runOnce === true,
    });
    const storeOptions = { ...settings, observer: metrics };
    const store = new KnexStore(
      await openDatabase(database, { ...settings, onTrouble: onError }),
      storeOptions,
      replica,
    );
    const publisher = new Publisher(store, settings.maxQueueBytes, metrics);
    const policies = new Policies(settings.feeds);
    const retention = options.runOnce ? undefined : new RetentionTimer(store, policies, pruneInterval, onError);
    const live = new Live(store, settings);
    const pages = new PageCache(cacheBytes);
    const { mount = '/atommq', baseUrl, trustedProxies = [], trustRemoteUser = false } = settings;
    const { allowedHosts } = settings;
    const allowsHost =
      allowedHosts.length === 0 ? undefined : (await import('./gateway/hosts.js')).hostRule({ allowedHosts, baseUrl });
    const address = { ...settings, mount, baseUrl, trustedProxies, trustRemoteUser, allowsHost };
    const access = await accessOf(settings);
    const context: Context = { store, publisher, pages, policies, live, settings, access };
    const refuse = makeRefuse(context, onError);
    const delivers = options.runOnce !== true;
    const hub =
      (settings.websub ?? delivers)
        ? await openHub(context, store.subscriptions, settings, delivers, onError, metrics)
        : undefined;
    context.hub = hub?.answer;
    context.metrics = metrics?.answer;
    metrics?.watch({ queue: () => publisher.queue, waiting: () => live, heads: (limit) => store.heads(limit) });
    return new AtomMQ({ context, store, address, retention, hub, metrics, accessLog, guards, refuse }, onError);
  }

  /**
   * Opens a bus by options as `atommq` takes them, in camel case: `{ database: 'bus.db', pageSize: 50 }`.
   * They count before `ATOMMQ_*` variables, and those before `config.yml`.
   * @param env the variables, where not all of the process's should count
   * @throws ConfigError for an option that cannot be used
   */
  static async open(
    options: Partial<Record<OptionKey, unknown>> = {},
    env: NodeJS.ProcessEnv = process.env,
  ): Promise<AtomMQ> {
    return AtomMQ.from(resolveSettings({ set: options, env }).settings);
  }

  /**
   * Publishes one entry.
   * @param entry an Atom entry as XML, or its parts
   * @param options `transaction`: one of your own Knex's on the same database; the entry is stored with its commit
   * @throws HttpError as `POST` to the feed would answer
   */
  async publish(
    feed: string,
    entry: string | EntryDraft,
    options: { transaction?: Transaction } = {},
  ): Promise<EntryView> {
    const body = typeof entry === 'string' ? entry : writeDraft(entry);
    if (options.transaction !== undefined) return this.#publishWithin(options.transaction, feed, body);
    const { body: stored } = await this.#ask('POST', `/feed=${encodeURIComponent(feed)}`, '', body);
    return viewEntry(stored);
  }

  async #publishWithin(transaction: Transaction, feed: string, body: string): Promise<EntryView> {
    this.#check();
    const document = parseDocument(body, this.#context.settings);
    onlyEntry(document);
    const append = appendOf(document, feedName(feed));
    const { held } = outcome(await this.#store.appendWithin(transaction, append), append);
    const url = feedUrl('urn:atommq', append.feed);
    return viewEntry(writeEntryDocument(held[0]!, url, this.#context.settings.author));
  }

  /**
   * Reads entries in order.
   * @param options `after`: the id of the last entry that was processed; `limit`: most entries
   * @throws HttpError as `GET` of the feed would answer: 404 for a feed that is not there, 400 for an unknown id
   */
  async read(feed: string, options: { after?: string; limit?: number } = {}): Promise<ReadPage> {
    this.#check();
    const { store, settings } = this.#context;
    const held = await store.feed(feedName(feed));
    if (held === undefined) throw new HttpError(404, `There is no feed named ${JSON.stringify(feed)}.`);
    const from = options.after === undefined ? held.floor : await positionOf(this.#context, held, options.after);
    if (options.limit !== undefined && !(Number.isInteger(options.limit) && options.limit > 0)) {
      throw new HttpError(400, `The limit ${options.limit} is not a whole number above 0.`);
    }
    const limit = Math.min(options.limit ?? settings.pageSize, settings.pageSize);
    const range = { from, descending: false, limit, bytes: settings.pageBytes };
    const rows = (await store.page(held.feedId, range)).filter(({ position }) => position <= held.head);
    return {
      entries: rows.filter(({ deleted }) => !deleted).map(({ xml }) => viewEntry(xml)),
      after: rows.at(-1)?.atomId ?? options.after,
      upToDate: (rows.at(-1)?.position ?? from) >= held.head,
    };
  }

  /** A listener that serves the bus in a Node HTTP server of your own, where it was opened for unless told otherwise. */
  listener(options: Partial<GatewayOptions> = {}): ReturnType<typeof requestListener> {
    return requestListener(this.app, { ...this.#address, refuse: this.refuse, ...options });
  }

  /**
   * Answers `Request`s of a server of your own, as Hono, Bun and Deno have them: `Bun.serve({ fetch: bus.fetch() })`.
   * Where it was opened for unless told otherwise.
   */
  fetch(options: Partial<AddressOptions> = {}): FetchHandler {
    return fetchHandler(this.app, { ...this.#address, refuse: this.refuse, ...options });
  }

  /** Removes what is beyond the limits of feeds now; a bus that stays open does so by itself. */
  prune(onFeed?: (pruned: Pruned) => void, onEntries?: (count: number) => void): Promise<Pruned[]> {
    this.#check();
    return prune(this.#context.store, this.#context.policies, onFeed, onEntries);
  }

  /** The WebSub subscriptions that were confirmed and whose lease has not ended, those that were given up too. */
  async *subscriptions(): AsyncGenerator<SubscriptionView> {
    for (let after = ''; ; ) {
      const some = await this.#store.subscriptions.list(after, 500);
      for (const subscription of some) yield viewSubscription(subscription);
      if (some.length === 0) return;
      after = some.at(-1)!.id;
    }
  }

  /** The tokens that callers may show: makes, lists and revokes them. */
  async tokens(): Promise<TokenDesk> {
    const { TokenDesk } = await import('./guard/token-desk.js');
    return new TokenDesk(await this.#store.tokens());
  }

  /** Ends it; once, however often it is called. */
  async close(): Promise<void> {
    this.#closed ??= this.#end();
    await this.#closed;
  }

  async #end(): Promise<void> {
    await this.#hub?.stop();
    this.#context.live.close();
    await this.#retention?.stop();
    await this.#context.store.close();
    this.#accessLog?.close();
  }

  /** Goes on in new files where those of logs were moved away. */
  reopenLogs(): void {
    this.#accessLog?.reopen();
  }

  #check(): void {
    if (this.#closed !== undefined) throw new HttpError(503, 'The bus is closed.');
  }

  async #ask(method: string, path: string, search: string, body: string): Promise<{ body: string }> {
    this.#check();
    const response = await this.#own(
      new HttpRequest({
        method,
        base: this.#address.baseUrl ?? 'urn:atommq',
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

async function accessLogAt(target: string | undefined): Promise<AccessLog | undefined> {
  if (target === undefined || target === 'off') return undefined;
  return (await import('./guard/access-log.js')).openAccessLog(target);
}
