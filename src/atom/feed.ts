/** A page of a feed as an Atom document (RFC 4287 §4.1.1, RFC 5005). */
import { writeEntry } from './entry.js';
import { formatTime } from './ids.js';
import { ATOM, type HeldEntry } from './model.js';
import { escapeAttribute, escapeText } from './xml.js';

/** A typed link of a page. */
export interface Link {
  rel: string;
  href: string;
}

/** One page, ready to be written. */
export interface FeedPage {
  atomId: string;
  title: string;
  author: string;
  /** When the newest entry of the page was stored or revised, else when the feed was made; microseconds since 1970. */
  updated: number;
  /** The absolute address of the feed, without query. */
  url: string;
  links: Link[];
  entries: HeldEntry[];
}

/** The page as an `application/atom+xml` document. */
export function writeFeed(page: FeedPage): string {
  let xml = `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="${ATOM}">
<id>${escapeText(page.atomId)}</id>
<title>${escapeText(page.title)}</title>
<updated>${formatTime(page.updated)}</updated>
<author><name>${escapeText(page.author)}</name></author>
`;
  for (const { rel, href } of page.links) xml += `<link rel="${rel}" href="${escapeAttribute(href)}"/>\n`;
  for (const entry of page.entries) xml += `${writeEntry(entry, page.url)}\n`;
  return `${xml}</feed>\n`;
}
