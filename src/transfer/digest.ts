/** All that a database holds of a feed in one digest, the same on every database. */
import { createHash } from 'node:crypto';
import type { RawBus, RawFeed } from '../store/transfer.js';
import { groupsOf } from './groups.js';

export interface FeedDigest {
  /** Entries that are there, deleted ones included. */
  entries: number;
  /** SHA-256 in hexadecimal: of the feed, its entries in order with their tags and media, its categories, and its memory. */
  digest: string;
  /** Media resources whose bytes are not what their digest says. */
  damaged: number;
}

const MOST_OUTLINES = 500;

/** @param onEntries is told of so many entries that were read */
export async function digestOf(
  bus: RawBus,
  feed: RawFeed,
  onEntries: (count: number) => void = () => {},
): Promise<FeedDigest> {
  const digest = createHash('sha256');
  const add = (row: unknown) => digest.update(`${JSON.stringify(row)}\n`);
  // The number that a database gives a feed is its own.
  const { feedId, ...said } = feed;
  add(said);
  let entries = 0;
  let damaged = 0;
  for (let after = 0; ; ) {
    const outlines = await bus.outlines(feedId, after, feed.head, MOST_OUTLINES);
    if (outlines.length === 0) break;
    for (const positions of groupsOf(outlines)) {
      for (const entry of await bus.entries(feedId, positions)) {
        add(entry);
        entries += 1;
        if (entry.blobId === null) continue;
        const { digest: bytes } = await bus.blobExtent(entry.blobId);
        if (bytes !== entry.mediaDigest) damaged += 1;
        add(bytes);
      }
    }
    onEntries(outlines.length);
    after = outlines.at(-1)!.position;
  }
  for (const category of await bus.categories(feedId)) add(category);
  for (let after = -1; ; ) {
    const hashes = await bus.removed(feedId, after);
    if (hashes.length === 0) break;
    for (const hash of hashes) add(hash);
    after = hashes.at(-1)!;
  }
  return { entries, digest: digest.digest('hex'), damaged };
}
