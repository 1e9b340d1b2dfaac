/** A feed as the database has it, read from its floor to its head: its positions, and each of its entries. */
import { parseMetadata } from '../atom/parse.js';
import type { RawBus, RawEntry, RawFeed } from '../store/transfer.js';
import { groupsOf } from '../transfer/groups.js';
import { inspectEntry } from './entry.js';

/** What is wrong with a feed, or with what is at one of its positions. */
export interface Fault {
  feed: string;
  position?: number;
  id?: string;
  what: string;
}

/** What was read of a feed. */
export interface Verified {
  feed: string;
  /** Entries that are there, deleted ones included. */
  entries: number;
  media: number;
  /** Entries of which no digest tells whether they are as they were stored: changed before there were such digests. */
  uncovered: number;
  faults: number;
}

export interface Listener {
  /** Told of so many entries that were read. */
  onEntries?(count: number): void;
  onFault(fault: Fault): void;
}

const MOST_OUTLINES = 500;

/**
 * Reads a feed that others may publish to, change and prune meanwhile: what they do is no fault.
 * @returns undefined when the feed was removed meanwhile
 */
export async function verifyFeed(bus: RawBus, feed: RawFeed, listener: Listener): Promise<Verified | undefined> {
  return new Verification(bus, feed, listener).run();
}

class Verification {
  readonly #bus: RawBus;
  readonly #feed: RawFeed;
  readonly #listener: Listener;
  readonly #done: Verified;
  #categories = new Set<string>();
  #bytes = 0;

  constructor(bus: RawBus, feed: RawFeed, listener: Listener) {
    this.#bus = bus;
    this.#feed = feed;
    this.#listener = listener;
    this.#done = { feed: feed.name, entries: 0, media: 0, uncovered: 0, faults: 0 };
  }

  async run(): Promise<Verified | undefined> {
    const { feedId, floor, head } = this.#feed;
    await this.#readCategories();
    this.#checkMetadata();
    let last = floor;
    for (;;) {
      const outlines = await this.#bus.outlines(feedId, last, head, MOST_OUTLINES);
      for (const { position } of outlines) {
        if (position !== last + 1) await this.#gap(last + 1, position - 1);
        last = position;
      }
      for (const positions of groupsOf(outlines)) await this.#entries(await this.#bus.entries(feedId, positions));
      this.#listener.onEntries?.(outlines.length);
      if (outlines.length < MOST_OUTLINES) break;
    }
    if (last < head) await this.#gap(last + 1, head);
    return this.#ends();
  }

  async #entries(entries: RawEntry[]): Promise<void> {
    for (const entry of entries) {
      this.#done.entries += 1;
      this.#bytes += entry.size + (entry.mediaSize ?? 0);
      if (entry.blobId !== null) this.#done.media += 1;
      const found = await inspectEntry(this.#bus, entry, this.#categories);
      if (!found.covered) this.#done.uncovered += 1;
      if (found.faults.length > 0) await this.#entryAgain(entry.position);
    }
  }

  /** What looks wrong is looked at once more: it may have been changed between two of our questions. */
  async #entryAgain(position: number): Promise<void> {
    await this.#readCategories();
    const [entry] = await this.#bus.entries(this.#feed.feedId, [position]);
    if (entry === undefined) return this.#gap(position, position);
    const { faults } = await inspectEntry(this.#bus, entry, this.#categories);
    for (const what of faults) this.#fault({ position, id: entry.atomId, what });
  }

  /** Positions have no gaps; but what retention has removed since is none. */
  async #gap(first: number, last: number): Promise<void> {
    const now = await this.#bus.feed(this.#feed.name);
    if (now === undefined || now.feedId !== this.#feed.feedId) return;
    const from = Math.max(first, now.floor + 1);
    if (from > last) return;
    const what = from === last ? 'there is no entry' : `there is no entry from here to ${last}`;
    this.#fault({ position: from, what });
  }

  /** What is where nothing may be, and the sum of all. */
  async #ends(): Promise<Verified | undefined> {
    const { feedId, name } = this.#feed;
    const below = await this.#bus.outlines(feedId, Number.MIN_SAFE_INTEGER, this.#feed.floor, 1);
    const above = await this.#bus.outlines(feedId, this.#feed.head, Number.MAX_SAFE_INTEGER, MOST_OUTLINES);
    // After those, so that its head is not older than what is above it.
    const now = await this.#bus.feed(name);
    if (now === undefined || now.feedId !== feedId) return undefined;
    const beyond = above.find(({ position }) => position > now.head);
    if (below.length > 0) this.#fault({ position: below[0]!.position, what: 'there is an entry below the oldest one' });
    if (beyond !== undefined)
      this.#fault({ position: beyond.position, what: `it is beyond the last one, ${now.head}` });
    const same = now.head === this.#feed.head && now.edits === this.#feed.edits && now.floor === this.#feed.floor;
    if (same && now.bytes !== this.#bytes) {
      this.#fault({ what: `the feed is noted to have ${now.bytes} bytes; its entries have ${this.#bytes}` });
    }
    return this.#done;
  }

  async #readCategories(): Promise<void> {
    this.#categories = new Set((await this.#bus.categories(this.#feed.feedId)).map(({ key }) => key));
  }

  #checkMetadata(): void {
    const { metadata } = this.#feed;
    try {
      if (metadata !== null) parseMetadata(metadata);
    } catch (error) {
      this.#fault({ what: `what the feed says of itself is not well-formed: ${(error as Error).message}` });
    }
  }

  #fault(fault: Omit<Fault, 'feed'>): void {
    this.#done.faults += 1;
    this.#listener.onFault({ feed: this.#feed.name, ...fault });
  }
}
