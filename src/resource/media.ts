/** A media resource at its own address (RFC 5023 §9.6): read whole or in part, replaced, deleted with its entry. */
import { hash } from 'node:crypto';
import { storedXml, withoutChild, writeEntryDocument } from '../atom/entry.js';
import { now } from '../atom/ids.js';
import { parseDocument, WIDEST } from '../atom/parse.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import { CHUNK, type Store, type StoredEntry, type StoredMedia } from '../store/store.js';
import { prefersMinimal } from './body.js';
import { checkChange, checkRead, isFresh, lastModified } from './conditions.js';
import { ATOM_ENTRY, type Context, IMMUTABLE, SANDBOX } from './context.js';
import { keepOrDrop, receiveMedia } from './media-upload.js';
import { addressOf, gone, keyOf, type Member, missing, removeMember } from './member.js';
import { rangeOf } from './range.js';
import { notModified } from './representation.js';

/** So many chunks are read at a time. */
const AT_ONCE = 16;

/** `GET` and `HEAD`: the bytes as they were sent, never as a page that acts in our origin. */
export async function readMedia(context: Context, request: HttpRequest, member: Member): Promise<HttpResponse> {
  let entry = await context.store.entry(member.feed, keyOf(member));
  for (;;) {
    const answer = await mediaAnswer(context, request, member, entry);
    if (answer !== undefined) return answer;
    const newest = await context.store.entry(member.feed, keyOf(member));
    if (newest?.media !== undefined && newest.media.blobId === entry?.media?.blobId) {
      throw new Error(`The blob ${newest.media.blobId} is not there.`);
    }
    entry = newest;
  }
}

/** The answer from an entry that was read before; undefined where its bytes have been replaced or deleted since. */
async function mediaAnswer(
  { store, policies }: Context,
  request: HttpRequest,
  member: Member,
  entry: StoredEntry | undefined,
): Promise<HttpResponse | undefined> {
  const media = mediaOf(entry, member);
  const etag = mediaTag(media);
  const { editedAt } = entry!;
  const headers = {
    'content-type': media.type,
    'cache-control': policies.of(member.feed).appendOnly ? IMMUTABLE['cache-control'] : 'no-cache',
    etag,
    'accept-ranges': 'bytes',
    ...SANDBOX,
  };
  checkRead(request.headers, etag, editedAt);
  if (isFresh(request.headers, etag, editedAt)) return notModified(headers);
  const range = request.method === 'GET' ? rangeOf(request.headers, media.size, etag, editedAt) : undefined;
  const [from, to] = range === undefined ? [0, media.size] : [range.first, range.last + 1];
  // Before anything is promised: whoever is told a length gets at least as much as is read at a time.
  const begun = request.method === 'HEAD' || from === to ? [] : await chunksAt(store, media.blobId, from, to);
  if (begun === undefined) return undefined;
  return {
    status: range === undefined ? 200 : 206,
    headers: {
      ...headers,
      ...lastModified(editedAt),
      'content-length': String(to - from),
      ...(range === undefined ? {} : { 'content-range': `bytes ${from}-${to - 1}/${media.size}` }),
    },
    body: bytesOf(store, media.blobId, from, to, begun),
  };
}

/** `PUT`: other bytes, of another type if need be. The media link entry stays, and says that it was edited. */
export async function replaceMedia(context: Context, request: HttpRequest, member: Member): Promise<HttpResponse> {
  // Before a large body is taken in; decided again under lock.
  checkStanding(await context.store.entry(member.feed, keyOf(member)), member, request);
  const media = await receiveMedia(context, request);
  const entry = await keepOrDrop(context.store, media, async () => {
    const revised = await context.store.revise({
      feed: member.feed,
      key: keyOf(member),
      at: now(),
      change: (current, editedAt) => {
        checkStanding(current, member, request);
        const sent = withoutChild(parseDocument(current.xml, WIDEST).entries[0]!, 'updated');
        const stamp = { atomId: current.atomId, published: current.publishedAt, edited: editedAt };
        return { xml: storedXml(sent, stamp), hasAuthor: sent.hasAuthor, categories: sent.categories, media };
      },
    });
    if (revised === undefined) throw missing(member);
    return revised;
  });
  const minimal = prefersMinimal(request.headers.prefer);
  return {
    status: 200,
    headers: {
      'content-type': ATOM_ENTRY,
      // The body is the entry. No tag: it would be that of what was PUT, and clients take it for that of what they get.
      'content-location': addressOf(member.url, entry.atomId),
      'cache-control': 'no-cache',
      ...(minimal ? { 'preference-applied': 'return=minimal' } : {}),
    },
    body: minimal ? '' : writeEntryDocument(entry, member.url, context.settings.author),
  };
}

/** `DELETE`: neither of the two is of use without the other (RFC 5023 §9.4). */
export function deleteMedia(context: Context, request: HttpRequest, member: Member): Promise<HttpResponse> {
  return removeMember(context, member, (current) => checkStanding(current, member, request));
}

function checkStanding(entry: StoredEntry | undefined, member: Member, request: HttpRequest): void {
  checkChange(request.headers, mediaTag(mediaOf(entry, member)), entry!.editedAt);
}

function mediaOf(entry: StoredEntry | undefined, member: Member): StoredMedia {
  if (entry === undefined) throw missing(member);
  if (entry.deleted) throw gone();
  if (entry.media === undefined) throw new HttpError(404, 'This entry has no media resource.');
  return entry.media;
}

/** The same bytes as something else are another representation. */
function mediaTag({ type, digest }: StoredMedia): string {
  return `"m.${hash('sha256', `${type}\n${digest}`, 'hex').slice(0, 32)}"`;
}

/** The chunks of a blob from the one that holds a byte on; undefined where they are not there any more. */
async function chunksAt(store: Store, blobId: string, at: number, to: number): Promise<Buffer[] | undefined> {
  const number = Math.floor(at / CHUNK);
  const chunks = await store.readBlob(blobId, number, Math.min(AT_ONCE, Math.ceil(to / CHUNK) - number));
  return chunks.length === 0 ? undefined : chunks;
}

/** The bytes of a blob from one to before another, chunk by chunk; the first chunks have been read. */
async function* bytesOf(
  store: Store,
  blobId: string,
  from: number,
  to: number,
  begun: Buffer[],
): AsyncGenerator<Uint8Array> {
  let chunks: Buffer[] | undefined = begun;
  for (let at = from; at < to; chunks = at < to ? await chunksAt(store, blobId, at, to) : []) {
    // Replaced or deleted meanwhile: the reader sees that the length it was told has not come.
    if (chunks === undefined) throw new Error(`The blob ${blobId} is not there any more.`);
    const first = Math.floor(at / CHUNK);
    for (const [i, chunk] of chunks.entries()) {
      const start = (first + i) * CHUNK;
      yield chunk.subarray(at - start, Math.min(to - start, chunk.length));
      at = start + chunk.length;
    }
  }
}
