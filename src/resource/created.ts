/** From what was sent to what is stored, and the answer that says so. */
import { storedXml, writeEntryDocument } from '../atom/entry.js';
import { defaultMetadata, writeFeed } from '../atom/feed.js';
import { atomIdOfIdempotencyKey, keyOfAtomId, newAtomId, now } from '../atom/ids.js';
import type { HeldEntry, SentEntry } from '../atom/model.js';
import { escapeText } from '../atom/xml.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import type { Append, Appended, NewEntry, NewMedia } from '../store/store.js';
import { prefersMinimal } from './body.js';
import { entryTag } from './conditions.js';
import { ATOM_ENTRY, ATOM_FEED, type Context, SANDBOX, TOMBSTONE } from './context.js';
import { addressOf } from './member.js';
import { variantOf } from './variant.js';

/** What an entry is given beyond what was sent. */
export interface Given {
  /** Microseconds since 1970. */
  at: number;
  feed: string;
  idempotencyKey: string | undefined;
  /** Tells a repeat from another entry of the same id. */
  digest: string;
  media?: NewMedia;
}

/** What is kept of an entry that was sent. */
export function newEntry(sent: SentEntry, { at, feed, idempotencyKey, digest, media }: Given): NewEntry {
  const atomId =
    sent.id ?? (idempotencyKey === undefined ? newAtomId(at) : atomIdOfIdempotencyKey(feed, idempotencyKey));
  return {
    key: keyOfAtomId(atomId),
    atomId,
    xml: storedXml(sent, { atomId, published: at, edited: at }),
    digest,
    at,
    hasAuthor: sent.hasAuthor,
    categories: sent.categories,
    media,
  };
}

/** The entries of a request as they now stand. */
export interface Outcome {
  held: HeldEntry[];
  /** All of them were there already. */
  repeated: boolean;
}

/** @throws HttpError that says why nothing was stored */
export function outcome(result: Appended, append: Append): Outcome {
  switch (result.kind) {
    case 'appended':
      return { held: append.entries.map((entry, i) => result.repeated?.get(i) ?? asHeld(entry)), repeated: false };
    case 'repeated':
      return { held: result.entries, repeated: true };
    case 'conflict': {
      const { atomId } = append.entries[result.index]!;
      throw new HttpError(409, `The feed holds another entry with the id ${JSON.stringify(atomId)} already.`, {
        members: append.entries.length > 1 ? { index: result.index } : {},
      });
    }
    case 'unexpected':
      throw new HttpError(412, 'The feed is not as the request expects it to be: something was appended since.');
  }
}

function asHeld({ atomId, xml, at, hasAuthor, media }: NewEntry): HeldEntry {
  return { position: 0, atomId, xml, editedAt: at, hasAuthor, deleted: false, media };
}

/** The 201 to a single entry. */
export function createdEntry(
  { settings: { author } }: Context,
  request: HttpRequest,
  { held: [entry], repeated }: Outcome,
  url: string,
): HttpResponse {
  const minimal = prefersMinimal(request.headers.prefer);
  const { atomId, editedAt, deleted } = entry!;
  const location = addressOf(url, atomId);
  const headers: Record<string, string> = { 'content-type': deleted ? TOMBSTONE : ATOM_ENTRY, location };
  // One that was deleted since is still the one that was sent; but there is no entry to show any more.
  if (!deleted) {
    headers['content-location'] = location;
    headers.etag = entryTag(keyOfAtomId(atomId), editedAt, variantOf(request.base, author));
  }
  const response: HttpResponse = { status: 201, headers: createdHeaders(headers, repeated, minimal) };
  if (!minimal) response.body = writeEntryDocument(entry!, url, author);
  return response;
}

/** The 201 to a feed document: a feed of the stored entries. */
export function createdBatch(
  { settings }: Context,
  request: HttpRequest,
  { held, repeated }: Outcome,
  url: string,
): HttpResponse {
  const minimal = prefersMinimal(request.headers.prefer);
  const body = writeFeed({
    atomId: newAtomId(now()),
    metadata: defaultMetadata('Stored entries', settings.author),
    updated: held.reduce((newest, { editedAt }) => Math.max(newest, editedAt), 0),
    url,
    links: [{ rel: 'via', href: url }],
    entries: minimal ? held.map((entry) => ({ ...entry, xml: idOnly(entry), media: undefined })) : held,
  });
  const headers = { 'content-type': ATOM_FEED, location: url };
  return { status: 201, headers: createdHeaders(headers, repeated, minimal), body };
}

/** Adds to the fields of a 201 what every one has. */
export function createdHeaders(
  headers: Record<string, string>,
  repeated: boolean,
  minimal: boolean,
): Record<string, string> {
  headers['cache-control'] = 'no-cache';
  Object.assign(headers, SANDBOX);
  if (repeated) headers['idempotency-replayed'] = 'true';
  if (minimal) headers['preference-applied'] = 'return=minimal';
  return headers;
}

function idOnly({ atomId }: HeldEntry): string {
  return `<entry><id>${escapeText(atomId)}</id></entry>`;
}
