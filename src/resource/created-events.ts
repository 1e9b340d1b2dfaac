/** The 201 to events: whoever speaks in them is answered in them. */
import { writeEvent } from '../atom/cloudevent-write.js';
import { keyOfAtomId } from '../atom/ids.js';
import type { SentDocument } from '../atom/model.js';
import type { HttpRequest, HttpResponse } from '../http.js';
import { prefersMinimal } from './body.js';
import { entryTag } from './conditions.js';
import type { Context } from './context.js';
import { createdHeaders, type Outcome } from './created.js';
import { ENTRY_FORMATS, FEED_FORMATS, namedFormat } from './formats.js';
import { addressOf } from './member.js';
import { variantOf } from './variant.js';

/** The answer to an event, or to a batch of them: the events as they now stand. */
export function createdEvents(
  { settings: { author } }: Context,
  request: HttpRequest,
  { held, repeated }: Outcome,
  url: string,
  kind: SentDocument['kind'],
): HttpResponse {
  const minimal = prefersMinimal(request.headers.prefer);
  const events = minimal ? [] : held.map((entry) => writeEvent(entry, url));
  if (kind === 'feed') {
    const { contentType } = namedFormat(FEED_FORMATS, 'cloudevents')!;
    return {
      status: 201,
      headers: createdHeaders({ 'content-type': contentType, location: url }, repeated, minimal),
      ...(minimal ? {} : { body: `[${events.join(',\n')}]\n` }),
    };
  }
  const { contentType, suffix } = namedFormat(ENTRY_FORMATS, 'cloudevents')!;
  const { atomId, editedAt, deleted } = held[0]!;
  const location = addressOf(url, atomId);
  const etag = entryTag(keyOfAtomId(atomId), editedAt, variantOf(request.base, author), suffix);
  return {
    status: 201,
    // One that was deleted since has an address at which there is no event any more.
    headers: createdHeaders(
      { 'content-type': contentType, location, ...(deleted ? {} : { 'content-location': location, etag }) },
      repeated,
      minimal,
    ),
    ...(minimal ? {} : { body: `${events[0]}\n` }),
  };
}
