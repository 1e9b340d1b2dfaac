/** A whole bus from one database to another: what is missing or stale there is written, in the order of positions. */
import type { RawBus, RawFeed, RawOutline } from '../store/transfer.js';
import { digestOf, type FeedDigest } from './digest.js';
import { groupsOf } from './groups.js';

/** The target holds what this copy would have to write over. Nothing of it was touched. */
export class Refused extends Error {}

/** What a copy did. */
export interface Copied {
  feeds: number;
  /** Entries in both, deleted ones included. */
  entries: number;
  /** Entries that were not there or stale. */
  written: number;
  /** Media resources among those. */
  media: number;
}

/** A feed that is not the same in both, and what differs, for people. */
export interface Difference {
  feed: string;
  what: string;
}

/** Told of so many entries that are done. */
export type OnEntries = (count: number) => void;

const MOST_OUTLINES = 500;

/** How many entries there are to copy. */
export async function sizeOf(from: RawBus): Promise<number> {
  return (await from.feeds()).reduce((sum, { head, floor }) => sum + head - floor, 0);
}

/**
 * Copies every feed. What is there already is compared and left alone, so that a run that was broken off is taken up by
 * another one, and a run against a bus that has gone on since brings the target after it.
 * @throws Refused before anything is written when the target has a feed that is not an earlier state of the same feed
 */
export async function copyBus(from: RawBus, to: RawBus, onEntries: OnEntries = () => {}): Promise<Copied> {
  const feeds = await from.feeds();
  const held = new Map((await to.feeds()).map((feed) => [feed.name, feed]));
  for (const feed of feeds) mustBeEarlier(held.get(feed.name), feed);
  const copied: Copied = { feeds: 0, entries: 0, written: 0, media: 0 };
  for (const feed of feeds) {
    await copyFeed(from, to, feed, held.get(feed.name), copied, onEntries);
    copied.feeds += 1;
  }
  return copied;
}

function mustBeEarlier(held: RawFeed | undefined, feed: RawFeed): void {
  if (held === undefined) return;
  const isSame = held.atomId === feed.atomId && held.createdAt === feed.createdAt;
  if (!isSame) throw new Refused(`the target has another feed named ${JSON.stringify(feed.name)}`);
  if (held.head > feed.head || held.floor > feed.floor || held.edits > feed.edits) {
    throw new Refused(`the feed ${JSON.stringify(feed.name)} has gone on in the target`);
  }
}

async function copyFeed(
  from: RawBus,
  to: RawBus,
  feed: RawFeed,
  there: RawFeed | undefined,
  copied: Copied,
  onEntries: OnEntries,
): Promise<void> {
  const made = there ?? (await to.makeFeed(feed));
  const { feedId } = made;
  await copyRemoved(from, to, feed, made);
  for (let after = feed.floor; ; ) {
    const wanted = await from.outlines(feed.feedId, after, feed.head, MOST_OUTLINES);
    const last = wanted.at(-1)?.position;
    if (last === undefined) break;
    const held = new Map((await to.outlines(feedId, after, last)).map((one) => [one.position, one]));
    const stale = wanted.filter((one) => isStale(feed.name, one, held.get(one.position)));
    for (const positions of groupsOf(stale)) {
      const entries = await from.entries(feed.feedId, positions);
      for (const { blobId, position } of entries) {
        // A blob never changes once an entry has it.
        if (blobId === null || held.get(position)?.blobId === blobId) continue;
        await to.writeBlob(blobId, from.blob(blobId));
        copied.media += 1;
      }
      await to.putEntries(feedId, entries);
      copied.written += entries.length;
    }
    copied.entries += wanted.length;
    onEntries(wanted.length);
    after = last;
  }
  await to.putCategories(feedId, await from.categories(feed.feedId));
  await to.setFeed(feedId, feed);
}

/** What retention has removed comes first: an id may have come back since, and there is none twice. */
async function copyRemoved(from: RawBus, to: RawBus, feed: RawFeed, held: RawFeed): Promise<void> {
  for (let after = -1; ; ) {
    const hashes = await from.removed(feed.feedId, after);
    if (hashes.length === 0) break;
    await to.putRemoved(held.feedId, hashes);
    after = hashes.at(-1)!;
  }
  if (held.floor === feed.floor) return;
  const { floor } = feed;
  await to.setFeed(held.feedId, { ...held, floor, head: Math.max(floor, held.head) });
  await to.dropUpTo(held.feedId, floor);
}

/** @throws Refused for another entry, or a later state of it */
function isStale(feed: string, wanted: RawOutline, held: RawOutline | undefined): boolean {
  if (held === undefined) return true;
  if (held.key !== wanted.key || held.digest !== wanted.digest || held.editedAt > wanted.editedAt) {
    throw new Refused(`the target has another entry at position ${wanted.position} of ${JSON.stringify(feed)}`);
  }
  return held.editedAt !== wanted.editedAt || held.size !== wanted.size || held.blobId !== wanted.blobId;
}

/**
 * Compares each feed of one bus with that of the other one by count and digest of all its rows.
 * @param onEntries is told of entries read on either side
 */
export async function compare(from: RawBus, to: RawBus, onEntries: OnEntries = () => {}): Promise<Difference[]> {
  const differences: Difference[] = [];
  for (const feed of await from.feeds()) {
    const held = await to.feed(feed.name);
    if (held === undefined) {
      differences.push({ feed: feed.name, what: 'is not there' });
      continue;
    }
    const [here, there] = await Promise.all([digestOf(from, feed, onEntries), digestOf(to, held, onEntries)]);
    const what = differenceOf(feed, here, held, there);
    if (what !== undefined) differences.push({ feed: feed.name, what });
  }
  return differences;
}

function differenceOf(feed: RawFeed, here: FeedDigest, held: RawFeed, there: FeedDigest): string | undefined {
  if (here.digest === there.digest && here.entries === there.entries && there.damaged === 0) return undefined;
  if (there.damaged > 0) return `has ${there.damaged} media resources that are not what their digest says`;
  if (feed.head !== held.head || feed.edits !== held.edits || feed.floor !== held.floor) {
    return 'has changed in the source while it was copied; copy again to bring the target after it';
  }
  if (here.entries !== there.entries) return `has ${there.entries} entries instead of ${here.entries}`;
  return `has the digest ${there.digest} instead of ${here.digest}`;
}
