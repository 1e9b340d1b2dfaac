/** The store on Knex: prepared questions for what is asked all the time, Knex's builder in transactions for the rest. */
import type { Knex } from 'knex';
import { keyOfAtomId, now } from '../atom/ids.js';
import type { Category, HeldEntry } from '../atom/model.js';
import { HttpError } from '../http.js';
import type { Observer } from '../observer.js';
import { appendOne, appendWithin } from './append.js';
import { Attempts } from './attempts.js';
import { deleteBlobs, writeUpload } from './blobs.js';
import { Changes } from './changes.js';
import { Circuit } from './circuit.js';
import type { Database } from './dialect.js';
import { KnexSubscriptions } from './knex-subscriptions.js';
import { Lru } from './lru.js';
import type { Questions } from './questions.js';
import type { Replica } from './replica.js';
import { clearSome, clearUploads, hashOfKey, pruneSome, REMOVED } from './retention.js';
import { changeMetadata, lockFeed, reviseOne } from './revise.js';
import { asFeed, asStored, type CategoryRow } from './rows.js';
import { SCHEMA_VERSION } from './schema.js';
import { Shared } from './shared.js';
import type {
  Append,
  Appended,
  EntryTime,
  Feed,
  FeedCategory,
  FeedHead,
  MetadataChange,
  Range,
  Retention,
  Revision,
  Store,
  StoredEntry,
} from './store.js';
import type { Subscriptions } from './subscription.js';
import type { Tokens } from './token.js';

/** Positions that are remembered: an id's position never changes. */
const POSITIONS = 100_000;
/** An upload that has got no entry for so long never will, in microseconds. */
const UPLOAD_LIFE = 24 * 3600 * 1e6;

/** So far may the clocks of two machines be apart, in microseconds. */
const MOST_SKEW = 3600 * 1e6;

/** How the store behaves beyond its database. */
export interface StoreOptions {
  /** How long a write is tried again when others are in the way, in seconds. */
  retryDeadline: number;
  /** Is told what the database could not do. */
  observer?: Observer | undefined;
}

/** A transaction of a program that has its own Knex on the same database. */
export type Transaction = Knex.Transaction;

export class KnexStore implements Store {
  /** What the WebSub hub keeps. */
  readonly subscriptions: Subscriptions = new KnexSubscriptions(
    (work) => this.#attempts.run(() => work(this.#database.writer)),
    (work) => this.#write(work),
  );
  #tokens: Tokens | undefined;
  readonly #database: Database;
  readonly #ask: Questions;
  readonly #attempts: Attempts;
  readonly #replica: Replica | undefined;
  readonly #feeds = new Shared<Feed | undefined>(async (name) => {
    const row = await this.#attempts.run(() => this.#ask.feed(name));
    const feed = row && asFeed(row);
    if (feed !== undefined) this.#replica?.saw(feed);
    return feed;
  });
  readonly #positions = new Lru<number>(POSITIONS);
  readonly #changes: Changes;

  constructor(database: Database, { retryDeadline, observer }: StoreOptions, replica?: Replica) {
    this.#database = database;
    this.#replica = replica;
    this.#ask = database.questions;
    this.#changes = new Changes(database);
    this.#attempts = new Attempts({
      trouble: (error) => database.dialect.trouble(error),
      patience: retryDeadline * 1000,
      circuit: database.isRemote ? new Circuit() : undefined,
      observer,
    });
  }

  get lanes(): number {
    return this.#database.lanes;
  }

  get flushBytes(): number {
    return this.#database.flushBytes;
  }

  feed(name: string): Promise<Feed | undefined> {
    return this.#feeds.get(name);
  }

  async feedsNamed(names: string[]): Promise<Feed[]> {
    const feeds = (await this.#attempts.run(() => this.#ask.feedsNamed(names))).map(asFeed);
    for (const feed of feeds) this.#replica?.saw(feed);
    return feeds;
  }

  get pace(): { busy: number; idle: number } {
    return this.#database.pace;
  }

  onChange(listener: (feeds?: string[]) => void): () => void {
    return this.#changes.listen(listener);
  }

  async feeds(): Promise<Feed[]> {
    return (await this.#attempts.run(() => this.#ask.feeds())).map(asFeed);
  }

  async heads(limit: number): Promise<FeedHead[]> {
    const rows = await this.#attempts.run(() => this.#ask.heads(limit));
    return rows.map(({ name, head, floor, bytes }) => ({
      name,
      head: Number(head),
      floor: Number(floor),
      bytes: Number(bytes),
    }));
  }

  async feedsAfter(after: string, holding: string, limit: number): Promise<Feed[]> {
    const pattern = `%${holding.replace(/[!%_]/g, '!$&')}%`;
    return (await this.#attempts.run(() => this.#ask.feedsAfter(after, pattern, limit))).map(asFeed);
  }

  async times(feedId: number, positions: number[]): Promise<EntryTime[]> {
    if (positions.length === 0) return [];
    const rows = await this.#attempts.run(() => this.#ask.times(feedId, positions));
    return rows.map((row) => ({ position: Number(row.position), publishedAt: Number(row.published_at) }));
  }

  async position({ feedId, floor }: Feed, key: string): Promise<number | undefined> {
    const cacheKey = `${feedId} ${key}`;
    const known = this.#positions.get(cacheKey);
    // One that retention removed may have been published anew.
    if (known !== undefined && known > floor) return known;
    const position = await this.#attempts.run(() => this.#ask.position(feedId, key));
    if (position !== undefined) this.#positions.set(cacheKey, position, 1);
    return position;
  }

  async page(feedId: number, range: Range): Promise<HeldEntry[]> {
    const there = await this.#replica?.page(feedId, range);
    const page = there ?? (await this.#attempts.run(() => this.#ask.page(feedId, range)));
    // Whoever is shown a page asks for what comes after its last entry; pages are read with one more than is shown.
    for (const { atomId, position } of page.slice(-2)) {
      this.#positions.set(`${feedId} ${keyOfAtomId(atomId)}`, position, 1);
    }
    return page;
  }

  async entry(feed: string, key: string): Promise<StoredEntry | undefined> {
    const row = await this.#attempts.run(() => this.#ask.entry(feed, key));
    return row && asStored(row);
  }

  async append(appends: Append[]): Promise<Appended[]> {
    const results = await this.#append(appends);
    this.#changes.tell([...new Set(appends.map(({ feed }) => feed))]);
    return results;
  }

  #append(appends: Append[]): Promise<Appended[]> {
    const plain = appends.filter(
      ({ expect, entries }) =>
        expect === undefined && entries.length > 0 && entries.every(({ media }) => media === undefined),
    );
    // Either there are expectations, or an id that is held already made the one statement fail: one by one, in one
    // transaction, in the order of their feeds, so that two processes cannot lock each other out.
    let rest = appends.slice().sort((a, b) => (a.feed < b.feed ? -1 : a.feed > b.feed ? 1 : 0));
    let tried = plain.length === 0 || this.#database.appendAtOnce === undefined;
    return this.#attempts.run(async (again) => {
      // Whether a statement stored what it was to store is for the builder to find out.
      if (!tried && !again) {
        const stored = await this.#database.appendAtOnce!(plain);
        if (stored) rest = plain.length === appends.length ? [] : rest.filter((append) => !plain.includes(append));
        tried = true;
      }
      const results = new Map<Append, Appended>();
      if (rest.length > 0) {
        await this.#database.writer.transaction(async (trx) => {
          for (const append of rest) results.set(append, await appendOne(trx, append, again));
        });
        this.#changes.announce(rest.map(({ feed }) => feed));
      }
      return appends.map((append) => results.get(append) ?? { kind: 'appended' });
    });
  }

  /**
   * Appends inside a transaction of the caller's, on the same database: stored when that is committed, and not otherwise.
   * Whoever waits is woken after the commit.
   */
  async appendWithin(trx: Transaction, append: Append): Promise<Appended> {
    const result = await appendWithin(trx, append, this.#database.dialect.rowLocks);
    if (result.kind === 'appended') await this.#changes.announceWith(trx, append.feed);
    return result;
  }

  async revise(revision: Revision): Promise<StoredEntry | undefined> {
    let done: StoredEntry | undefined;
    const revised = await this.#write(async (trx, again) => {
      done = await reviseOne(trx, revision, again ? done : undefined);
      return done;
    });
    this.#changed(revision.feed);
    return revised;
  }

  async setMetadata(change: MetadataChange): Promise<{ feed: Feed; created: boolean }> {
    let done: { feed: Feed; created: boolean } | undefined;
    const set = await this.#write(async (trx, again) => {
      done = await changeMetadata(trx, change, again ? done : undefined);
      return done;
    });
    this.#changed(change.feed);
    return set;
  }

  async removeFeed(name: string, check?: (current: Feed) => void): Promise<boolean> {
    let feed: number | undefined;
    await this.#write(async (trx, again) => {
      const held = await lockFeed(trx, name);
      // Gone, because this removed it and did not learn that it had.
      if (held === undefined && again) return;
      feed = held?.feed_id;
      if (held === undefined) return;
      check?.(asFeed(held));
      await trx('mq_feed')
        .where({ feed_id: held.feed_id })
        .update({ name: `${REMOVED}${held.feed_id}` });
    });
    if (feed === undefined) return false;
    this.#changed(name);
    await this.#clear(feed);
    return true;
  }

  async categories(feedId: number, limit: number): Promise<Category[]> {
    return (await this.#attempts.run(() => this.#ask.categories(feedId, limit))).map(asCategory);
  }

  async allCategories(limit: number): Promise<FeedCategory[]> {
    const rows = await this.#attempts.run(() => this.#ask.allCategories(limit));
    return rows.map((row) => ({ feedId: Number(row.feed_id), ...asCategory(row) }));
  }

  async terms(feedId: number, scheme: string, limit: number): Promise<string[]> {
    return (await this.#attempts.run(() => this.#ask.terms(feedId, scheme, limit))).map(({ term }) => term);
  }

  writeBlob(blobId: string, first: number, chunks: Buffer[]): Promise<void> {
    return this.#write((trx, again) => writeUpload(trx, blobId, first, chunks, again));
  }

  async readBlob(blobId: string, first: number, count: number): Promise<Buffer[]> {
    return (await this.#attempts.run(() => this.#ask.chunks(blobId, first, count))).map(({ data }) => data);
  }

  dropBlob(blobId: string): Promise<void> {
    return this.#write((trx) => deleteBlobs(trx, [blobId]));
  }

  prune(feedId: number, retention: Retention): Promise<number> {
    return this.#write((trx) => pruneSome(trx, feedId, retention));
  }

  wasRemoved(feedId: number, key: string): Promise<boolean> {
    return this.#attempts.run(() => this.#ask.wasRemoved(feedId, hashOfKey(key)));
  }

  async tidy(): Promise<void> {
    for (const { feed_id } of await this.#attempts.run(() => this.#ask.removed())) await this.#clear(feed_id);
    await this.#write((trx) => clearUploads(trx, now() - UPLOAD_LIFE));
  }

  lease(name: string, holder: string, seconds: number): Promise<boolean> {
    return this.#write(async (trx) => {
      const time = now();
      const until = time + seconds * 1e6;
      const [row] = await trx('mq_lease').where({ name }).forUpdate();
      if (row === undefined) await trx('mq_lease').insert({ name, holder, until });
      // One that lasts for longer than any is taken for was taken by a clock that was wrong.
      else if (row.holder !== holder && Number(row.until) > time && Number(row.until) < until + MOST_SKEW) return false;
      else await trx('mq_lease').where({ name }).update({ holder, until });
      return true;
    });
  }

  /** A feed was written to by statements of the builder. */
  #changed(feed: string): void {
    this.#changes.tell([feed]);
    this.#changes.announce([feed]);
  }

  /** The tokens that callers may show, which few processes ever ask for. */
  async tokens(): Promise<Tokens> {
    if (this.#tokens === undefined) {
      const { KnexTokens } = await import('./knex-tokens.js');
      this.#tokens = new KnexTokens(
        (work) => this.#attempts.run(() => work(this.#database.writer)),
        (work) => this.#write(work),
      );
    }
    return this.#tokens;
  }

  async ping(): Promise<void> {
    const version = await this.#attempts.run(() => this.#ask.schemaVersion());
    if (version === SCHEMA_VERSION) return;
    throw new HttpError(503, `The database has schema version ${version}; this AtomMQ needs ${SCHEMA_VERSION}.`);
  }

  async close(): Promise<void> {
    await this.#replica?.close();
    await this.#database.close();
  }

  async #clear(feedId: number): Promise<void> {
    while (await this.#write((trx) => clearSome(trx, feedId)));
  }

  #write<R>(work: (trx: Knex.Transaction, again: boolean) => Promise<R>): Promise<R> {
    return this.#attempts.run((again) => this.#database.writer.transaction((trx) => work(trx, again)));
  }
}

function asCategory({ term, scheme, label }: CategoryRow): Category {
  return { term, ...(scheme === null ? {} : { scheme }), ...(label === null ? {} : { label }) };
}
