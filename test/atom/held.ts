/** Entries as the log would hold them, and pages of them, for the tests of the formats. */
import { storedXml } from '../../src/atom/entry.js';
import { defaultMetadata, type FeedPage, metadataOf } from '../../src/atom/feed.js';
import { newAtomId } from '../../src/atom/ids.js';
import { ATOM, type HeldEntry } from '../../src/atom/model.js';
import { parseDocument, parseMetadata } from '../../src/atom/parse.js';

/** 2024-02-29T12:34:56.789012Z */
export const EDITED = 1_709_210_096_789_012;
export const URL_OF_FEED = 'https://bus.example/atommq/feed=news';

/** What is held of a document with one entry. */
export function hold(document: string, changes: Partial<HeldEntry> = {}): HeldEntry {
  const sent = parseDocument(document).entries[0]!;
  const atomId = sent.id ?? newAtomId(EDITED);
  return {
    position: 1,
    atomId,
    xml: storedXml(sent, { atomId, published: EDITED, edited: EDITED }),
    editedAt: EDITED,
    hasAuthor: sent.hasAuthor,
    deleted: false,
    media: undefined,
    ...changes,
  };
}

/** An entry with an id, and this inside. */
export function entryOf(inside: string, attributes = ''): string {
  return `<entry xmlns="${ATOM}" ${attributes}><id>urn:x:1</id>${inside}</entry>`;
}

export function deleted(atomId: string): HeldEntry {
  return { position: 2, atomId, xml: '', editedAt: EDITED, hasAuthor: false, deleted: true, media: undefined };
}

export function pageOf(entries: HeldEntry[], changes: Partial<FeedPage> = {}): FeedPage {
  return {
    atomId: 'urn:uuid:0e5d0c1e-0000-8000-8000-000000000000',
    metadata: defaultMetadata('news', 'AtomMQ'),
    updated: EDITED,
    url: URL_OF_FEED,
    links: [
      { rel: 'self', href: `${URL_OF_FEED}?page_size=2&format=html&order=desc` },
      { rel: 'first', href: `${URL_OF_FEED}?page_size=2` },
      { rel: 'next', href: `${URL_OF_FEED}?page_size=2&start_after=urn:x:1` },
    ],
    entries,
    ...changes,
  };
}

/** The metadata that is kept of a feed document that was PUT. */
export function metadata(document: string): string {
  return metadataOf(parseMetadata(document), 'news', 'AtomMQ');
}
