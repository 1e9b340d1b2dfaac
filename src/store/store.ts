/** What AtomMQ asks of a database: an ordered log per feed. Nothing here knows Knex, SQL or XML. */
import type { HeldEntry } from '../atom/model.js';

/** How Knex reaches a database. */
export interface DatabaseSettings {
  client: string;
  connection: Record<string, unknown>;
}

/** A feed as it stands. */
export interface Feed {
  feedId: number;
  /** Lower-case, decoded. */
  name: string;
  /** The feed's own `atom:id`. */
  atomId: string;
  /** The position of the last entry; 0 while there is none. Positions have no gaps and never restart. */
  head: number;
  /** How many revisions and deletions the feed has seen: pages read before one are stale. */
  edits: number;
  /** Microseconds since 1970. */
  createdAt: number;
}

/** An entry with what only the store cares for. */
export interface StoredEntry extends HeldEntry {
  /** SHA-256 of what the publisher sent first, in base64url: tells a repeat from another entry of the same id. */
  digest: string;
  /** Microseconds since 1970. */
  publishedAt: number;
}

/** An entry to append. */
export interface NewEntry {
  /** What the entry is found by, unique in its feed: `keyOfAtomId`. */
  key: string;
  atomId: string;
  xml: string;
  digest: string;
  /** Microseconds since 1970. */
  at: number;
  hasAuthor: boolean;
}

/** What must be true of the feed for an append to happen, decided inside the append. */
export type Expectation =
  /** The feed exists. */
  | { kind: 'exists' }
  /** The feed does not exist yet, or holds nothing. */
  | { kind: 'empty' }
  /** The feed is this one, and its last position is this one. */
  | { kind: 'head'; feedId: number; head: number }
  /** The feed's last entry is this one, in this revision. */
  | { kind: 'last'; key: string; editedAt: number };

/** One request's entries: all are appended, in this order, or none is. A repeat is told before expectations are looked at. */
export interface Append {
  feed: string;
  /** The `atom:id` that the feed gets if this append makes it. */
  feedAtomId: string;
  entries: NewEntry[];
  /** Any one of these suffices; an append without expectations has undefined here, not an empty list. */
  expect?: Expectation[] | undefined;
}

/** What became of an append. */
export type Appended =
  | { kind: 'appended' }
  /** Every entry was there already with the same digest; nothing was stored. */
  | { kind: 'repeated'; entries: StoredEntry[] }
  /** The entry with this index is there with another digest; nothing was stored. */
  | { kind: 'conflict'; index: number }
  /** The expectation does not hold; nothing was stored. */
  | { kind: 'unexpected' };

/** Which entries of a feed a page has. */
export interface Range {
  /** Positions above this one (below it when `descending`); exclusive. */
  from: number;
  descending: boolean;
  /** Most entries. */
  limit: number;
  /** The page ends before the entry that would take it over this many bytes of XML, but holds at least one. */
  bytes: number;
}

/** A change of an entry that stands. */
export interface Revision {
  feed: string;
  key: string;
  /** The new element, made from the entry as it stands under lock; undefined deletes the content, throwing leaves all as it is. */
  change: (current: StoredEntry, editedAt: number) => { xml: string; hasAuthor: boolean } | undefined;
  /** Microseconds since 1970. */
  at: number;
}

/**
 * The store. Every method may throw {@link StoreUnavailable}; what it throws otherwise is a defect.
 *
 * The order promise: an entry's position is taken under a lock of its feed that is held until the commit, so entries
 * become visible in the order of their positions, and whoever has seen position N has seen all before it.
 */
export interface Store {
  /** The feed as of a moment not before this call. */
  feed(name: string): Promise<Feed | undefined>;
  /** All feeds by name. */
  feeds(): Promise<Feed[]>;
  /** The position of an entry, deleted or not. */
  position(feedId: number, key: string): Promise<number | undefined>;
  /** The entries of a range in reading order. */
  page(feedId: number, range: Range): Promise<HeldEntry[]>;
  entry(feed: string, key: string): Promise<StoredEntry | undefined>;
  /** Appends each of these, independent of one another, and resolves when all are durable. */
  append(appends: Append[]): Promise<Appended[]>;
  /**
   * Changes one entry in place under a lock.
   * @returns the entry as it then stands; undefined when there is none
   */
  revise(revision: Revision): Promise<StoredEntry | undefined>;
  /** Removes a feed and all it holds; false when there is none. */
  removeFeed(name: string): Promise<boolean>;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** The database cannot do it now: locked for too long, away, full, or read-only. Nothing was stored. */
export class StoreUnavailable extends Error {
  constructor(cause: unknown) {
    super('The database does not answer.', { cause });
    this.name = 'StoreUnavailable';
  }
}
