/** A media resource at its own address (RFC 5023 §9.6): read whole or in part, replaced, deleted with its entry. */
import { hash } from 'node:crypto';
import { storedXml, withoutChild, writeEntryDocument } from '../atom/entry.js';
import { now } from '../atom/ids.js';
import { parseDocument } from '../atom/parse.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import { CHUNK, type Store, type StoredEntry, type StoredMedia } from '../store/store.js';
import { prefersMinimal } from './body.js';
import { checkChange, checkRead, isFresh, lastModified } from './conditions.js';
import { ATOM_ENTRY, type Context, IMMUTABLE, NO_SNIFFING } from './context.js';
import { keepOrDrop, receiveMedia } from './media-upload.js';
import { addressOf, gone, keyOf, type Member, missing, removeMember } from './member.js';
import { rangeOf } from './range.js';
import { notModified } from './representation.js';

/** So many chunks are read at a time. */
const AT_ONCE = 16;

/** `GET` and `HEAD`: the bytes as they were sent, never as a page that acts in our origin. */
export async function readMedia(context: Context, request: HttpRequest, member: Member): Promise<HttpResponse> {
  const entry = await context.store.entry(member.feed, keyOf(member));
  const media = mediaOf(entry, member);
  const etag = mediaTag(media);
  const headers = {
    'content-type': media.type,
    ...(context.policies.of(member.feed).appendOnly ? IMMUTABLE : { 'cache-control': 'no-cache' }),
    etag,
    'accept-ranges': 'bytes',
    ...NO_SNIFFING,
    'content-security-policy': 'sandbox',
  };
  const { editedAt } = entry!;
  checkRead(request.headers, etag, editedAt);
  if (isFresh(request.headers, etag, editedAt)) return notModified(headers);
  const all = { ...headers, ...lastModified(editedAt) };
  const range = request.method === 'GET' ? rangeOf(request.headers, media.size, etag, editedAt) : undefined;
  if (range === undefined) {
    return {
      status: 200,
      headers: { ...all, 'content-length': String(media.size) },
      body: bytesOf(context.store, media.blobId, 0, media.size),
    };
  }
  const { first, last } = range;
  return {
    status: 206,
    headers: {
      ...all,
      'content-length': String(last - first + 1),
      'content-range': `bytes ${first}-${last}/${media.size}`,
    },
    body: bytesOf(context.store, media.blobId, first, last + 1),
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
        const sent = withoutChild(parseDocument(current.xml).entries[0]!, 'updated');
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

/** The bytes of a blob from one to before another, chunk by chunk. */
async function* bytesOf(store: Store, blobId: string, from: number, to: number): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to; ) {
    const number = Math.floor(at / CHUNK);
    const chunks = await store.readBlob(blobId, number, Math.min(AT_ONCE, Math.ceil(to / CHUNK) - number));
    // Replaced or deleted meanwhile: the reader sees that the length it was told has not come.
    if (chunks.length === 0) throw new Error(`The blob ${blobId} is not there any more.`);
    for (const [i, chunk] of chunks.entries()) {
      const start = (number + i) * CHUNK;
      yield chunk.subarray(at - start, Math.min(to - start, chunk.length));
      at = start + chunk.length;
    }
  }
}
