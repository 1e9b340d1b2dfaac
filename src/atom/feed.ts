/** A page of a feed as an Atom document (RFC 4287 §4.1.1, RFC 5005). */
import { writeEntry } from './entry.js';
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

/** The page as an `application/atom+xml` document. */
export function writeFeed(page: FeedPage): string {
  const { metadata } = page;
  const start = metadata.indexOf('>') + 1;
  const end = metadata.lastIndexOf('</');
  const p = prefixOf(metadata.slice(end + 2, -1));
  let xml = `<?xml version="1.0" encoding="utf-8"?>
${metadata.slice(0, start)}
<${p}id>${escapeText(page.atomId)}</${p}id>
<${p}updated>${formatTime(page.updated)}</${p}updated>
${metadata.slice(start, end)}
`;
  for (const { rel, href } of page.links) xml += `<${p}link rel="${rel}" href="${escapeAttribute(href)}"/>\n`;
  for (const entry of page.entries) xml += `${writeEntry(entry, page.url)}\n`;
  return `${xml}${metadata.slice(end)}\n`;
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
