/** The store on Knex: prepared questions for what is asked all the time, Knex's builder in transactions for the rest. */
import type { Knex } from 'knex';
import { now } from '../atom/ids.js';
import type { Category, HeldEntry } from '../atom/model.js';
import { appendOne } from './append.js';
import { deleteBlobs, writeUpload } from './blobs.js';
import type { Database } from './dialect.js';
import { Lru } from './lru.js';
import { clearSome, clearUploads, hashOfKey, pruneSome, REMOVED } from './retention.js';
import { changeMetadata, lockFeed, reviseOne } from './revise.js';
import { asFeed, asHeld, asStored, type CategoryRow, type EntryRow, type FeedRow, type HeldRow } from './rows.js';
import { Shared } from './shared.js';
import {
  type Append,
  type Appended,
  type Feed,
  type FeedCategory,
  type MetadataChange,
  type Range,
  type Retention,
  type Revision,
  type Store,
  type StoredEntry,
  StoreUnavailable,
} from './store.js';

const FEED = 'SELECT * FROM mq_feed WHERE name = ?';
const FEEDS = `SELECT * FROM mq_feed WHERE name NOT LIKE '${REMOVED}%' ORDER BY name`;
const POSITION = 'SELECT position FROM mq_entry WHERE feed_id = ? AND entry_key = ?';
const ENTRY = `SELECT e.* FROM mq_entry e JOIN mq_feed f ON f.feed_id = e.feed_id WHERE f.name = ? AND e.entry_key = ?`;
const CATEGORIES = `SELECT c.feed_id, c.term, c.scheme, c.label FROM mq_category c WHERE c.feed_id = ?
  AND EXISTS (SELECT 1 FROM mq_tag t WHERE t.feed_id = c.feed_id AND t.category_key = c.category_key)
  ORDER BY c.scheme, c.term LIMIT ?`;
const ALL_CATEGORIES = `SELECT feed_id, term, scheme, label FROM (
    SELECT c.*, row_number() OVER (PARTITION BY c.feed_id ORDER BY c.scheme, c.term) AS n FROM mq_category c
    WHERE EXISTS (SELECT 1 FROM mq_tag t WHERE t.feed_id = c.feed_id AND t.category_key = c.category_key)) numbered
  WHERE n <= ? ORDER BY feed_id, n`;
const WAS_REMOVED = 'SELECT feed_id FROM mq_removed WHERE feed_id = ? AND key_hash = ?';
const CHUNKS = 'SELECT data FROM mq_blob WHERE blob_id = ? AND seq >= ? AND seq < ? ORDER BY seq';

/** A page; the sizes are summed before any content is read, so that a page of large entries is not read only to be cut. */
function pageSql(descending: boolean): string {
  const [beyond, order] = descending ? ['<', 'DESC'] : ['>', 'ASC'];
  return `SELECT e.position, e.atom_id, e.edited_at, e.has_author, e.deleted, e.media_type, e.media_size, e.xml
    FROM (SELECT s.feed_id, s.position, s.size, sum(s.size) OVER (ORDER BY s.position ${order}) AS total
      FROM (SELECT feed_id, position, size FROM mq_entry
        WHERE feed_id = ? AND position ${beyond} ? ORDER BY position ${order} LIMIT ?) s) t
    JOIN mq_entry e ON e.feed_id = t.feed_id AND e.position = t.position
    WHERE (t.total <= ? OR t.total = t.size) AND e.feed_id = ? ORDER BY e.position ${order}`;
}

/** Positions that are remembered: an id's position never changes. */
const POSITIONS = 100_000;
/** An upload that has got no entry for so long never will, in microseconds. */
const UPLOAD_LIFE = 24 * 3600 * 1e6;

export class KnexStore implements Store {
  readonly #database: Database;
  readonly #feeds = new Shared<Feed | undefined>(async (name) => {
    const [row] = await this.#read<FeedRow>(FEED, [name]);
    return row && asFeed(row);
  });
  readonly #positions = new Lru<number>(POSITIONS);

  constructor(database: Database) {
    this.#database = database;
  }

  feed(name: string): Promise<Feed | undefined> {
    return this.#feeds.get(name);
  }

  async feeds(): Promise<Feed[]> {
    return (await this.#read<FeedRow>(FEEDS, [])).map(asFeed);
  }

  async position({ feedId, floor }: Feed, key: string): Promise<number | undefined> {
    const cacheKey = `${feedId} ${key}`;
    const known = this.#positions.get(cacheKey);
    // One that retention removed may have been published anew.
    if (known !== undefined && known > floor) return known;
    const [row] = await this.#read<{ position: number }>(POSITION, [feedId, key]);
    if (row === undefined) return undefined;
    this.#positions.set(cacheKey, Number(row.position), 1);
    return Number(row.position);
  }

  async page(feedId: number, { from, descending, limit, bytes }: Range): Promise<HeldEntry[]> {
    const rows = await this.#read<HeldRow>(pageSql(descending), [feedId, from, limit, bytes, feedId]);
    return rows.map(asHeld);
  }

  async entry(feed: string, key: string): Promise<StoredEntry | undefined> {
    const [row] = await this.#read<EntryRow>(ENTRY, [feed, key]);
    return row && asStored(row);
  }

  async append(appends: Append[]): Promise<Appended[]> {
    const plain = appends.filter(
      ({ expect, entries }) =>
        expect === undefined && entries.length > 0 && entries.every(({ media }) => media === undefined),
    );
    const atOnce = plain.length > 0 && (await this.#guard(() => this.#database.appendAtOnce?.(plain))) === true;
    const rest = atOnce ? appends.filter((append) => !plain.includes(append)) : appends;
    const results = new Map<Append, Appended>();
    if (rest.length > 0) {
      // Either there are expectations, or an id that is held already made the one statement fail: one by one, in one
      // transaction, in the order of their feeds, so that two processes cannot lock each other out.
      const ordered = rest.slice().sort((a, b) => (a.feed < b.feed ? -1 : a.feed > b.feed ? 1 : 0));
      await this.#write(async (trx) => {
        results.clear();
        for (const append of ordered) results.set(append, await appendOne(trx, append));
      });
    }
    return appends.map((append) => results.get(append) ?? { kind: 'appended' });
  }

  revise(revision: Revision): Promise<StoredEntry | undefined> {
    return this.#write((trx) => reviseOne(trx, revision));
  }

  setMetadata(change: MetadataChange): Promise<{ feed: Feed; created: boolean }> {
    return this.#write((trx) => changeMetadata(trx, change));
  }

  async removeFeed(name: string, check?: (current: Feed) => void): Promise<boolean> {
    const feed = await this.#write(async (trx) => {
      const held = await lockFeed(trx, name);
      if (held === undefined) return undefined;
      check?.(asFeed(held));
      await trx('mq_feed')
        .where({ feed_id: held.feed_id })
        .update({ name: `${REMOVED}${held.feed_id}` });
      return held.feed_id;
    });
    if (feed === undefined) return false;
    await this.#clear(feed);
    return true;
  }

  async categories(feedId: number, limit: number): Promise<Category[]> {
    return (await this.#read<CategoryRow>(CATEGORIES, [feedId, limit])).map(asCategory);
  }

  async allCategories(limit: number): Promise<FeedCategory[]> {
    const rows = await this.#read<CategoryRow>(ALL_CATEGORIES, [limit]);
    return rows.map((row) => ({ feedId: row.feed_id, ...asCategory(row) }));
  }

  writeBlob(blobId: string, first: number, chunks: Buffer[]): Promise<void> {
    return this.#write((trx) => writeUpload(trx, blobId, first, chunks));
  }

  async readBlob(blobId: string, first: number, count: number): Promise<Buffer[]> {
    return (await this.#read<{ data: Buffer }>(CHUNKS, [blobId, first, first + count])).map(({ data }) => data);
  }

  dropBlob(blobId: string): Promise<void> {
    return this.#write((trx) => deleteBlobs(trx, [blobId]));
  }

  prune(feedId: number, retention: Retention): Promise<number> {
    return this.#write((trx) => pruneSome(trx, feedId, retention));
  }

  async wasRemoved(feedId: number, key: string): Promise<boolean> {
    return (await this.#read(WAS_REMOVED, [feedId, hashOfKey(key)])).length > 0;
  }

  async tidy(): Promise<void> {
    const feeds = await this.#read<FeedRow>(`SELECT * FROM mq_feed WHERE name LIKE '${REMOVED}%'`, []);
    for (const { feed_id } of feeds) await this.#clear(feed_id);
    await this.#write((trx) => clearUploads(trx, now() - UPLOAD_LIFE));
  }

  lease(name: string, holder: string, seconds: number): Promise<boolean> {
    return this.#write(async (trx) => {
      const time = now();
      const until = time + seconds * 1e6;
      const row = await trx('mq_lease').where({ name }).forUpdate().first();
      if (row === undefined) await trx('mq_lease').insert({ name, holder, until });
      else if (row.holder !== holder && Number(row.until) > time) return false;
      else await trx('mq_lease').where({ name }).update({ holder, until });
      return true;
    });
  }

  async ping(): Promise<void> {
    await this.#read('SELECT 1', []);
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  async #clear(feedId: number): Promise<void> {
    while (await this.#write((trx) => clearSome(trx, feedId)));
  }

  #read<R>(sql: string, bindings: unknown[]): Promise<R[]> {
    return this.#guard(() => this.#database.read<R>(sql, bindings));
  }

  #write<R>(work: (trx: Knex.Transaction) => Promise<R>): Promise<R> {
    return this.#guard(() => this.#database.writer.transaction(work));
  }

  async #guard<R>(work: () => Promise<R> | undefined): Promise<Awaited<R>> {
    try {
      return (await work()) as Awaited<R>;
    } catch (error) {
      if (this.#database.isUnavailable(error)) throw new StoreUnavailable(error);
      throw error;
    }
  }
}

function asCategory({ term, scheme, label }: CategoryRow): Category {
  return { term, ...(scheme === null ? {} : { scheme }), ...(label === null ? {} : { label }) };
}
