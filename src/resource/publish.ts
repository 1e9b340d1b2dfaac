/** Publishing: a body becomes entries at the end of a feed. */
import { hash } from 'node:crypto';
import { newAtomId, now } from '../atom/ids.js';
import type { SentDocument } from '../atom/model.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import type { Append, Expectation } from '../store/store.js';
import { idempotencyKeyOf, mediaTypeOf } from './body.js';
import { expectationsOf } from './conditions.js';
import type { Context } from './context.js';
import { createdBatch, createdEntry, newEntry, outcome } from './created.js';
import { isDocument, isEvents, readDocument } from './document.js';
import { publishMedia } from './media-upload.js';

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
  const [kind, append] = await readAppend(context, request, name);
  const result = outcome(await context.publisher.publish(append), append);
  if (isEvents(request, mediaTypeOf(request))) {
    return (await import('./created-events.js')).createdEvents(context, request, result, url, kind);
  }
  return kind === 'entry' ? createdEntry(context, request, result, url) : createdBatch(context, request, result, url);
}

/** What a request appends. The document is let go of here: of a batch it need not be there during the commit. */
async function readAppend(
  { settings }: Context,
  request: HttpRequest,
  name: string,
): Promise<[SentDocument['kind'], Append]> {
  const expect = expectationsOf(request.headers);
  const document = await readDocument(request, settings);
  if (document.entries.length === 0) {
    throw new HttpError(422, 'The feed document holds no entries; PUT it to say something of the feed itself.');
  }
  const keyed = idempotencyKeyOf(request);
  if (keyed !== undefined && document.kind === 'feed') {
    throw new HttpError(400, 'Idempotency-Key goes with a single entry; give the entries of a feed ids of their own.');
  }
  return [document.kind, appendOf(document, name, keyed, expect)];
}

/** What is to be appended of a document. */
export function appendOf(
  { kind, entries }: SentDocument,
  feed: string,
  idempotencyKey?: string,
  expect?: Expectation[],
): Append {
  const at = kind === 'feed' ? undefined : now();
  return {
    feed,
    feedAtomId: newAtomId(now()),
    entries: entries.map((sent) => {
      const digest = hash('sha256', `${sent.open}\n${sent.inner}`, 'base64url');
      return newEntry(sent, { at: at ?? now(), feed, idempotencyKey, digest });
    }),
    expect,
  };
}
