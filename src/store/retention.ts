/** What goes: the oldest entries beyond a feed's limits, removed feeds, and uploads that were broken off. */
import { hash } from 'node:crypto';
import type { Knex } from 'knex';
import { deleteBlobs } from './blobs.js';
import { insertAll } from './insert.js';
import type { EntryRow, FeedRow } from './rows.js';
import type { Retention } from './store.js';
import { removeTags } from './tags.js';

/** Most of one transaction, so that it holds nobody up: entries, and bytes of them. */
const MOST_ENTRIES = 500;
const MOST_BYTES = 16 * 1024 * 1024;

/** A feed that was removed keeps its rows for a moment under a name that no feed can have. */
export const REMOVED = '/';

type Oldest = Pick<EntryRow, 'position' | 'entry_key' | 'size' | 'media_size' | 'blob_id' | 'published_at'>;

/** Removes the oldest entries that are beyond a limit; 0 when there are none. */
export async function pruneSome(trx: Knex.Transaction, feedId: number, retention: Retention): Promise<number> {
  const [feed]: FeedRow[] = await trx('mq_feed').where({ feed_id: feedId }).forUpdate();
  if (feed === undefined) return 0;
  const { before = 0, maxEntries, maxBytes } = retention;
  const tooMany = maxEntries === undefined ? 0 : Number(feed.head) - Number(feed.floor) - maxEntries;
  const tooLarge = maxBytes === undefined ? 0 : Number(feed.bytes) - maxBytes;
  const going: Oldest[] = [];
  let freed = 0;
  for (const row of await oldest(trx, feedId, Number(feed.floor))) {
    const goes = going.length < tooMany || freed < tooLarge || Number(row.published_at) < before;
    if (!goes || freed > MOST_BYTES) break;
    going.push(row);
    freed += row.size + Number(row.media_size ?? 0);
  }
  if (going.length === 0) return 0;
  const floor = Number(going.at(-1)!.position);
  await removeUpTo(trx, feedId, floor, going);
  await remember(
    trx,
    feedId,
    going.map(({ entry_key }) => hashOfKey(entry_key)),
  );
  await trx('mq_feed')
    .where({ feed_id: feedId })
    .update({ floor, bytes: Number(feed.bytes) - freed });
  return going.length;
}

/** Removes some entries of a feed that was removed, and at last the feed; false when nothing was left. */
export async function clearSome(trx: Knex.Transaction, feedId: number): Promise<boolean> {
  const rows = await oldest(trx, feedId, 0);
  if (rows.length > 0) {
    await removeUpTo(trx, feedId, Number(rows.at(-1)!.position), rows);
    return true;
  }
  await trx('mq_category').where({ feed_id: feedId }).delete();
  await trx('mq_removed').where({ feed_id: feedId }).delete();
  await trx('mq_feed').where({ feed_id: feedId }).delete();
  return false;
}

/** Removes uploads that began before a time, microseconds since 1970. */
export async function clearUploads(trx: Knex.Transaction, before: number): Promise<void> {
  const rows: { blob_id: string }[] = await trx('mq_upload').where('started_at', '<', before).limit(10);
  await deleteBlobs(
    trx,
    rows.map(({ blob_id }) => blob_id),
  );
}

/** 52 bits, which every database and JavaScript hold as a number. */
export function hashOfKey(key: string): number {
  return Number.parseInt(hash('sha256', key, 'hex').slice(0, 13), 16);
}

function oldest(trx: Knex.Transaction, feedId: number, floor: number): Promise<Oldest[]> {
  return trx('mq_entry')
    .where({ feed_id: feedId })
    .where('position', '>', floor)
    .orderBy('position')
    .limit(MOST_ENTRIES)
    .select('position', 'entry_key', 'size', 'media_size', 'blob_id', 'published_at');
}

async function removeUpTo(trx: Knex.Transaction, feedId: number, position: number, rows: Oldest[]): Promise<void> {
  await removeTags(trx, feedId, 0, position);
  await trx('mq_entry').where({ feed_id: feedId }).where('position', '<=', position).delete();
  await deleteBlobs(
    trx,
    rows.flatMap(({ blob_id }) => (blob_id === null ? [] : [blob_id])),
  );
}

/** An id may come back after it was removed, and be removed again. */
async function remember(trx: Knex.Transaction, feedId: number, hashes: number[]): Promise<void> {
  const known: { key_hash: number | string }[] = await trx('mq_removed')
    .where({ feed_id: feedId })
    .whereIn('key_hash', hashes)
    .select('key_hash');
  const there = new Set(known.map(({ key_hash }) => Number(key_hash)));
  const fresh = [...new Set(hashes)].filter((one) => !there.has(one));
  if (fresh.length === 0) return;
  await insertAll(
    trx,
    'mq_removed',
    fresh.map((key_hash) => ({ feed_id: feedId, key_hash })),
    100,
  );
}
