/** Rows of the tables, and what they become. */
import { hash } from 'node:crypto';
import type { HeldEntry } from '../atom/model.js';
import type { Feed, StoredEntry } from './store.js';

export interface FeedRow {
  feed_id: number;
  name: string;
  atom_id: string;
  head: number | string;
  floor: number | string;
  bytes: number | string;
  edits: number | string;
  created_at: number | string;
  metadata: string | null;
  title: string | null;
  metadata_at: number | string;
}

/** What a page reads of an entry. Drivers give 64-bit integers as numbers or as strings. */
export interface HeldRow {
  position: number | string;
  atom_id: string;
  edited_at: number | string;
  has_author: number;
  deleted: number;
  media_type: string | null;
  media_size: number | string | null;
  xml: string;
}

export interface EntryRow extends HeldRow {
  feed_id: number;
  entry_key: string;
  digest: string;
  published_at: number | string;
  size: number;
  media_digest: string | null;
  blob_id: string | null;
  /**
   * SHA-256 of the XML in base64url, where `digest` does not tell: of media link entries and of what was revised. The
   * statements that append leave it NULL.
   */
  xml_digest: string | null;
}

/** What `xml_digest` has for this XML. */
export function xmlDigest(xml: string): string {
  return hash('sha256', xml, 'base64url');
}

export interface TimeRow {
  position: number | string;
  published_at: number | string;
}

export interface CategoryRow {
  feed_id: number;
  term: string;
  scheme: string | null;
  label: string | null;
}

export function asFeed(row: FeedRow): Feed {
  return {
    feedId: Number(row.feed_id),
    name: row.name,
    atomId: row.atom_id,
    head: Number(row.head),
    floor: Number(row.floor),
    bytes: Number(row.bytes),
    edits: Number(row.edits),
    createdAt: Number(row.created_at),
    metadata: row.metadata ?? undefined,
    title: row.title ?? undefined,
    metadataAt: Number(row.metadata_at),
  };
}

export function asHeld(row: HeldRow): HeldEntry {
  return {
    position: Number(row.position),
    atomId: row.atom_id,
    xml: row.xml,
    editedAt: Number(row.edited_at),
    hasAuthor: row.has_author === 1,
    deleted: row.deleted === 1,
    media: row.media_type === null ? undefined : { type: row.media_type, size: Number(row.media_size) },
  };
}

export function asStored(row: EntryRow): StoredEntry {
  const { media_type: type, media_size: size, media_digest: digest, blob_id: blobId } = row;
  return {
    ...asHeld(row),
    digest: row.digest,
    publishedAt: Number(row.published_at),
    media:
      type === null || digest === null || blobId === null ? undefined : { type, size: Number(size), digest, blobId },
  };
}

export interface ChunkRow {
  data: Buffer;
}
