/** CloudEvents 1.0 (https://cloudevents.io): what an event is, when it is valid, and which `atom:id` it has. */
import { isDate } from './date.js';
import { isMediaType } from './media-type.js';
import { CLOUDEVENTS } from './model.js';

/** An event, whatever form it came in. */
export interface CloudEvent {
  /** All context attributes, extensions too, by name. */
  attributes: Attributes;
  data: EventData | undefined;
}

export type Attributes = Map<string, string | number | boolean>;

/** The payload: JSON as text, a string, or bytes in Base64. */
export interface EventData {
  kind: 'json' | 'text' | 'base64';
  text: string;
}

/** The scheme of the category that says what an event is. */
export const TYPE_SCHEME = `${CLOUDEVENTS}:type`;

const REQUIRED = ['specversion', 'id', 'source', 'type'];
/** The attributes of the specification that are strings, and no empty ones. */
const STRINGS = new Set([...REQUIRED, 'subject', 'time', 'datacontenttype', 'dataschema']);
const NAME = /^[a-z0-9]{1,100}$/;
/** What no String has (§3.1): controls, noncharacters, halves of pairs. */
const DISALLOWED = /[\0-\x1f\x7f-\x9f]|\p{Noncharacter_Code_Point}|\p{Cs}/u;
const URI_REFERENCE = /^[^\s<>"{}|\\^`]+$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const MOST_INTEGER = 2 ** 31;
/** As many as an `atom:id` may have when it stands, percent-encoded, in an address. */
const MOST_ID = 2000;

/**
 * Looks for what is wrong with an event.
 * @returns the attribute, and a sentence that goes on after "it is not valid:"; undefined where all is well
 */
export function faultOf({ attributes, data }: CloudEvent): [attribute: string, what: string] | undefined {
  for (const name of REQUIRED) if (!attributes.has(name)) return [name, `it has no ${name}.`];
  const { specversion } = textsOf(attributes);
  if (specversion !== '1.0') {
    return ['specversion', `its specversion is ${shown(specversion)}; 1.0 is the one that is known here.`];
  }
  for (const [name, value] of attributes) {
    const what = NAME.test(name) && name !== 'data' ? faultOfValue(name, value) : NOT_A_NAME;
    if (what !== undefined) return [name, `${what === NOT_A_NAME ? shown(name) : `its ${name}`} ${what}.`];
  }
  const { source, id } = textsOf(attributes);
  if (encodeURIComponent(atomIdOfEvent(source, id)).length > MOST_ID) {
    return ['id', `its source and id together have more than ${MOST_ID} characters when they stand in an address.`];
  }
  if (data?.kind === 'base64' && !isBase64(data.text)) return ['data_base64', 'its data_base64 is not Base64.'];
  return undefined;
}

const NOT_A_NAME = 'is no name of an attribute: those have a to z and 0 to 9 only';

function faultOfValue(name: string, value: string | number | boolean): string | undefined {
  if (typeof value === 'number') {
    const isInteger = Number.isInteger(value) && value >= -MOST_INTEGER && value < MOST_INTEGER;
    if (!isInteger) return 'is not a whole number of 32 bits, the only kind that attributes have';
  }
  if (typeof value !== 'string') return STRINGS.has(name) ? 'is not a string' : undefined;
  if (DISALLOWED.test(value)) return 'has characters that no attribute may have: controls, or half of a surrogate pair';
  if (!STRINGS.has(name)) return undefined;
  if (value === '') return 'is empty';
  switch (name) {
    case 'source':
      return URI_REFERENCE.test(value) ? undefined : 'is not a URI reference';
    case 'dataschema':
      return URI_REFERENCE.test(value) && /^[a-z][a-z0-9+.-]*:/i.test(value) ? undefined : 'is not a URI';
    case 'time':
      return isDate(atomTime(value)) ? undefined : 'is not an RFC 3339 date and time';
    case 'datacontenttype':
      return isMediaType(value) ? undefined : 'is not a media type';
    default:
      return undefined;
  }
}

/** Base64 with its padding and nothing between (RFC 4648 §4). */
export function isBase64(text: string): boolean {
  return BASE64.test(text);
}

/** The attributes of the specification that an event is known to have as strings. */
export function textsOf(attributes: Attributes): Record<string, string> & Record<'id' | 'source' | 'type', string> {
  return Object.fromEntries([...attributes].filter(([name]) => STRINGS.has(name))) as ReturnType<typeof textsOf>;
}

/** A time as Atom writes it: RFC 3339 lets `t` and `z` be small, RFC 4287 §3.3 does not. */
export function atomTime(time: string): string {
  return time.toUpperCase();
}

const ID = 'urn:atommq:event:';

/** The `atom:id` of the event, of which there is one for each source and id: both can be read in it again. */
export function atomIdOfEvent(source: string, id: string): string {
  // The last colon ends the source: none of the id's own is left as it is.
  return `${ID}${encodeURIComponent(source).replace(/%3A/g, ':').replace(/%2F/g, '/')}:${encodeURIComponent(id)}`;
}

/** The source and the id that an `atom:id` was made of; undefined for any other one. */
export function eventOfAtomId(atomId: string): { source: string; id: string } | undefined {
  if (!atomId.startsWith(ID)) return undefined;
  const end = atomId.lastIndexOf(':');
  try {
    const [source, id] = [atomId.slice(ID.length, Math.max(end, ID.length)), atomId.slice(end + 1)].map(
      decodeURIComponent,
    ) as [string, string];
    return atomIdOfEvent(source, id) === atomId ? { source, id } : undefined;
  } catch {
    // A percent sign that begins no escape: somebody else made this id.
    return undefined;
  }
}

function shown(text: string | undefined): string {
  return JSON.stringify(String(text).slice(0, 80));
}
