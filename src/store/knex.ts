/** The store on Knex: prepared questions for what is asked all the time, Knex's builder in transactions for the rest. */
import type { Knex } from 'knex';
import type { HeldEntry } from '../atom/model.js';
import { appendOne } from './append.js';
import type { Database } from './dialect.js';
import { Lru } from './lru.js';
import { asEntry, asFeed, type EntryRow, type FeedRow, type HeldRow } from './rows.js';
import { Shared } from './shared.js';
import {
  type Append,
  type Appended,
  type Feed,
  type Range,
  type Revision,
  type Store,
  type StoredEntry,
  StoreUnavailable,
} from './store.js';

const FEED = 'SELECT * FROM mq_feed WHERE name = ?';
const FEEDS = 'SELECT * FROM mq_feed ORDER BY name';
const POSITION = 'SELECT position FROM mq_entry WHERE feed_id = ? AND entry_key = ?';
const ENTRY = `SELECT e.* FROM mq_entry e JOIN mq_feed f ON f.feed_id = e.feed_id WHERE f.name = ? AND e.entry_key = ?`;

/** A page; the sizes are summed before any content is read, so that a page of large entries is not read only to be cut. */
function pageSql(descending: boolean): string {
  const [beyond, order] = descending ? ['<', 'DESC'] : ['>', 'ASC'];
  return `SELECT e.position, e.atom_id, e.edited_at, e.has_author, e.deleted, e.xml
    FROM (SELECT s.feed_id, s.position, s.size, sum(s.size) OVER (ORDER BY s.position ${order}) AS total
      FROM (SELECT feed_id, position, size FROM mq_entry
        WHERE feed_id = ? AND position ${beyond} ? ORDER BY position ${order} LIMIT ?) s) t
    JOIN mq_entry e ON e.feed_id = t.feed_id AND e.position = t.position
    WHERE (t.total <= ? OR t.total = t.size) AND e.feed_id = ? ORDER BY e.position ${order}`;
}

/** Positions that are remembered: an id's position never changes. */
const POSITIONS = 100_000;

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

  async position(feedId: number, key: string): Promise<number | undefined> {
    const cacheKey = `${feedId} ${key}`;
    const known = this.#positions.get(cacheKey);
    if (known !== undefined) return known;
    const [row] = await this.#read<{ position: number }>(POSITION, [feedId, key]);
    if (row === undefined) return undefined;
    this.#positions.set(cacheKey, Number(row.position), 1);
    return Number(row.position);
  }

  async page(feedId: number, { from, descending, limit, bytes }: Range): Promise<HeldEntry[]> {
    const rows = await this.#read<HeldRow>(pageSql(descending), [feedId, from, limit, bytes, feedId]);
    return rows.map(asEntry);
  }

  async entry(feed: string, key: string): Promise<StoredEntry | undefined> {
    const [row] = await this.#read<EntryRow>(ENTRY, [feed, key]);
    return row && asEntry(row);
  }

  async append(appends: Append[]): Promise<Appended[]> {
    const plain = appends.filter(({ expect, entries }) => expect === undefined && entries.length > 0);
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

  revise({ feed, key, change, at }: Revision): Promise<StoredEntry | undefined> {
    return this.#write(async (trx) => {
      // The feed's row first: it is the lock.
      const held: FeedRow | undefined = await trx('mq_feed').where({ name: feed }).forUpdate().first();
      if (held === undefined) return undefined;
      const where = { feed_id: held.feed_id, entry_key: key };
      const row: EntryRow | undefined = await trx('mq_entry').where(where).first();
      if (row === undefined) return undefined;
      const current = asEntry(row);
      const editedAt = Math.max(at, current.editedAt + 1);
      const changed = change(current, editedAt);
      const next = changed ?? { xml: '', hasAuthor: current.hasAuthor };
      const deleted = changed === undefined;
      await trx('mq_entry')
        .where(where)
        .update({
          xml: next.xml,
          size: Buffer.byteLength(next.xml),
          has_author: next.hasAuthor ? 1 : 0,
          deleted: deleted ? 1 : 0,
          edited_at: editedAt,
        });
      await trx('mq_feed').where({ feed_id: held.feed_id }).increment('edits', 1);
      return { ...current, ...next, deleted, editedAt };
    });
  }

  removeFeed(name: string): Promise<boolean> {
    return this.#write(async (trx) => {
      const feed: FeedRow | undefined = await trx('mq_feed').where({ name }).forUpdate().first();
      if (feed === undefined) return false;
      await trx('mq_entry').where({ feed_id: feed.feed_id }).delete();
      await trx('mq_feed').where({ feed_id: feed.feed_id }).delete();
      return true;
    });
  }

  async ping(): Promise<void> {
    await this.#read('SELECT 1', []);
  }

  close(): Promise<void> {
    return this.#database.close();
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
