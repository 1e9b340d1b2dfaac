/** A bus as rows, for moving it between databases as it is: what lies below the Store, by Knex's builder alone. */
import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { now } from '../atom/ids.js';
import { deleteBlobs, insertChunks, settleBlob } from './blobs.js';
import { REMOVED } from './retention.js';
import type { CategoryRow, EntryRow, FeedRow } from './rows.js';
import { CHUNK } from './store.js';
import {
  asEntryRow,
  asOutline,
  asRawEntry,
  asRawFeed,
  asRow,
  type RawCategory,
  type RawEntry,
  type RawFeed,
  type RawOutline,
} from './transfer-rows.js';

export type { RawCategory, RawEntry, RawFeed, RawOutline } from './transfer-rows.js';

/** Rows of one statement: it takes a bounded number of bindings. */
const MOST = 500;

/** The rows of one database. */
export class RawBus {
  readonly #knex: Knex;

  constructor(writer: Knex) {
    this.#knex = writer;
  }

  /** All feeds by name, but for those that are being removed. */
  async feeds(): Promise<RawFeed[]> {
    const rows: FeedRow[] = await this.#knex('mq_feed');
    const feeds = rows.filter(({ name }) => !name.startsWith(REMOVED)).map(asRawFeed);
    // Not by the database, each of which has its own order of texts.
    return feeds.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async feed(name: string): Promise<RawFeed | undefined> {
    const [row]: FeedRow[] = await this.#knex('mq_feed').where({ name });
    return row && asRawFeed(row);
  }

  /** How many entries a feed holds, deleted ones included. */
  async count(feedId: number): Promise<number> {
    const [row] = await this.#knex('mq_entry').where({ feed_id: feedId }).count({ entries: '*' });
    return Number(row?.entries ?? 0);
  }

  /** How many entries a feed holds, and the first and the last of their positions; 0 where there are none. */
  async extent(feedId: number): Promise<{ entries: number; first: number; last: number }> {
    const [row] = await this.#knex('mq_entry')
      .where({ feed_id: feedId })
      .count({ entries: '*' })
      .min({ first: 'position' })
      .max({ last: 'position' });
    return { entries: Number(row?.entries ?? 0), first: Number(row?.first ?? 0), last: Number(row?.last ?? 0) };
  }

  /** Entries from a position on to another one, the first exclusive, the last inclusive. */
  async outlines(feedId: number, after: number, last: number, limit?: number): Promise<RawOutline[]> {
    const query = this.#knex('mq_entry')
      .where({ feed_id: feedId })
      .where('position', '>', after)
      .where('position', '<=', last)
      .orderBy('position')
      .select('position', 'entry_key', 'digest', 'edited_at', 'size', 'blob_id');
    const rows: EntryRow[] = await (limit === undefined ? query : query.limit(limit));
    return rows.map(asOutline);
  }

  /** The entries at these positions, in order, at most {@link MOST}. */
  async entries(feedId: number, positions: number[]): Promise<RawEntry[]> {
    const rows: EntryRow[] = await this.#at('mq_entry', feedId, positions).orderBy('position');
    const tags: { category_key: string; position: number | string }[] = await this.#at(
      'mq_tag',
      feedId,
      positions,
    ).select('category_key', 'position');
    const byPosition = new Map<number, string[]>();
    for (const { category_key, position } of tags) {
      const keys = byPosition.get(Number(position));
      if (keys === undefined) byPosition.set(Number(position), [category_key]);
      else keys.push(category_key);
    }
    return rows.map((row) => asRawEntry(row, (byPosition.get(Number(row.position)) ?? []).sort()));
  }

  /** Rows at these positions, which are in order; a stretch without gaps is asked for as such. */
  #at(table: string, feedId: number, positions: number[]): Knex.QueryBuilder {
    const query = this.#knex(table).where({ feed_id: feedId });
    const [first = 0, last = 0] = [positions[0], positions.at(-1)];
    return last - first + 1 === positions.length
      ? query.where('position', '>=', first).where('position', '<=', last)
      : query.whereIn('position', positions);
  }

  /** A feed's dictionary of categories by their keys. */
  async categories(feedId: number): Promise<RawCategory[]> {
    const rows: (CategoryRow & { category_key: string })[] = await this.#knex('mq_category').where({ feed_id: feedId });
    return rows
      .map(({ category_key: key, term, scheme, label }) => ({ key, term, scheme, label }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** What is remembered of removed entries, in order, after one of them. */
  async removed(feedId: number, after: number): Promise<number[]> {
    const rows: { key_hash: number | string }[] = await this.#knex('mq_removed')
      .where({ feed_id: feedId })
      .where('key_hash', '>', after)
      .orderBy('key_hash')
      .limit(MOST)
      .select('key_hash');
    return rows.map(({ key_hash }) => Number(key_hash));
  }

  /** A blob's chunks in order. */
  async *blob(blobId: string): AsyncGenerator<Buffer> {
    for (let seq = 0; ; ) {
      const rows: { data: Uint8Array }[] = await this.#knex('mq_blob')
        .where({ blob_id: blobId })
        .where('seq', '>=', seq)
        .orderBy('seq')
        .limit(16)
        .select('data');
      if (rows.length === 0) return;
      for (const { data } of rows) yield Buffer.from(data);
      seq += rows.length;
    }
  }

  /** A blob read to its end; `even` when all of its chunks but the last are full. */
  async blobExtent(blobId: string): Promise<{ digest: string; size: number; chunks: number; even: boolean }> {
    const digest = createHash('sha256');
    let [size, chunks, even, last] = [0, 0, true, CHUNK];
    for await (const chunk of this.blob(blobId)) {
      even &&= last === CHUNK && chunk.length > 0;
      last = chunk.length;
      size += last;
      chunks += 1;
      digest.update(chunk);
    }
    return { digest: digest.digest('base64url'), size, chunks, even: even && last <= CHUNK };
  }

  /** Makes a feed that holds nothing yet: its head is at its floor. */
  async makeFeed(feed: RawFeed): Promise<RawFeed> {
    await this.#knex('mq_feed').insert({ ...asRow(feed), name: feed.name, head: feed.floor, bytes: 0 });
    return (await this.feed(feed.name))!;
  }

  /** Writes all that a feed's row says, but for its name. */
  async setFeed(feedId: number, feed: RawFeed): Promise<void> {
    await this.#knex('mq_feed').where({ feed_id: feedId }).update(asRow(feed));
  }

  /**
   * Writes entries over whatever is at their positions, and moves the head when they go beyond it, in one transaction.
   * The blobs of new media are there already, by {@link writeBlob}.
   */
  async putEntries(feedId: number, entries: RawEntry[]): Promise<void> {
    await this.#knex.transaction(async (trx) => {
      const [feed]: FeedRow[] = await trx('mq_feed').where({ feed_id: feedId }).forUpdate();
      if (feed === undefined) throw new Error('the feed was removed while it was copied');
      const positions = entries.map(({ position }) => position);
      const old: EntryRow[] = await trx('mq_entry')
        .where({ feed_id: feedId })
        .whereIn('position', positions)
        .select('position', 'blob_id', 'size', 'media_size');
      if (old.length > 0) {
        await trx('mq_tag').where({ feed_id: feedId }).whereIn('position', positions).delete();
        await trx('mq_entry').where({ feed_id: feedId }).whereIn('position', positions).delete();
        const kept = new Set(entries.map(({ blobId }) => blobId));
        await deleteBlobs(
          trx,
          old.flatMap(({ blob_id }) => (blob_id === null || kept.has(blob_id) ? [] : [blob_id])),
        );
      }
      await trx.batchInsert(
        'mq_entry',
        entries.map((entry) => asEntryRow(feedId, entry)),
        50,
      );
      const tags = entries.flatMap(({ position, tags: keys }) =>
        keys.map((category_key) => ({ feed_id: feedId, category_key, position })),
      );
      if (tags.length > 0) await trx.batchInsert('mq_tag', tags, 100);
      for (const { blobId } of entries) if (blobId !== null) await settleBlob(trx, { blobId });
      const less = old.reduce((sum, { size, media_size }) => sum + Number(size) + Number(media_size ?? 0), 0);
      const more = entries.reduce((sum, { size, mediaSize }) => sum + size + (mediaSize ?? 0), 0);
      const head = Math.max(Number(feed.head), ...positions);
      await trx('mq_feed')
        .where({ feed_id: feedId })
        .update({ head, bytes: Number(feed.bytes) + more - less });
    });
  }

  /** Writes a blob that an entry will have; until then it is an upload, which is cleared after a day. */
  async writeBlob(blobId: string, chunks: AsyncIterable<Buffer>): Promise<void> {
    // What a run that was broken off left.
    await this.#knex.transaction((trx) => deleteBlobs(trx, [blobId]));
    let first = 0;
    let some: Buffer[] = [];
    const flush = async () => {
      const writing = some;
      some = [];
      await this.#knex.transaction(async (trx) => {
        if (first === 0) await trx('mq_upload').insert({ blob_id: blobId, started_at: now() });
        await insertChunks(trx, blobId, first, writing);
      });
      first += writing.length;
    };
    for await (const chunk of chunks) {
      some.push(chunk);
      if (some.length === 16) await flush();
    }
    if (some.length > 0 || first === 0) await flush();
  }

  /** Makes a feed's dictionary the same as another one. */
  async putCategories(feedId: number, categories: RawCategory[]): Promise<void> {
    const here = await this.categories(feedId);
    const known = new Map(here.map((one) => [one.key, JSON.stringify(one)]));
    const fresh = categories.filter((one) => known.get(one.key) !== JSON.stringify(one));
    const wanted = new Set(categories.map(({ key }) => key));
    const gone = here.filter(({ key }) => !wanted.has(key)).map(({ key }) => key);
    const stale = fresh.filter(({ key }) => known.has(key)).map(({ key }) => key);
    await this.#knex.transaction(async (trx) => {
      for (const keys of parts([...gone, ...stale])) {
        await trx('mq_category').where({ feed_id: feedId }).whereIn('category_key', keys).delete();
      }
      const rows = fresh.map(({ key, ...rest }) => ({ feed_id: feedId, category_key: key, ...rest }));
      if (rows.length > 0) await trx.batchInsert('mq_category', rows, 50);
    });
  }

  /** Remembers removed entries, those that are not remembered yet; at most {@link MOST}. */
  async putRemoved(feedId: number, hashes: number[]): Promise<void> {
    await this.#knex.transaction(async (trx) => {
      const rows: { key_hash: number | string }[] = await trx('mq_removed')
        .where({ feed_id: feedId })
        .whereIn('key_hash', hashes)
        .select('key_hash');
      const known = new Set(rows.map(({ key_hash }) => Number(key_hash)));
      const fresh = hashes.filter((one) => !known.has(one)).map((key_hash) => ({ feed_id: feedId, key_hash }));
      if (fresh.length > 0) await trx.batchInsert('mq_removed', fresh, 100);
    });
  }

  /** Removes entries up to a position, inclusive, in short transactions; the feed's row stays as it is. */
  async dropUpTo(feedId: number, last: number): Promise<void> {
    for (;;) {
      const rows = await this.outlines(feedId, 0, last, MOST);
      if (rows.length === 0) return;
      const positions = rows.map(({ position }) => position);
      await this.#knex.transaction(async (trx) => {
        await trx('mq_tag').where({ feed_id: feedId }).whereIn('position', positions).delete();
        await trx('mq_entry').where({ feed_id: feedId }).whereIn('position', positions).delete();
        await deleteBlobs(
          trx,
          rows.flatMap(({ blobId }) => (blobId === null ? [] : [blobId])),
        );
      });
    }
  }
}

function parts<T>(all: T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / MOST) }, (_, i) => all.slice(i * MOST, (i + 1) * MOST));
}
