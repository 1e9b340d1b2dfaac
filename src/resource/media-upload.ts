/** Media resources on their way in (RFC 5023 §9.6): any bytes, kept as they were sent. */

import { isUtf8 } from 'node:buffer';
import { createHash, hash } from 'node:crypto';
import { writeDraft } from '../atom/draft.js';
import { asMediaLinkEntry } from '../atom/entry.js';
import { newAtomId, now } from '../atom/ids.js';
import { isMediaType } from '../atom/media-type.js';
import { parseDocument } from '../atom/parse.js';
import { HttpError, type HttpRequest, type HttpResponse, tooLarge } from '../http.js';
import { type Append, CHUNK, type NewMedia, type Store } from '../store/store.js';
import { idempotencyKeyOf, refuseContentEncoding } from './body.js';
import { expectationsOf } from './conditions.js';
import type { Context } from './context.js';
import { createdEntry, newEntry, outcome } from './created.js';

/** So many chunks are gathered before they are written; what fits in here is written together with its entry. */
const GATHERED = 16;

/** `POST` of anything that is not Atom: a media resource, and the entry that links to it. */
export async function publishMedia(
  context: Context,
  request: HttpRequest,
  name: string,
  url: string,
): Promise<HttpResponse> {
  const expect = expectationsOf(request.headers);
  const media = await receiveMedia(context, request);
  const sent = asMediaLinkEntry(parseDocument(writeDraft({ title: titleOfSlug(request.headers.slug) })).entries[0]!);
  const given = {
    at: now(),
    feed: name,
    idempotencyKey: idempotencyKeyOf(request),
    digest: hash('sha256', `${media.type}\n${media.digest}`, 'base64url'),
    media,
  };
  const append: Append = { feed: name, feedAtomId: newAtomId(now()), entries: [newEntry(sent, given)], expect };
  return keepOrDrop(context.store, media, async () => {
    const result = await context.publisher.publish(append);
    if (result.kind !== 'appended') await dropUpload(context.store, media);
    return createdEntry(context, request, outcome(result, append), url);
  });
}

/**
 * Takes a body in, a bounded part of it at a time: a small one stays in memory, a larger one goes to the database as it
 * comes, where nobody sees it before it has an entry.
 * @throws HttpError 413, 415, and 400 for a body that breaks off
 */
export async function receiveMedia({ store, settings }: Context, request: HttpRequest): Promise<NewMedia> {
  refuseContentEncoding(request);
  const type = request.headers['content-type']?.trim() ?? '';
  if (!isMediaType(type)) {
    throw new HttpError(415, `${JSON.stringify(type.slice(0, 80))} is not a media type.`);
  }
  const limit = settings.maxMediaBytes;
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit, 'max-media-bytes');
  const blobId = newAtomId(now()).slice('urn:uuid:'.length);
  const digest = createHash('sha256');
  const gathered = new Chunks();
  let size = 0;
  let written = 0;
  try {
    request.places?.leave(request);
    for await (const piece of request.body) {
      size += piece.length;
      if (size > limit) throw tooLarge(limit, 'max-media-bytes');
      digest.update(piece);
      gathered.add(piece);
      while (gathered.full >= GATHERED) {
        await store.writeBlob(blobId, written, gathered.take(GATHERED));
        written += GATHERED;
      }
    }
    request.places?.enter(request);
    const rest = gathered.takeAll();
    const media = { type, size, digest: digest.digest('base64url'), blobId };
    if (written === 0) return { ...media, chunks: rest };
    if (rest.length > 0) await store.writeBlob(blobId, written, rest);
    return media;
  } catch (error) {
    if (written > 0) await store.dropBlob(blobId).catch(() => {});
    throw error;
  }
}

/** Runs what gives an upload its entry; where that fails the upload goes. */
export async function keepOrDrop<Result>(store: Store, media: NewMedia, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    // When the database does not answer nobody knows what was stored: an upload without an entry goes in a day.
    if (error instanceof HttpError) await dropUpload(store, media).catch(() => {});
    throw error;
  }
}

async function dropUpload(store: Store, { blobId, chunks }: NewMedia): Promise<void> {
  if (chunks === undefined) await store.dropBlob(blobId);
}

/** Bytes cut into chunks of equal size; many small pieces cost no more than a large one. */
class Chunks {
  #full: Buffer[] = [];
  #current = Buffer.allocUnsafe(CHUNK);
  #length = 0;

  /** How many full chunks there are. */
  get full(): number {
    return this.#full.length;
  }

  add(piece: Uint8Array): void {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + CHUNK - this.#length);
      this.#current.set(part, this.#length);
      this.#length += part.length;
      at += part.length;
      if (this.#length === CHUNK) this.#push(CHUNK);
    }
  }

  take(count: number): Buffer[] {
    return this.#full.splice(0, count);
  }

  takeAll(): Buffer[] {
    if (this.#length > 0) this.#push(this.#length);
    return this.take(this.#full.length);
  }

  #push(length: number): void {
    this.#full.push(this.#current.subarray(0, length));
    this.#current = Buffer.allocUnsafe(CHUNK);
    this.#length = 0;
  }
}

const MOST_TITLE = 1000;

/** The title that `Slug` (RFC 5023 §9.7) suggests: percent-encoded UTF-8, though some clients send it as it is. */
export function titleOfSlug(slug: string | undefined): string {
  if (slug === undefined) return '';
  const raw = Buffer.from(slug, 'latin1');
  let text = isUtf8(raw) ? raw.toString('utf8') : slug;
  try {
    text = decodeURIComponent(text);
  } catch {
    // A per cent sign that begins no escape: the text is what it says.
  }
  // What XML cannot hold, and line breaks, are not for a title.
  const characters = text.replace(/[^\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|[\x7f-\x9f]/gu, ' ').trim();
  return [...characters].slice(0, MOST_TITLE).join('');
}
