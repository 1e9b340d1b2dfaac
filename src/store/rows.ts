/** Rows of the tables, and what they become. */
import type { HeldEntry } from '../atom/model.js';
import type { Feed, StoredEntry } from './store.js';

export interface FeedRow {
  feed_id: number;
  name: string;
  atom_id: string;
  head: number | string;
  edits: number | string;
  created_at: number | string;
}

/** What a page reads of an entry. Drivers give 64-bit integers as numbers or as strings. */
export interface HeldRow {
  position: number | string;
  atom_id: string;
  edited_at: number | string;
  has_author: number;
  deleted: number;
  xml: string;
}

export interface EntryRow extends HeldRow {
  feed_id: number;
  entry_key: string;
  digest: string;
  published_at: number | string;
  size: number;
}

export function asFeed(row: FeedRow): Feed {
  return {
    feedId: row.feed_id,
    name: row.name,
    atomId: row.atom_id,
    head: Number(row.head),
    edits: Number(row.edits),
    createdAt: Number(row.created_at),
  };
}

export function asEntry(row: EntryRow): StoredEntry;
export function asEntry(row: HeldRow): HeldEntry;
export function asEntry(row: HeldRow & Partial<EntryRow>): HeldEntry & Partial<StoredEntry> {
  const held: HeldEntry = {
    position: Number(row.position),
    atomId: row.atom_id,
    xml: row.xml,
    editedAt: Number(row.edited_at),
    hasAuthor: row.has_author === 1,
    deleted: row.deleted === 1,
  };
  return row.digest === undefined ? held : { ...held, digest: row.digest, publishedAt: Number(row.published_at) };
}
