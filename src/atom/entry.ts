/** From the entry that was sent to the entry that is kept, and from there to the documents that hold it. */
import { HttpError } from '../http.js';
import type { Bytes } from './bytes.js';
import { formatTime, segmentOfAtomId } from './ids.js';
import { APP, type HeldEntry, type SentEntry, TOMBSTONES } from './model.js';
import { escapeAttribute, escapeText, prefixOf } from './xml.js';

/** What the server adds where the publisher gave nothing. */
export interface Stamp {
  atomId: string;
  /** Microseconds since 1970. */
  published: number;
  edited: number;
}

/**
 * The whole element as the log keeps it: what was sent, to the letter, after what was missing.
 * Links are not in it, since they depend on the address by which a reader came.
 */
export function storedXml(sent: SentEntry, stamp: Stamp): string {
  const p = prefixOf(sent.name);
  const edited = formatTime(stamp.edited);
  let added = '';
  if (sent.id === undefined) added += `<${p}id>${escapeText(stamp.atomId)}</${p}id>`;
  if (!sent.has.has('title')) added += `<${p}title></${p}title>`;
  if (!sent.has.has('updated')) added += `<${p}updated>${edited}</${p}updated>`;
  if (!sent.has.has('published')) added += `<${p}published>${formatTime(stamp.published)}</${p}published>`;
  return `${sent.open}${added}<app:edited xmlns:app="${APP}">${edited}</app:edited>${sent.inner}</${sent.name}>`;
}

/** An entry without the one child of that name, which it then counts as not having. */
export function withoutChild(sent: SentEntry, name: 'content' | 'updated'): SentEntry {
  const span = sent.spans[name];
  if (span === undefined) return sent;
  const has = new Set(sent.has);
  has.delete(name);
  return { ...sent, has, inner: sent.inner.slice(0, span[0]) + sent.inner.slice(span[1]), spans: {} };
}

/**
 * A media link entry as it is kept: its `content` is the server's to write, since it points to the media resource, and
 * where there is such a content there must be a summary (RFC 4287 §4.1.2).
 */
export function asMediaLinkEntry(sent: SentEntry): SentEntry {
  const bare = withoutChild(sent, 'content');
  const p = prefixOf(sent.name);
  const summary = sent.has.has('summary') ? '' : `<${p}summary></${p}summary>`;
  return { ...bare, inner: bare.inner + summary };
}

/**
 * An entry with the server's links, as it stands in a feed; a deleted one is an RFC 6721 `at:deleted-entry`.
 * @param feedUrl the absolute address of the feed
 * @param author an author to write in where the entry has none (a stand-alone document), as markup without prefix
 */
export function writeEntry(entry: HeldEntry, feedUrl: string, author?: string): string {
  if (entry.deleted) {
    const ref = escapeAttribute(entry.atomId);
    return `<at:deleted-entry xmlns:at="${TOMBSTONES}" ref="${ref}" when="${formatTime(entry.editedAt)}"/>`;
  }
  const { xml } = entry;
  const end = xml.lastIndexOf('</');
  const p = prefixOf(xml.slice(end + 2, -1));
  let links = linksOf(entry, p, feedUrl);
  if (author !== undefined && !entry.hasAuthor) {
    links += `<${p}author><${p}name>${escapeText(author)}</${p}name></${p}author>`;
  }
  return xml.slice(0, end) + links + xml.slice(end);
}

/** Writes an entry as it stands in a feed into a document, on a line of its own. */
export function addEntry(document: Bytes, entry: HeldEntry, feedUrl: string): void {
  const { utf8 } = entry;
  if (utf8 === undefined || entry.deleted) {
    document.text(`${writeEntry(entry, feedUrl)}\n`);
    return;
  }
  const { bytes, begin, end } = utf8;
  // The element ends with its end tag, in which there is no other `<`.
  let tag = end - 1;
  while (bytes[tag] !== LESS_THAN) tag -= 1;
  const name = bytes.toString('utf8', tag + 2, end - 1);
  document.copy(bytes, begin, tag);
  document.text(`${linksOf(entry, prefixOf(name), feedUrl)}</${name}>\n`);
}

const LESS_THAN = 0x3c;

/**
 * The server's links of an entry, and the content of a media link entry.
 * @param p the prefix of the entry's own elements
 */
function linksOf({ atomId, media }: HeldEntry, p: string, feedUrl: string): string {
  const href = escapeAttribute(`${feedUrl}/entries/${segmentOfAtomId(atomId)}`);
  const links = `<${p}link rel="self" href="${href}"/><${p}link rel="edit" href="${href}"/>`;
  if (media === undefined) return links;
  const type = escapeAttribute(media.type);
  return `${links}<${p}link rel="edit-media" type="${type}" href="${href}/media"/><${p}content type="${type}" src="${href}/media"/>`;
}

/** One entry as a document of its own. */
export function writeEntryDocument(entry: HeldEntry, feedUrl: string, author: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>\n${writeEntry(entry, feedUrl, author)}\n`;
}

/**
 * The one entry of a document.
 * @throws HttpError 422 when the document is a feed
 */
export function onlyEntry(document: { kind: string; entries: SentEntry[] }): SentEntry {
  const [entry] = document.entries;
  if (document.kind !== 'entry' || entry === undefined) {
    throw new HttpError(422, 'The document is a feed; an entry is needed here.');
  }
  return entry;
}
