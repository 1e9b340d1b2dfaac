/** A row of AtomMQ 1.x or AtomBus as the entry that its consumers knew. */
import { hash } from 'node:crypto';
import { isDate } from '../atom/date.js';
import { storedXml } from '../atom/entry.js';
import { atomIdOfIdempotencyKey, keyOfAtomId } from '../atom/ids.js';
import { ATOM, type SentEntry } from '../atom/model.js';
import { parseDocument } from '../atom/parse.js';
import { escapeText } from '../atom/xml.js';
import { HttpError } from '../http.js';
import type { LegacyRow } from '../store/legacy.js';
import type { NewEntry } from '../store/store.js';
import { meantBy, textMeantBy } from './legacy-text.js';

const XHTML = 'http://www.w3.org/1999/xhtml';
/** An id that a page could not be asked for by: no IRI, or a word with a meaning of its own. */
const NO_ID = /[\s\p{Cc}]|^(now|last)?$/u;
const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:\d\d)?$/i;

/** What became of a row. */
export interface Converted {
  /** All but when it was stored. */
  sent: SentEntry;
  atomId: string;
  /** When it was published, microseconds since 1970; undefined where the row does not say. */
  time: number | undefined;
  /** Its content is not well-formed XML and is kept as escaped text. */
  escaped: boolean;
  /** Its content is not text and is kept in base64. */
  binary: boolean;
  /** It was encoded in UTF-8 twice, and is once now. */
  mended: boolean;
  /** What is not as it was in the row, for people. */
  repairs: string[];
}

/**
 * @param feed the name that its feed gets
 * @param exact as `meantBy` has it
 */
export function convertRow(row: LegacyRow, table: string, feed: string, exact: boolean): Converted {
  const repairs: string[] = [];
  const title = textMeantBy(row.title, exact);
  if (title.damaged) repairs.push('characters of its title that XML cannot hold became U+FFFD');
  let atomId = row.id === null ? '' : String(row.id);
  if (NO_ID.test(atomId)) {
    // The same at every run, so that a second one finds it.
    atomId = atomIdOfIdempotencyKey(feed, `${table} ${row.order}`);
    repairs.push(`its id ${JSON.stringify(row.id)} cannot be one, so it got ${atomId}`);
  }
  const time = timeOf(row.updated);
  if (row.updated !== null && time === undefined) {
    repairs.push(`its time ${JSON.stringify(row.updated)} is none, so it got another`);
  }
  const parts = [
    `<id>${escapeText(atomId)}</id><title>${escapeText(title.text)}</title>`,
    time === undefined ? '' : `<updated>${time.text}</updated><published>${time.text}</published>`,
    authorOf(row, exact),
  ].join('');
  const { sent, ...how } = withContent(parts, row.content, exact);
  return {
    sent,
    atomId,
    time: time?.micros,
    escaped: how.escaped,
    binary: how.binary,
    mended: title.mended || how.mended,
    repairs,
  };
}

/** The entry as the store takes it. */
export function newEntryOf({ sent, atomId }: Pick<Converted, 'sent' | 'atomId'>, at: number): NewEntry {
  return {
    key: keyOfAtomId(atomId),
    atomId,
    xml: storedXml(sent, { atomId, published: at, edited: at }),
    digest: hash('sha256', `${sent.open}\n${sent.inner}`, 'base64url'),
    at,
    hasAuthor: sent.hasAuthor,
    categories: sent.categories,
  };
}

interface WithContent {
  sent: SentEntry;
  escaped: boolean;
  binary: boolean;
  mended: boolean;
}

/**
 * The old programs kept what stood inside `content` and not its type. To consumers they gave XHTML where that was
 * well-formed inside a `div`, else text, called HTML where it begins with a tag; so do we.
 */
function withContent(parts: string, content: LegacyRow['content'], exact: boolean): WithContent {
  const plain = { escaped: false, binary: false, mended: false };
  if (content === null) return { ...plain, sent: parse(parts) };
  const meant = meantBy(content, exact);
  if ('bytes' in meant) {
    const base64 = meant.bytes.toString('base64');
    return {
      ...plain,
      binary: true,
      sent: parse(`${parts}<content type="application/octet-stream">${base64}</content>`),
    };
  }
  const { text, mended } = meant;
  if (text === '') return { ...plain, sent: parse(`${parts}<content type="text"></content>`) };
  // A parser reads a carriage return as a line feed; where there is no markup it can stand as a reference.
  const markup = text.includes('<') ? text : text.replaceAll('\r', '&#13;');
  const div = `<div xmlns="${XHTML}">${markup}</div>`;
  const sent = parseOrNot(`${parts}<content type="xhtml">${div}</content>`);
  // Nothing of it may have stood outside of the div.
  if (sent?.content === div) return { ...plain, mended, sent };
  const type = /^\s*</.test(text) ? 'html' : 'text';
  return {
    escaped: true,
    binary: false,
    mended,
    sent: parse(`${parts}<content type="${type}">${escapeText(text)}</content>`),
  };
}

function parse(children: string): SentEntry {
  return parseDocument(`<entry xmlns="${ATOM}">${children}</entry>`).entries[0]!;
}

function parseOrNot(children: string): SentEntry | undefined {
  try {
    return parse(children);
  } catch (error) {
    if (error instanceof HttpError) return undefined;
    throw error;
  }
}

function authorOf({ authorName, authorEmail }: LegacyRow, exact: boolean): string {
  const name = textMeantBy(authorName, exact).text;
  const email = textMeantBy(authorEmail, exact).text;
  if (name === '' && email === '') return '';
  return `<author><name>${escapeText(name)}</name>${email === '' ? '' : `<email>${escapeText(email)}</email>`}</author>`;
}

/** An RFC 3339 time as it stands; one of SQL, which is taken for UTC; or a driver's date. */
function timeOf(value: unknown): { text: string; micros: number } | undefined {
  const given = value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : String(value);
  const [, date, clock, zone = 'Z'] = TIME.exec(given) ?? [];
  if (date === undefined) return undefined;
  const text = `${date}T${clock}${zone.toUpperCase()}`;
  if (!isDate(text)) return undefined;
  // A leap second is no time to JavaScript.
  const leap = clock!.slice(6, 8) === '60';
  return { text, micros: Date.parse(leap ? text.replace(':60', ':59') : text) * 1000 + (leap ? 1e6 : 0) };
}
