/** The append by Knex's builder alone: for expectations, for ids that are held already, and for databases that have no statement of ours. */
import type { Knex } from 'knex';
import { settleBlob } from './blobs.js';
import { insertAll } from './insert.js';
import { lockFeed } from './revise.js';
import { asStored, type EntryRow, type FeedRow, xmlDigest } from './rows.js';
import type { Append, Appended, Expectation, NewEntry, StoredEntry } from './store.js';
import { addTags } from './tags.js';

/**
 * Appends one request's entries inside a transaction, under the lock of their feed.
 * @param again whether this was tried before without learning what became of it: what it stored then is no repeat. An
 *   entry is known as ours by its id, its content and the microsecond at which we took it.
 */
export async function appendOne(trx: Knex.Transaction, append: Append, again = false): Promise<Appended> {
  const { entries, expect } = append;
  const feed = await lockFeed(trx, append.feed);
  const held = feed === undefined ? new Map<string, StoredEntry>() : await heldEntries(trx, feed.feed_id, entries);
  const fresh: NewEntry[] = [];
  const repeated = new Map<number, StoredEntry>();
  const digests = new Map<string, string>();
  let stored = false;
  for (const [index, entry] of entries.entries()) {
    const digest = held.get(entry.key)?.digest ?? digests.get(entry.key);
    if (digest === undefined) fresh.push(entry);
    else if (digest !== entry.digest) return { kind: 'conflict', index };
    const there = held.get(entry.key);
    if (there !== undefined && again && there.publishedAt === entry.at) stored = true;
    else if (there !== undefined) repeated.set(index, there);
    digests.set(entry.key, entry.digest);
  }
  if (stored) return { kind: 'appended', repeated };
  if (entries.length > 0 && fresh.length === 0) {
    return { kind: 'repeated', entries: entries.map(({ key }) => held.get(key)!) };
  }
  if (expect !== undefined && !(await anyHolds(trx, feed, expect))) return { kind: 'unexpected' };
  if (fresh.length > 0) await insert(trx, feed ?? (await makeFeed(trx, append)), fresh);
  return { kind: 'appended', repeated };
}

/**
 * The same inside a transaction of somebody else's, which decides when it is committed and may have read before. It takes
 * its lock first, and makes a missing feed in a way that does not fail when another is quicker.
 */
export async function appendWithin(trx: Knex.Transaction, append: Append, rowLocks: boolean): Promise<Appended> {
  const { feed: name, feedAtomId: atom_id, entries } = append;
  const feed = trx('mq_feed').where({ name });
  // Where one lock is for all, only a write takes it.
  if (!rowLocks) await feed.clone().update({ head: trx.ref('head') });
  if ((await feed.clone().first()) === undefined && entries.length > 0 && append.expect === undefined) {
    await trx('mq_feed').insert({ name, atom_id, created_at: entries[0]!.at }).onConflict('name').ignore();
  }
  return appendOne(trx, append);
}

async function insert(trx: Knex.Transaction, feed: FeedRow, entries: NewEntry[]): Promise<void> {
  const head = Number(feed.head);
  const rows = entries.map((entry, i) => ({
    feed_id: feed.feed_id,
    position: head + 1 + i,
    entry_key: entry.key,
    atom_id: entry.atomId,
    digest: entry.digest,
    published_at: entry.at,
    edited_at: entry.at,
    has_author: entry.hasAuthor ? 1 : 0,
    size: Buffer.byteLength(entry.xml),
    media_type: entry.media?.type ?? null,
    media_size: entry.media?.size ?? null,
    media_digest: entry.media?.digest ?? null,
    blob_id: entry.media?.blobId ?? null,
    xml_digest: entry.media === undefined ? null : xmlDigest(entry.xml),
    xml: entry.xml,
  }));
  await insertAll(trx, 'mq_entry', rows, 50);
  for (const { media } of entries) if (media !== undefined) await settleBlob(trx, media);
  await addTags(
    trx,
    feed.feed_id,
    entries.map(({ categories }, i) => ({ position: head + 1 + i, categories })),
  );
  const bytes = rows.reduce((sum, { size, media_size }) => sum + size + (media_size ?? 0), Number(feed.bytes));
  await trx('mq_feed')
    .where({ feed_id: feed.feed_id })
    .update({ head: head + rows.length, bytes });
}

async function makeFeed(trx: Knex.Transaction, { feed, feedAtomId, entries }: Append): Promise<FeedRow> {
  await trx('mq_feed').insert({ name: feed, atom_id: feedAtomId, created_at: entries[0]!.at });
  return (await lockFeed(trx, feed))!;
}

async function heldEntries(
  trx: Knex.Transaction,
  feedId: number,
  entries: NewEntry[],
): Promise<Map<string, StoredEntry>> {
  const held = new Map<string, StoredEntry>();
  // In parts: a statement takes a bounded number of bindings.
  for (let i = 0; i < entries.length; i += 500) {
    const keys = entries.slice(i, i + 500).map(({ key }) => key);
    const rows: EntryRow[] = await trx('mq_entry').where({ feed_id: feedId }).whereIn('entry_key', keys);
    for (const row of rows) held.set(row.entry_key, asStored(row));
  }
  return held;
}

async function anyHolds(trx: Knex.Transaction, feed: FeedRow | undefined, expect: Expectation[]): Promise<boolean> {
  for (const expectation of expect) if (await holds(trx, feed, expectation)) return true;
  return false;
}

async function holds(trx: Knex.Transaction, feed: FeedRow | undefined, expect: Expectation): Promise<boolean> {
  const head = Number(feed?.head ?? 0);
  switch (expect.kind) {
    case 'exists':
      return feed !== undefined;
    case 'empty':
      return head === 0;
    case 'head':
      return Number(feed?.feed_id) === expect.feedId && head === expect.head;
    case 'last': {
      if (feed === undefined) return false;
      const [last]: EntryRow[] = await trx('mq_entry').where({ feed_id: feed.feed_id, position: head });
      return last?.entry_key === expect.key && Number(last.edited_at) === expect.editedAt;
    }
  }
}
