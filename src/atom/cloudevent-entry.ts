/** An event as an Atom entry that feed readers show, from which the event can be read again as it was. */
import {
  type Attributes,
  atomIdOfEvent,
  atomTime,
  type CloudEvent,
  type EventData,
  faultOf,
  TYPE_SCHEME,
  textsOf,
} from './cloudevent.js';
import { linkable } from './iri.js';
import { readJson } from './json-text.js';
import { essenceOf } from './media-type.js';
import { ATOM, CLOUDEVENTS, SOURCE_SCHEME } from './model.js';
import { atom, type Element, kindOfType, readTree } from './tree.js';
import { escapeAttribute, escapeText } from './xml.js';

/**
 * The event as an entry: its subject, or else its type, is the title, its time `updated`, its data the content. A repeat is
 * known by a digest of what is written here, so that another way to write it makes each event sent again another one.
 */
export function writeEventEntry(event: CloudEvent): string {
  const { id, source, type, subject, time } = textsOf(event.attributes);
  const category = (term: string, scheme: string) => `<category term="${escapeAttribute(term)}" scheme="${scheme}"/>`;
  const link = linkable(source) === undefined ? '' : `<link rel="related" href="${escapeAttribute(source)}"/>`;
  const kind = event.data === undefined ? '' : ` data="${event.data.kind}"`;
  return `<entry xmlns="${ATOM}"><id>${escapeText(atomIdOfEvent(source, id))}</id><title>${escapeText(subject ?? type)}</title>${
    time === undefined ? '' : `<updated>${atomTime(time)}</updated>`
  }${category(type, TYPE_SCHEME)}${category(source, SOURCE_SCHEME)}${link}<ce:event xmlns:ce="${CLOUDEVENTS}"${kind}>${escapeText(
    writeAttributes(event.attributes),
  )}</ce:event>${writeContent(event)}</entry>`;
}

/** A batch as a feed document. */
export function writeEventFeed(events: CloudEvent[]): string {
  return `<feed xmlns="${ATOM}">${events.map(writeEventEntry).join('')}</feed>`;
}

/** In one order, whichever they came in: the required ones, then by name. */
function writeAttributes(attributes: Attributes): string {
  const { specversion, id, source, type, ...others } = Object.fromEntries(attributes);
  const names = Object.keys(others).sort();
  return JSON.stringify({
    specversion,
    id,
    source,
    type,
    ...Object.fromEntries(names.map((name) => [name, others[name]])),
  });
}

/**
 * Text is text, and JSON is text for readers too, since an `atom:content` of that type would have to be Base64. An entry
 * without content would need an alternate link; one with bytes needs a summary (RFC 4287 §4.1.1, §4.1.2).
 */
function writeContent({ attributes, data }: CloudEvent): string {
  if (data === undefined) return '<content></content>';
  const type = String(attributes.get('datacontenttype') ?? '');
  if (data.kind !== 'base64') {
    const isHtml = data.kind === 'text' && kindOfType(type) === 'html';
    return `<content type="${isHtml ? 'html' : 'text'}">${escapeText(data.text)}</content>`;
  }
  const isBytes = type !== '' && kindOfType(type) === 'other' && !/^(multipart|message)\//.test(essenceOf(type));
  const said = isBytes ? type : 'application/octet-stream';
  return `<summary></summary><content type="${escapeAttribute(said)}">${data.text}</content>`;
}

/**
 * The event that an entry was made of.
 * @returns undefined for an entry that was made otherwise, even where it looks alike: what is answered is always an event
 */
export function eventOfEntry(xml: string, atomId: string): CloudEvent | undefined {
  if (!xml.includes(CLOUDEVENTS)) return undefined;
  const root = readTree(xml);
  const element = childOf(root, `{${CLOUDEVENTS}}event`);
  if (element === undefined) return undefined;
  try {
    const attributes: Attributes = new Map(Object.entries(JSON.parse(element._ ?? '') as Record<string, string>));
    if ([...attributes.values()].some((value) => typeof value === 'object')) return undefined;
    const event = { attributes, data: dataOf(element.$?.attributes.data, childOf(root, atom('content'))?._ ?? '') };
    if (faultOf(event) !== undefined) return undefined;
    const { source, id } = textsOf(attributes);
    return atomIdOfEvent(source, id) === atomId ? event : undefined;
  } catch {
    return undefined;
  }
}

function childOf(root: Element, name: string): Element | undefined {
  return (root[name] as Element[] | undefined)?.[0];
}

function dataOf(kind: string | undefined, content: string): EventData | undefined {
  switch (kind) {
    case undefined:
      return undefined;
    case 'json':
      return { kind, text: readJson(content).text };
    case 'base64':
    case 'text':
      return { kind, text: content };
    default:
      throw new Error(`${kind} is no kind of data`);
  }
}
