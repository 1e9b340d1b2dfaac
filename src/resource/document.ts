/** What requests publish or revise entries by: Atom, or CloudEvents, which are read as the entries that they become. */
import { decodeXml } from '../atom/decode.js';
import type { SentDocument } from '../atom/model.js';
import { parseDocument } from '../atom/parse.js';
import { HttpError, type HttpRequest } from '../http.js';
import { charsetOf, isXml, mediaTypeOf, readXml, receive, refuseContentEncoding } from './body.js';
import type { ResourceSettings } from './context.js';

const LIMIT = 'max-entry-bytes';

// Only those who publish events load what reads them.
const reading = () => import('../atom/cloudevent-read.js');
const writing = () => import('../atom/cloudevent-entry.js');

/** Whether a body is a CloudEvent or a batch of them, by its type or by the fields that go with it. */
export function isEvents({ headers }: HttpRequest, type: string): boolean {
  return headers['ce-specversion'] !== undefined || type.startsWith('application/cloudevents');
}

/** Whether a body is entries, of either kind; everything else is a media resource. */
export function isDocument(request: HttpRequest): boolean {
  const type = mediaTypeOf(request);
  return isXml(type) || isEvents(request, type);
}

/**
 * The entries of a body.
 * @throws HttpError 400, 413, 415, 422 as the contract says
 */
export async function readDocument(request: HttpRequest, settings: ResourceSettings): Promise<SentDocument> {
  const type = mediaTypeOf(request);
  const xml = isEvents(request, type)
    ? await readEvents(request, type, settings)
    : await readXml(request, settings.maxEntryBytes, LIMIT);
  return parseDocument(xml, settings);
}

/** Events as an entry or a feed of entries. */
async function readEvents(request: HttpRequest, type: string, settings: ResourceSettings): Promise<string> {
  const { EVENT, EVENT_BATCH, readEvent, readEventBatch, readEventFields } = await reading();
  const { writeEventEntry, writeEventFeed } = await writing();
  const { headers } = request;
  refuseContentEncoding(request);
  if (type.startsWith('application/cloudevents') && type !== EVENT && type !== EVENT_BATCH) {
    throw new HttpError(415, `${type.slice(0, 80)} is not known here; send events as ${EVENT} or ${EVENT_BATCH}.`);
  }
  const bytes = Buffer.from(await receive(request, settings.maxEntryBytes, LIMIT));
  if (type === EVENT) return writeEventEntry(readEvent(decodeXml(bytes, charsetOf(request))));
  if (type === EVENT_BATCH) {
    return writeEventFeed(readEventBatch(decodeXml(bytes, charsetOf(request)), settings.maxBatchEntries));
  }
  return writeEventEntry(readEventFields(headers, headers['content-type'], bytes));
}
