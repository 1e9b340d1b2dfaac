/** Entries and pages as CloudEvents in JSON: events as they were published, and other entries as events. */
import { type Attributes, type CloudEvent, type EventData, eventOfAtomId, isBase64 } from './cloudevent.js';
import { eventOfEntry } from './cloudevent-entry.js';
import type { FeedPage } from './feed.js';
import { formatTime, segmentOfAtomId } from './ids.js';
import { readJson } from './json-text.js';
import { isJsonType, isMediaType } from './media-type.js';
import type { HeldEntry } from './model.js';
import { type EntryView, viewEntry } from './object.js';
import { kindOfType } from './tree.js';

/** What entries are that nobody published as events. */
const ENTRY = 'org.ietf.atom.entry';
/** What is left of a deleted one. */
const DELETED_ENTRY = 'org.ietf.atom.deleted-entry';

/** The page as an `application/cloudevents-batch+json` document; an empty array where it has no entries. */
export function writeEvents(page: FeedPage): string {
  return `[${page.entries.map((entry) => writeEvent(entry, page.url)).join(',\n')}]\n`;
}

/**
 * One entry as an event in JSON.
 * @param url the absolute address of its feed
 */
export function writeEvent(entry: HeldEntry, url: string): string {
  const event = entry.deleted
    ? deletedEvent(entry, url)
    : (eventOfEntry(entry.xml, entry.atomId) ?? entryEvent(entry, url));
  const attributes = JSON.stringify(Object.fromEntries(event.attributes));
  return event.data === undefined ? attributes : `${attributes.slice(0, -1)},${dataMember(event.data)}}`;
}

function dataMember({ kind, text }: EventData): string {
  if (kind === 'json') return `"data":${text}`;
  return `"${kind === 'base64' ? 'data_base64' : 'data'}":${JSON.stringify(text)}`;
}

/** What http-feeds has for a deletion: the method, and in the subject which event it was. */
function deletedEvent({ atomId, editedAt }: HeldEntry, url: string): CloudEvent {
  const { source, id } = eventOfAtomId(atomId) ?? { source: url, id: atomId };
  return {
    attributes: new Map([
      ...attributesOf(atomId, source, DELETED_ENTRY, formatTime(editedAt)),
      ['subject', id],
      ['method', 'DELETE'],
    ]),
    data: undefined,
  };
}

function entryEvent({ atomId, xml, media }: HeldEntry, url: string): CloudEvent {
  const view = viewEntry(xml, url);
  const attributes: Attributes = attributesOf(atomId, url, ENTRY, view.updated);
  const subject = view.title.replace(/[\0-\x1f\x7f-\x9f]|\p{Noncharacter_Code_Point}/gu, ' ').trim();
  if (subject !== '') attributes.set('subject', subject);
  const [type, data] = contentOf(view);
  const src = media === undefined ? view.content?.src : `${url}/entries/${segmentOfAtomId(atomId)}/media`;
  const said = media?.type ?? type;
  if (said !== undefined) attributes.set('datacontenttype', said);
  // The claim check extension: where the data are, when they are not in the event.
  if (src !== undefined) return { attributes: attributes.set('dataref', src), data: undefined };
  return { attributes, data };
}

function attributesOf(id: string, source: string, type: string, time: string): Attributes {
  return new Map(Object.entries({ specversion: '1.0', id, source, type, time }));
}

/** The media type of an entry's content, and the content as data. What is not text is Base64, but for JSON of some publishers. */
function contentOf({ content }: EntryView): [type: string | undefined, data: EventData | undefined] {
  if (content === undefined) return [undefined, undefined];
  const { type, value: text } = content;
  switch (kindOfType(type)) {
    case 'html':
      return ['text/html', { kind: 'text', text }];
    case 'xhtml':
      return ['application/xhtml+xml', { kind: 'text', text }];
    case 'other': {
      const said = isMediaType(type) ? type : undefined;
      const bytes = text.replace(/\s/g, '');
      if (isBase64(bytes)) return [said, { kind: 'base64', text: bytes }];
      const json = isJsonType(type) ? jsonIn(text) : undefined;
      return json === undefined ? ['text/plain', { kind: 'text', text }] : [said, { kind: 'json', text: json }];
    }
    default:
      return [isMediaType(type) ? type : 'text/plain', { kind: 'text', text }];
  }
}

function jsonIn(text: string): string | undefined {
  try {
    return readJson(text).text;
  } catch {
    return undefined;
  }
}
