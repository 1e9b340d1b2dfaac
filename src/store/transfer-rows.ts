/** Rows as they are moved between databases: with numbers for numbers, whatever a driver gives. */
import type { EntryRow, FeedRow } from './rows.js';

/** A feed's row with numbers for numbers, whatever the driver gives; `feedId` is this database's own. */
export interface RawFeed {
  feedId: number;
  name: string;
  atomId: string;
  head: number;
  floor: number;
  bytes: number;
  edits: number;
  createdAt: number;
  metadata: string | null;
  title: string | null;
  metadataAt: number;
}

/** What tells two states of an entry apart without its content. */
export interface RawOutline {
  position: number;
  key: string;
  digest: string;
  editedAt: number;
  /** Bytes of its XML. */
  size: number;
  blobId: string | null;
}

/** An entry's row, and the keys of its categories in order. */
export interface RawEntry extends RawOutline {
  atomId: string;
  publishedAt: number;
  hasAuthor: number;
  deleted: number;
  mediaType: string | null;
  mediaSize: number | null;
  mediaDigest: string | null;
  xmlDigest: string | null;
  xml: string;
  tags: string[];
}

/** A row of a feed's dictionary of categories. */
export interface RawCategory {
  key: string;
  term: string;
  scheme: string | null;
  label: string | null;
}

export function asRawFeed(row: FeedRow): RawFeed {
  return {
    feedId: row.feed_id,
    name: row.name,
    atomId: row.atom_id,
    head: Number(row.head),
    floor: Number(row.floor),
    bytes: Number(row.bytes),
    edits: Number(row.edits),
    createdAt: Number(row.created_at),
    metadata: row.metadata,
    title: row.title,
    metadataAt: Number(row.metadata_at),
  };
}

/** All of a feed's row but its name and its number. */
export function asRow(feed: RawFeed) {
  return {
    atom_id: feed.atomId,
    head: feed.head,
    floor: feed.floor,
    bytes: feed.bytes,
    edits: feed.edits,
    created_at: feed.createdAt,
    metadata: feed.metadata,
    title: feed.title,
    metadata_at: feed.metadataAt,
  };
}

export function asOutline(row: EntryRow): RawOutline {
  return {
    position: Number(row.position),
    key: row.entry_key,
    digest: row.digest,
    editedAt: Number(row.edited_at),
    size: Number(row.size),
    blobId: row.blob_id,
  };
}

export function asRawEntry(row: EntryRow, tags: string[]): RawEntry {
  return {
    ...asOutline(row),
    atomId: row.atom_id,
    publishedAt: Number(row.published_at),
    hasAuthor: Number(row.has_author),
    deleted: Number(row.deleted),
    mediaType: row.media_type,
    mediaSize: row.media_size === null ? null : Number(row.media_size),
    mediaDigest: row.media_digest,
    xmlDigest: row.xml_digest,
    xml: row.xml,
    tags,
  };
}

export function asEntryRow(feedId: number, entry: RawEntry) {
  return {
    feed_id: feedId,
    position: entry.position,
    entry_key: entry.key,
    atom_id: entry.atomId,
    digest: entry.digest,
    published_at: entry.publishedAt,
    edited_at: entry.editedAt,
    has_author: entry.hasAuthor,
    deleted: entry.deleted,
    size: entry.size,
    media_type: entry.mediaType,
    media_size: entry.mediaSize,
    media_digest: entry.mediaDigest,
    xml_digest: entry.xmlDigest,
    blob_id: entry.blobId,
    xml: entry.xml,
  };
}
