/** What AtomMQ asks of a database: an ordered log per feed. Nothing here knows Knex, SQL or XML. */
import type { Category, HeldEntry, Media } from '../atom/model.js';

/** How Knex reaches a database. */
export interface DatabaseSettings {
  client: string;
  connection: Record<string, unknown>;
}

/**
 * Bytes of a blob's chunks, all but the last: what the plain binary type of every database takes (65,535 bytes in
 * MySQL). It is part of what is stored and never changes.
 */
export const CHUNK = 48 * 1024;

/** A feed as it stands. */
export interface Feed {
  feedId: number;
  /** Lower-case, decoded. */
  name: string;
  /** The feed's own `atom:id`. */
  atomId: string;
  /** The position of the last entry; 0 while there is none. Positions have no gaps and never restart. */
  head: number;
  /** Entries up to this position have been removed by retention; 0 while none has. */
  floor: number;
  /** Bytes of all entries and media resources that are held. */
  bytes: number;
  /** How many revisions and deletions the feed has seen, those of its metadata included: pages read before one are stale. */
  edits: number;
  /** Microseconds since 1970. */
  createdAt: number;
  /** The `feed` element that somebody PUT (`metadataOf`), and the text of its title. */
  metadata: string | undefined;
  title: string | undefined;
  /** When the metadata was last set, microseconds since 1970; 0 for never. */
  metadataAt: number;
}

/** What there is of a feed, in numbers. */
export type FeedHead = Pick<Feed, 'name' | 'head' | 'floor' | 'bytes'>;

/** An entry with what only the store cares for. */
export interface StoredEntry extends HeldEntry {
  /** SHA-256 of what the publisher sent first, in base64url: tells a repeat from another entry of the same id. */
  digest: string;
  /** Microseconds since 1970. */
  publishedAt: number;
  media: StoredMedia | undefined;
}

/** A media resource with what only the store cares for. */
export interface StoredMedia extends Media {
  /** SHA-256 of its bytes in base64url. */
  digest: string;
  /** The blob that holds its bytes. */
  blobId: string;
}

/** A media resource to keep: its blob was written before, or its bytes come with it. */
export interface NewMedia extends StoredMedia {
  chunks?: Buffer[] | undefined;
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
  categories: Category[];
  media?: NewMedia | undefined;
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
  | {
      kind: 'appended';
      /** The entries that were there already, by their index: of a batch only the others were stored. */
      repeated?: Map<number, StoredEntry>;
    }
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

/** What an entry becomes. */
export interface Revised {
  xml: string;
  hasAuthor: boolean;
  categories: Category[];
  /** Absent where the media resource stays as it is. */
  media?: NewMedia;
}

/** A change of an entry that stands. */
export interface Revision {
  feed: string;
  key: string;
  /** The new element, made from the entry as it stands under lock; undefined deletes the content, throwing leaves all as it is. */
  change: (current: StoredEntry, editedAt: number) => Revised | undefined;
  /** Microseconds since 1970. */
  at: number;
}

/** What a feed says of itself, to be kept. */
export interface MetadataChange {
  feed: string;
  /** The `atom:id` that the feed gets if this makes it. */
  feedAtomId: string;
  /** What is kept, made from the feed as it stands under lock (undefined where it does not exist); throwing leaves all as it is. */
  change: (current: Feed | undefined) => { metadata: string; title: string | undefined };
  /** Microseconds since 1970. */
  at: number;
}

/** When an entry came. */
export interface EntryTime {
  position: number;
  /** Microseconds since 1970. */
  publishedAt: number;
}

/** A category and how a feed's categories are told apart. */
export interface FeedCategory extends Category {
  feedId: number;
}

/** What retention keeps of a feed; an absent limit limits nothing. */
export interface Retention {
  /** Entries that were published before this time go, microseconds since 1970. */
  before?: number | undefined;
  maxEntries?: number | undefined;
  maxBytes?: number | undefined;
}

/**
 * The store. Every method may throw {@link StoreUnavailable}; what it throws otherwise is a defect.
 *
 * The order promise: an entry's position is taken under a lock of its feed that is held until the commit, so entries
 * become visible in the order of their positions, and whoever has seen position N has seen all before it.
 *
 * Replicas: where a feed stands is always asked of the database that is written to, so positions never go backwards. Only
 * pages are read from a replica, and only one that holds, in the statement that reads the page, all that the page
 * may have: no less than the head that was seen (or the end of the page), the floor and the number of edits. A replica
 * that lags, is away or fails costs a question; the page then comes from the database itself.
 */
export interface Store {
  /** To how many feeds entries may be appended at the same time; 1 where the database has one lock for all. */
  readonly lanes: number;
  /** How many bytes of entries to append at once. */
  readonly flushBytes: number;
  /** The feed as of a moment not before this call. */
  feed(name: string): Promise<Feed | undefined>;
  /** Those of these feeds that there are, as of a moment not before this call. */
  feedsNamed(names: string[]): Promise<Feed[]>;
  /**
   * Tells of feeds that may have changed: those that were written to through this store at once, what other processes
   * wrote as soon as the database tells, where it does. Names are undefined where nobody knows which.
   * @returns what ends it
   */
  onChange(listener: (feeds?: string[]) => void): () => void;
  /** How often who waits should look for what nobody told of, in milliseconds: while something happens, and otherwise. */
  readonly pace: { busy: number; idle: number };
  /** All feeds by name. */
  feeds(): Promise<Feed[]>;
  /** How far the oldest feeds have come, so many at most: those shown stay the same as more are made. */
  heads(limit: number): Promise<FeedHead[]>;
  /** Feeds by name, after one of them (`''` for the first), whose name holds a text; at most `limit`. */
  feedsAfter(after: string, holding: string, limit: number): Promise<Feed[]>;
  /** When the entries at these positions were published, in the order of the positions; those that are not held are left out. */
  times(feedId: number, positions: number[]): Promise<EntryTime[]>;
  /** The position of an entry, deleted or not. */
  position(feed: Feed, key: string): Promise<number | undefined>;
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
  /** Sets what a feed says of itself, making the feed where there is none. */
  setMetadata(change: MetadataChange): Promise<{ feed: Feed; created: boolean }>;
  /**
   * Removes a feed at once, and then all that it held, in small transactions; false when there is none.
   * @param check is given the feed as it stands under lock; throwing leaves all as it is
   */
  removeFeed(name: string, check?: (current: Feed) => void): Promise<boolean>;

  /** The categories that entries of a feed have, by scheme and term; at most `limit`. */
  categories(feedId: number, limit: number): Promise<Category[]>;
  /** The same for every feed at once, at most `limit` of each. */
  allCategories(limit: number): Promise<FeedCategory[]>;
  /** The terms of a scheme that entries of a feed have, or had before they were deleted or removed; at most `limit`. */
  terms(feedId: number, scheme: string, limit: number): Promise<string[]>;

  /** Writes the next chunks of a blob that no entry has yet; one that never gets an entry is removed after a day. */
  writeBlob(blobId: string, first: number, chunks: Buffer[]): Promise<void>;
  /** Chunks of a blob, from one on, at most `count`. */
  readBlob(blobId: string, first: number, count: number): Promise<Buffer[]>;
  /** Takes back a blob that was written and got no entry. */
  dropBlob(blobId: string): Promise<void>;

  /**
   * Removes the oldest entries that are beyond a limit, at most some hundreds in one short transaction.
   * @returns how many were removed; 0 when none is left to remove
   */
  prune(feedId: number, retention: Retention): Promise<number>;
  /** Whether the feed held an entry that retention has removed since. */
  wasRemoved(feedId: number, key: string): Promise<boolean>;
  /** Removes what is left of feeds and uploads that were broken off. */
  tidy(): Promise<void>;
  /** Takes or keeps a lease of that name for so many seconds; false when somebody else holds it. */
  lease(name: string, holder: string, seconds: number): Promise<boolean>;

  /** Resolves when the database answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Most characters of an error that are worth a place in a log. */
const MOST_WORDS = 300;

/**
 * The database cannot do it now: locked for too long, away, full, or read-only. Nothing was stored, except perhaps
 * where it went away in the middle and was not back before the deadline: then the entry's id tells when it is sent again.
 */
export class StoreUnavailable extends Error {
  constructor(cause: unknown) {
    super(`The database does not answer: ${wordsOf(cause)}`, { cause });
    this.name = 'StoreUnavailable';
  }
}

/** What the database or its driver said, for the log: without the statement that Knex puts before it, which has values in it. */
function wordsOf(cause: unknown): string {
  const { message, sqlMessage } = (cause ?? {}) as { message?: unknown; sqlMessage?: unknown };
  const words = String(sqlMessage ?? message ?? cause);
  const at = sqlMessage === undefined ? words.lastIndexOf(' - ') : -1;
  return words.slice(at < 0 ? 0 : at + 3).slice(0, MOST_WORDS);
}
