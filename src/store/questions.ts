/** What is asked of a database all the time, as SQL that SQLite, PostgreSQL, MySQL and MariaDB all take. */
import type { HeldEntry } from '../atom/model.js';
import { REMOVED } from './retention.js';
import {
  asHeld,
  type CategoryRow,
  type ChunkRow,
  type EntryRow,
  type FeedRow,
  type HeldRow,
  type TimeRow,
} from './rows.js';
import type { Range } from './store.js';

/** What is asked all the time. */
export interface Questions {
  feed(name: string): Promise<FeedRow | undefined>;
  feedsNamed(names: string[]): Promise<FeedRow[]>;
  /** All feeds by name, without those that were removed. */
  feeds(): Promise<FeedRow[]>;
  /** How far the oldest of them have come, so many at most. */
  heads(limit: number): Promise<HeadRow[]>;
  /** @param pattern for `LIKE`, with `!` before what stands for itself */
  feedsAfter(after: string, pattern: string, limit: number): Promise<FeedRow[]>;
  times(feedId: number, positions: number[]): Promise<TimeRow[]>;
  /** Feeds that were removed and still have rows. */
  removed(): Promise<FeedRow[]>;
  position(feedId: number, key: string): Promise<number | undefined>;
  page(feedId: number, range: Range): Promise<HeldEntry[]>;
  /** A page and how the feed stands in the same moment; undefined for a feed that is not there. */
  pageAt?(feedId: number, range: Range): Promise<PageAt | undefined>;
  entry(feed: string, key: string): Promise<EntryRow | undefined>;
  categories(feedId: number, limit: number): Promise<CategoryRow[]>;
  allCategories(limit: number): Promise<CategoryRow[]>;
  terms(feedId: number, scheme: string, limit: number): Promise<Pick<CategoryRow, 'term'>[]>;
  wasRemoved(feedId: number, keyHash: number): Promise<boolean>;
  chunks(blobId: string, first: number, count: number): Promise<ChunkRow[]>;
  schemaVersion(): Promise<number>;
}

/** A page, and how its feed stood when it was read. */
export interface PageAt extends State {
  entries: HeldEntry[];
}

/** What there is of a feed, in numbers. */
export type HeadRow = Pick<FeedRow, 'name' | 'head' | 'floor' | 'bytes'>;

/** How far a feed has come. None of these numbers ever falls. */
export interface State {
  head: number;
  floor: number;
  edits: number;
}

const FEED = 'SELECT * FROM mq_feed WHERE name = ?';
const FEEDS = `SELECT * FROM mq_feed WHERE name NOT LIKE '${REMOVED}%' ORDER BY name`;
const HEADS = `SELECT name, head, floor, bytes FROM mq_feed WHERE name NOT LIKE '${REMOVED}%' ORDER BY feed_id LIMIT ?`;
const FEEDS_AFTER = `SELECT * FROM mq_feed
  WHERE name > ? AND name LIKE ? ESCAPE '!' AND name NOT LIKE '${REMOVED}%' ORDER BY name LIMIT ?`;
const REMOVED_FEEDS = `SELECT * FROM mq_feed WHERE name LIKE '${REMOVED}%'`;
const POSITION = 'SELECT position FROM mq_entry WHERE feed_id = ? AND entry_key = ?';
const ENTRY = `SELECT e.* FROM mq_entry e JOIN mq_feed f ON f.feed_id = e.feed_id WHERE f.name = ? AND e.entry_key = ?`;
// Databases differ about where NULL comes.
const BY_CATEGORY = `coalesce(c.scheme, ''), c.term`;
const CATEGORIES = `SELECT c.feed_id, c.term, c.scheme, c.label FROM mq_category c WHERE c.feed_id = ?
  AND EXISTS (SELECT 1 FROM mq_tag t WHERE t.feed_id = c.feed_id AND t.category_key = c.category_key)
  ORDER BY ${BY_CATEGORY} LIMIT ?`;
const ALL_CATEGORIES = `SELECT feed_id, term, scheme, label FROM (
    SELECT c.*, row_number() OVER (PARTITION BY c.feed_id ORDER BY ${BY_CATEGORY}) AS n FROM mq_category c
    WHERE EXISTS (SELECT 1 FROM mq_tag t WHERE t.feed_id = c.feed_id AND t.category_key = c.category_key)) numbered
  WHERE n <= ? ORDER BY feed_id, n`;
const TERMS = 'SELECT term FROM mq_category WHERE feed_id = ? AND scheme = ? LIMIT ?';
const WAS_REMOVED = 'SELECT feed_id FROM mq_removed WHERE feed_id = ? AND key_hash = ?';
const SCHEMA = `SELECT value FROM mq_meta WHERE name = 'schema'`;
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
const ASCENDING = pageSql(false);
const DESCENDING = pageSql(true);

/** The same in one statement, and so as of one moment, with the state of the feed in each row. */
function pageAtSql(descending: boolean): string {
  return `SELECT f.head AS feed_head, f.floor AS feed_floor, f.edits AS feed_edits, p.*
    FROM mq_feed f LEFT JOIN (${pageSql(descending)}) p ON 1 = 1
    WHERE f.feed_id = ? ORDER BY p.position ${descending ? 'DESC' : 'ASC'}`;
}
const ASCENDING_AT = pageAtSql(false);
const DESCENDING_AT = pageAtSql(true);

interface PageAtRow extends Omit<HeldRow, 'position'> {
  feed_head: number | string;
  feed_floor: number | string;
  feed_edits: number | string;
  /** NULL in the one row of an empty page. */
  position: number | string | null;
}

/** @param read runs one statement on a connection for reading; its parameters are question marks */
export function sqlQuestions(read: <R>(sql: string, bindings: unknown[]) => Promise<R[]>): Questions {
  const one = async <R>(sql: string, bindings: unknown[]) => (await read<R>(sql, bindings))[0];
  return {
    feed: (name) => one<FeedRow>(FEED, [name]),
    feedsNamed: (names) => {
      const bindings = padded(names);
      return read(`SELECT * FROM mq_feed WHERE name IN (${bindings.map(() => '?').join(', ')})`, bindings);
    },
    feeds: () => read(FEEDS, []),
    heads: (limit) => read(HEADS, [limit]),
    feedsAfter: (after, pattern, limit) => read(FEEDS_AFTER, [after, pattern, limit]),
    times: (feedId, positions) => {
      const bindings = padded(positions);
      const marks = bindings.map(() => '?').join(', ');
      const sql = `SELECT position, published_at FROM mq_entry WHERE feed_id = ? AND position IN (${marks}) ORDER BY position`;
      return read(sql, [feedId, ...bindings]);
    },
    removed: () => read(REMOVED_FEEDS, []),
    position: async (feedId, key) => {
      const row = await one<{ position: number | string }>(POSITION, [feedId, key]);
      return row && Number(row.position);
    },
    page: async (feedId, { from, descending, limit, bytes }) => {
      const sql = descending ? DESCENDING : ASCENDING;
      return (await read<HeldRow>(sql, [feedId, from, limit, bytes, feedId])).map(asHeld);
    },
    async pageAt(feedId, { from, descending, limit, bytes }) {
      const sql = descending ? DESCENDING_AT : ASCENDING_AT;
      const rows = await read<PageAtRow>(sql, [feedId, from, limit, bytes, feedId, feedId]);
      const [first] = rows;
      if (first === undefined) return undefined;
      const isEntry = (row: PageAtRow): row is PageAtRow & HeldRow => row.position !== null;
      return {
        head: Number(first.feed_head),
        floor: Number(first.feed_floor),
        edits: Number(first.feed_edits),
        entries: rows.filter(isEntry).map(asHeld),
      };
    },
    entry: (feed, key) => one<EntryRow>(ENTRY, [feed, key]),
    categories: (feedId, limit) => read(CATEGORIES, [feedId, limit]),
    allCategories: (limit) => read(ALL_CATEGORIES, [limit]),
    terms: (feedId, scheme, limit) => read(TERMS, [feedId, scheme, limit]),
    wasRemoved: async (feedId, keyHash) => (await read(WAS_REMOVED, [feedId, keyHash])).length > 0,
    chunks: (blobId, first, count) => read(CHUNKS, [blobId, first, first + count]),
    schemaVersion: async () => Number((await one<{ value: string }>(SCHEMA, []))?.value ?? 0),
  };
}

/** As many values as one of a few statements takes, so that few are prepared. */
function padded<Value>(values: Value[]): Value[] {
  let count = 1;
  while (count < values.length) count *= 4;
  return [...values, ...Array<Value>(count - values.length).fill(values.at(-1)!)];
}
