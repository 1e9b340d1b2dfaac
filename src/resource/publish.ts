/** Publishing: a body becomes entries at the end of a feed. */
import { hash } from 'node:crypto';
import { decodeXml } from '../atom/decode.js';
import { storedXml, writeEntryDocument } from '../atom/entry.js';
import { writeFeed } from '../atom/feed.js';
import { atomIdOfIdempotencyKey, keyOfAtomId, newAtomId, now, segmentOfAtomId } from '../atom/ids.js';
import type { HeldEntry, SentDocument, SentEntry } from '../atom/model.js';
import { parseDocument } from '../atom/parse.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import type { Append, Appended, NewEntry } from '../store/store.js';
import { entryTag, expectationsOf } from './conditions.js';
import { ATOM_ENTRY, ATOM_FEED, type Context } from './context.js';

const XML_TYPES = new Set(['application/atom+xml', 'application/xml', 'text/xml', '']);
const FORM = 'application/x-www-form-urlencoded';

/** `POST` to a feed. */
export async function publish(
  context: Context,
  request: HttpRequest,
  name: string,
  url: string,
): Promise<HttpResponse> {
  const expect = expectationsOf(request.headers);
  const document = await readDocument(request, context.settings.maxEntryBytes);
  const keyed = request.headers['idempotency-key'];
  if (keyed !== undefined && document.kind === 'feed') {
    throw new HttpError(400, 'Idempotency-Key goes with a single entry; give the entries of a feed ids of their own.');
  }
  const entries = document.entries.map((sent) => newEntry(sent, name, keyed));
  const append: Append = { feed: name, feedAtomId: newAtomId(now()), entries, expect };
  const result = await context.publisher.publish(append);
  const { held, repeated } = outcome(result, append);
  const minimal = prefersMinimal(request.headers.prefer);
  return document.kind === 'entry'
    ? createdEntry(context, held[0]!, url, repeated, minimal)
    : createdBatch(context, held, url, repeated, minimal);
}

/**
 * The Atom document of a body.
 * @throws HttpError 413, 415, 400, 422 as the contract says
 */
export async function readDocument(request: HttpRequest, limit: number): Promise<SentDocument> {
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '').split(';').map((part) => part.trim());
  const mediaType = type.toLowerCase();
  const form = mediaType === FORM;
  if (!form && !XML_TYPES.has(mediaType)) {
    throw new HttpError(415, `${type.slice(0, 80)} is not accepted here; send an Atom entry as application/atom+xml.`);
  }
  if (request.headers['content-encoding'] !== undefined && request.headers['content-encoding'] !== 'identity') {
    throw new HttpError(415, 'A body with a content encoding is not accepted here; send it as it is.', {
      headers: { 'accept-encoding': 'identity' },
    });
  }
  const bytes = await request.bytes(limit);
  if (bytes.length === 0) throw new HttpError(400, 'The body is empty; an Atom entry is needed here.');
  const charset = parameters.find((parameter) => /^charset\s*=/i.test(parameter))?.replace(/^[^=]*=\s*"?|"$/g, '');
  const text = decodeXml(bytes, form ? undefined : charset);
  // What `curl -d` sends is labelled as a form, whatever it is.
  if (form && !/^\s*</.test(text)) {
    throw new HttpError(415, `A form is not accepted here; send an Atom entry (curl -d '<entry>…</entry>' will do).`);
  }
  return parseDocument(text);
}

/** What is kept of an entry that was sent. */
function newEntry(sent: SentEntry, feed: string, idempotencyKey: string | undefined): NewEntry {
  const at = now();
  const atomId =
    sent.id ?? (idempotencyKey === undefined ? newAtomId(at) : atomIdOfIdempotencyKey(feed, idempotencyKey));
  return {
    key: keyOfAtomId(atomId),
    atomId,
    xml: storedXml(sent, { atomId, published: at, edited: at }),
    digest: hash('sha256', `${sent.open}\n${sent.inner}`, 'base64url'),
    at,
    hasAuthor: sent.hasAuthor,
  };
}

/** The entries as they now stand, or the error that says why nothing was stored. */
function outcome(result: Appended, append: Append): { held: HeldEntry[]; repeated: boolean } {
  switch (result.kind) {
    case 'appended':
      return { held: append.entries.map(asHeld), repeated: false };
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

function asHeld({ atomId, xml, at, hasAuthor }: NewEntry): HeldEntry {
  return { position: 0, atomId, xml, editedAt: at, hasAuthor, deleted: false };
}

function createdEntry(
  { settings }: Context,
  entry: HeldEntry,
  url: string,
  repeated: boolean,
  minimal: boolean,
): HttpResponse {
  const location = `${url}/entries/${segmentOfAtomId(entry.atomId)}`;
  return {
    status: 201,
    headers: {
      'content-type': ATOM_ENTRY,
      location,
      'content-location': location,
      etag: entryTag(keyOfAtomId(entry.atomId), entry.editedAt),
      'cache-control': 'no-cache',
      ...(repeated ? { 'idempotency-replayed': 'true' } : {}),
      ...(minimal ? { 'preference-applied': 'return=minimal' } : {}),
    },
    ...(minimal ? {} : { body: writeEntryDocument(entry, url, settings.author) }),
  };
}

function createdBatch(
  { settings }: Context,
  entries: HeldEntry[],
  url: string,
  repeated: boolean,
  minimal: boolean,
): HttpResponse {
  const shown = minimal ? entries.map((entry) => ({ ...entry, xml: idOnly(entry) })) : entries;
  const body = writeFeed({
    atomId: newAtomId(now()),
    title: 'Stored entries',
    author: settings.author,
    updated: entries.reduce((newest, { editedAt }) => Math.max(newest, editedAt), 0),
    url,
    links: [{ rel: 'via', href: url }],
    entries: shown,
  });
  return {
    status: 201,
    headers: {
      'content-type': ATOM_FEED,
      location: url,
      'cache-control': 'no-cache',
      ...(repeated ? { 'idempotency-replayed': 'true' } : {}),
      ...(minimal ? { 'preference-applied': 'return=minimal' } : {}),
    },
    body,
  };
}

function idOnly({ atomId }: HeldEntry): string {
  return `<entry><id>${atomId.replace(/&/g, '&amp;').replace(/</g, '&lt;')}</id></entry>`;
}

/** `Prefer: return=minimal` (RFC 7240 §4.2). */
export function prefersMinimal(prefer: string | undefined): boolean {
  return prefer !== undefined && /(^|[,\s])return\s*=\s*"?minimal"?\s*($|[,;])/i.test(prefer);
}
