/** Events as they are sent: in the JSON format, alone or in a batch, and in the fields and the body of a request. */
import { isUtf8 } from 'node:buffer';
import { HttpError } from '../http.js';
import { type Attributes, type CloudEvent, type EventData, faultOf } from './cloudevent.js';
import { type Json, placeIn, readJson, spelled } from './json-text.js';
import { isJsonType, isTextType } from './media-type.js';

/** The media types of events in JSON (HTTP binding §3.2, §3.3). */
export const EVENT = 'application/cloudevents+json';
export const EVENT_BATCH = 'application/cloudevents-batch+json';

/**
 * One event.
 * @throws HttpError 400 for what is not JSON; 422 for what is not an event, with `attribute`, `line` and `column`
 */
export function readEvent(text: string): CloudEvent {
  return eventIn(text, readJson(text, 1));
}

/**
 * A batch.
 * @param most how many events it may have
 * @throws HttpError as `readEvent` does, with `index`; 413 for too many events
 */
export function readEventBatch(text: string, most: number): CloudEvent[] {
  const { items } = readJson(text, 2);
  if (items === undefined) throw new HttpError(422, `A batch of events is an array; send one event as ${EVENT}.`);
  if (items.length > most) throw new HttpError(413, `The batch has more than ${most} events (max-batch-entries).`);
  if (items.length === 0) throw new HttpError(422, 'The batch holds no events.');
  return items.map((item, index) => eventIn(text, item, index));
}

function eventIn(text: string, { at, members, items }: Json, index?: number): CloudEvent {
  const refuse = (what: string, attribute?: string): never => {
    const place = placeIn(text, members?.get(attribute ?? '')?.at ?? at);
    const which = index === undefined ? 'The event' : `Event ${index} of the batch`;
    throw new HttpError(422, `${which} is not valid at line ${place.line}, column ${place.column}: ${what}`, {
      members: {
        ...place,
        ...(index === undefined ? {} : { index }),
        ...(attribute === undefined ? {} : { attribute }),
      },
    });
  };
  if (members === undefined) {
    return refuse(items === undefined ? 'it is not an object.' : `it is an array; send a batch as ${EVENT_BATCH}.`);
  }
  const attributes: Attributes = new Map();
  for (const [name, member] of members) {
    if (name === 'data' || name === 'data_base64') continue;
    if (/^[{[]/.test(member.text)) {
      refuse(
        `its ${name.slice(0, 80)} is an object or an array; an attribute is a string, a whole number, true or false.`,
        name,
      );
    }
    if (/^-?\d/.test(member.text) && !/^-?\d+$/.test(member.text)) {
      refuse(
        `its ${name.slice(0, 80)} is a number with a fraction or an exponent; those of attributes are whole.`,
        name,
      );
    }
    const value = JSON.parse(member.text) as string | number | boolean | null;
    // Null is another way to leave an attribute out (JSON format §2.2).
    if (value !== null) attributes.set(name, value);
  }
  const event = { attributes, data: dataIn(members, attributes, refuse) };
  const fault = faultOf(event);
  if (fault !== undefined) refuse(fault[1], fault[0]);
  return event;
}

function dataIn(
  members: Map<string, Json>,
  attributes: Attributes,
  refuse: (what: string, attribute: string) => never,
): EventData | undefined {
  const bytes = members.get('data_base64');
  const data = members.get('data');
  if (bytes !== undefined && bytes.text !== 'null') {
    if (data !== undefined) refuse('it has data and data_base64; one of them it may have.', 'data_base64');
    if (!bytes.text.startsWith('"')) refuse('its data_base64 is not a string.', 'data_base64');
    return { kind: 'base64', text: JSON.parse(bytes.text) as string };
  }
  if (data === undefined) return undefined;
  const { datacontenttype: type = 'application/json' } = Object.fromEntries(attributes);
  // An explicit null is a payload of its own, whatever the type.
  if (isJsonType(String(type)) || data.text === 'null') return { kind: 'json', text: data.text };
  if (!data.text.startsWith('"')) {
    refuse(`its data is not a string, as what is not JSON must be (datacontenttype ${JSON.stringify(type)}).`, 'data');
  }
  return stringData(JSON.parse(data.text) as string);
}

/** A string as it is where XML can hold it, else as JSON. */
function stringData(text: string): EventData {
  return BEYOND_XML.test(text) ? { kind: 'json', text: spelled(text) } : { kind: 'text', text };
}

const BEYOND_XML = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/**
 * An event in the fields of a request, with its data as the body.
 * @param contentType as it was sent
 * @throws HttpError 400 for a field that is not percent-encoded UTF-8 or a body that is not the JSON it is said to be; 422
 *   for what is not an event, with `attribute`
 */
export function readEventFields(
  headers: Record<string, string | undefined>,
  contentType: string | undefined,
  body: Buffer,
): CloudEvent {
  const attributes: Attributes = new Map();
  for (const [field, value] of Object.entries(headers)) {
    if (field.startsWith('ce-') && value !== undefined) attributes.set(field.slice(3), decoded(field, value));
  }
  if (attributes.has('datacontenttype')) {
    refuseField('datacontenttype', 'its datacontenttype stands in Content-Type, and has no field of its own.');
  }
  if (contentType !== undefined) attributes.set('datacontenttype', contentType);
  const event = { attributes, data: bodyData(contentType, body) };
  const fault = faultOf(event);
  if (fault !== undefined) refuseField(...fault);
  return event;
}

function refuseField(attribute: string, what: string): never {
  throw new HttpError(422, `The event in the ce- fields is not valid: ${what}`, { members: { attribute } });
}

/** The value of a field: quotes and backslashes of older senders taken away, then percent-decoded (§3.1.3.2). */
function decoded(field: string, value: string): string {
  const plain = /^".*"$/.test(value) ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
  try {
    return decodeURIComponent(plain);
  } catch {
    throw new HttpError(400, `The field ${field} is not percent-encoded UTF-8.`, {
      members: { attribute: field.slice(3) },
    });
  }
}

/** JSON as JSON, text as text where it is UTF-8 and says nothing else, everything else as bytes. */
function bodyData(contentType: string | undefined, body: Buffer): EventData | undefined {
  if (body.length === 0) return undefined;
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8';
  const isText = contentType !== undefined && /^utf-?8$/i.test(charset) && isUtf8(body);
  if (isText && isJsonType(contentType)) return { kind: 'json', text: readJson(body.toString('utf8')).text };
  if (isText && isTextType(contentType)) return stringData(body.toString('utf8'));
  return { kind: 'base64', text: body.toString('base64') };
}
