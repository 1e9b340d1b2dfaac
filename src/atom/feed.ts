/** A page of a feed as an Atom document (RFC 4287 §4.1.1, RFC 5005). */
import { Bytes } from './bytes.js';
import { addEntry } from './entry.js';
import { formatTime } from './ids.js';
import { ATOM, type HeldEntry, type SentMetadata } from './model.js';
import { escapeAttribute, escapeText, prefixOf } from './xml.js';

/** A typed link of a page. */
export interface Link {
  rel: string;
  href: string;
}

/** One page, ready to be written. */
export interface FeedPage {
  atomId: string;
  /**
   * A `feed` element that says what the feed says of itself and nothing else: title and author at least, no `id`, no
   * `updated`, no links of the server's, no entries ({@link metadataOf}, {@link defaultMetadata}).
   */
  metadata: string;
  /** When the newest entry of the page was stored or revised, else when the feed was made; microseconds since 1970. */
  updated: number;
  /** The absolute address of the feed, without query. */
  url: string;
  links: Link[];
  entries: HeldEntry[];
}

/** About so many bytes the links of an entry have beside the address of its feed, which stands in them twice. */
const LINKS = 144;

/** The page as an `application/atom+xml` document. */
export function writeFeed(page: FeedPage): Buffer {
  const { metadata } = page;
  const start = metadata.indexOf('>') + 1;
  const end = metadata.lastIndexOf('</');
  const p = prefixOf(metadata.slice(end + 2, -1));
  let head = `<?xml version="1.0" encoding="utf-8"?>
${metadata.slice(0, start)}
<${p}id>${escapeText(page.atomId)}</${p}id>
<${p}updated>${formatTime(page.updated)}</${p}updated>
${metadata.slice(start, end)}
`;
  for (const { rel, href } of page.links) head += `<${p}link rel="${rel}" href="${escapeAttribute(href)}"/>\n`;
  const tail = `${metadata.slice(end)}\n`;
  const linked = LINKS + 2 * page.url.length;
  const sizes = page.entries.reduce(
    (sum, { utf8, xml }) => sum + linked + (utf8 ? utf8.end - utf8.begin : xml.length),
    0,
  );
  const document = new Bytes(head.length + sizes + tail.length);
  document.text(head);
  for (const entry of page.entries) addEntry(document, entry, page.url);
  document.text(tail);
  return document.written;
}

/** What is said of a feed of which nobody has said anything. */
export function defaultMetadata(title: string, author: string): string {
  return `<feed xmlns="${ATOM}"><title>${escapeText(title)}</title><author><name>${escapeText(author)}</name></author></feed>`;
}

/** The element that is kept of a feed document that was PUT, made complete. */
export function metadataOf(sent: SentMetadata, title: string, author: string): string {
  const p = prefixOf(sent.name);
  let added = '';
  if (!sent.has.has('title')) added += `<${p}title>${escapeText(title)}</${p}title>`;
  if (!sent.has.has('author')) added += `<${p}author><${p}name>${escapeText(author)}</${p}name></${p}author>`;
  return `${sent.open}${sent.inner}${added}</${sent.name}>`;
}
