/** Stores for tests, and entries to put into them. */
import { keyOfAtomId, newAtomId, now } from '../../src/atom/ids.js';
import type { HeldEntry } from '../../src/atom/model.js';
import { parseDatabase } from '../../src/config/database.js';
import { type Database, type OpenOptions, openDatabase } from '../../src/store/dialect.js';
import { KnexStore } from '../../src/store/knex.js';
import type { Append, Expectation, NewEntry, Store } from '../../src/store/store.js';

export const OPTIONS: OpenOptions = { busyTimeout: 10, poolSize: 6, connectTimeout: 5, queryTimeout: 20 };

export interface OpenStore {
  store: KnexStore;
  database: Database;
}

/** Opens a database by its name. */
export async function openStore(name: string, options: Partial<OpenOptions> = {}): Promise<OpenStore> {
  const database = await openDatabase(parseDatabase(name), { ...OPTIONS, ...options });
  return { database, store: new KnexStore(database, { retryDeadline: 10 }) };
}

/** An entry that is found by its id; the same id and text is the same entry sent again. */
export function entry(id: string, text = id, more: Partial<NewEntry> = {}): NewEntry {
  return {
    key: keyOfAtomId(id),
    atomId: id,
    xml: `<entry><id>${id}</id><title>${text}</title></entry>`,
    digest: text.padEnd(43, '.').slice(0, 43),
    at: now(),
    hasAuthor: false,
    categories: [],
    ...more,
  };
}

export function append(feed: string, entries: NewEntry[], expect?: Expectation[]): Append {
  return { feed, feedAtomId: newAtomId(now()), entries, expect };
}

/** All that a feed holds, page by page, each page after the last entry of the one before. */
export async function readAll(store: Store, name: string, limit = 100): Promise<HeldEntry[]> {
  const held: HeldEntry[] = [];
  for (;;) {
    const feed = await store.feed(name);
    if (feed === undefined) return held;
    const from = held.at(-1)?.position ?? 0;
    const page = await store.page(feed.feedId, { from, descending: false, limit, bytes: 1e9 });
    held.push(...page);
    if (page.length === 0) return held;
  }
}

/** The ids of all that a feed holds, in order. */
export async function idsOf(store: Store, name: string): Promise<string[]> {
  return (await readAll(store, name)).map(({ atomId }) => atomId);
}
