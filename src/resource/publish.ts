/** Publishing: a body becomes entries at the end of a feed. */
import { hash } from 'node:crypto';
import { storedXml, writeEntryDocument } from '../atom/entry.js';
import { defaultMetadata, writeFeed } from '../atom/feed.js';
import { atomIdOfIdempotencyKey, keyOfAtomId, newAtomId, now } from '../atom/ids.js';
import type { HeldEntry, SentEntry } from '../atom/model.js';
import { parseDocument } from '../atom/parse.js';
import { escapeText } from '../atom/xml.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import type { Append, Appended, NewEntry, NewMedia } from '../store/store.js';
import { isDocument, prefersMinimal, readXml } from './body.js';
import { entryTag, expectationsOf } from './conditions.js';
import { ATOM_ENTRY, ATOM_FEED, type Context } from './context.js';
import { publishMedia } from './media-upload.js';
import { addressOf } from './member.js';

/** `POST` to a feed; `url` is its address. */
export function publish(context: Context, request: HttpRequest, name: string, url: string): Promise<HttpResponse> {
  return isDocument(request) ? publishDocument(context, request, name, url) : publishMedia(context, request, name, url);
}

async function publishDocument(
  context: Context,
  request: HttpRequest,
  name: string,
  url: string,
): Promise<HttpResponse> {
  const expect = expectationsOf(request.headers);
  const document = parseDocument(await readXml(request, context.settings.maxEntryBytes));
  const keyed = request.headers['idempotency-key'];
  if (keyed !== undefined && document.kind === 'feed') {
    throw new HttpError(400, 'Idempotency-Key goes with a single entry; give the entries of a feed ids of their own.');
  }
  const at = document.kind === 'feed' ? undefined : now();
  const entries = document.entries.map((sent) =>
    newEntry(sent, {
      at: at ?? now(),
      feed: name,
      idempotencyKey: keyed,
      digest: hash('sha256', `${sent.open}\n${sent.inner}`, 'base64url'),
    }),
  );
  const append: Append = { feed: name, feedAtomId: newAtomId(now()), entries, expect };
  const result = outcome(await context.publisher.publish(append), append);
  const minimal = prefersMinimal(request.headers.prefer);
  return document.kind === 'entry'
    ? createdEntry(context, result, url, minimal)
    : createdBatch(context, result, url, minimal);
}

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
  { settings }: Context,
  { held: [entry], repeated }: Outcome,
  url: string,
  minimal: boolean,
): HttpResponse {
  const { atomId, editedAt } = entry!;
  const location = addressOf(url, atomId);
  return {
    status: 201,
    headers: {
      'content-type': ATOM_ENTRY,
      location,
      'content-location': location,
      etag: entryTag(keyOfAtomId(atomId), editedAt),
      ...createdHeaders(repeated, minimal),
    },
    ...(minimal ? {} : { body: writeEntryDocument(entry!, url, settings.author) }),
  };
}

function createdBatch({ settings }: Context, { held, repeated }: Outcome, url: string, minimal: boolean): HttpResponse {
  const body = writeFeed({
    atomId: newAtomId(now()),
    metadata: defaultMetadata('Stored entries', settings.author),
    updated: held.reduce((newest, { editedAt }) => Math.max(newest, editedAt), 0),
    url,
    links: [{ rel: 'via', href: url }],
    entries: minimal ? held.map((entry) => ({ ...entry, xml: idOnly(entry), media: undefined })) : held,
  });
  return {
    status: 201,
    headers: { 'content-type': ATOM_FEED, location: url, ...createdHeaders(repeated, minimal) },
    body,
  };
}

function createdHeaders(repeated: boolean, minimal: boolean): Record<string, string> {
  return {
    'cache-control': 'no-cache',
    ...(repeated ? { 'idempotency-replayed': 'true' } : {}),
    ...(minimal ? { 'preference-applied': 'return=minimal' } : {}),
  };
}

function idOnly({ atomId }: HeldEntry): string {
  return `<entry><id>${escapeText(atomId)}</id></entry>`;
}
