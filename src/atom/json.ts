/** Pages and entries as JSON Feed 1.1 (https://jsonfeed.org/version/1.1) and as lines of JSON. */
import type { FeedPage } from './feed.js';
import { formatTime, segmentOfAtomId } from './ids.js';
import { isRelated } from './iri.js';
import type { HeldEntry } from './model.js';
import {
  type CategoryView,
  type EntryView,
  htmlOf,
  type LinkView,
  linkOf,
  type PersonView,
  viewEntry,
  viewFeed,
} from './object.js';

/** The page as an `application/feed+json` document. */
export function writeJsonFeed(page: FeedPage): string {
  const feed = viewFeed(page.metadata, page.url);
  const link = (rel: string) => page.links.find((candidate) => candidate.rel === rel)?.href;
  const hubs = page.links.filter(({ rel }) => rel === 'hub').map(({ href }) => ({ type: 'WebSub', url: href }));
  return stringify({
    version: 'https://jsonfeed.org/version/1.1',
    title: feed.title,
    home_page_url: linkOf(feed.links, 'alternate')?.href ?? page.url,
    feed_url: link('self') ?? page.url,
    next_url: link('next'),
    description: some(feed.subtitle),
    // Atom's icon is small and square; its logo is what comes nearest to the large image that JSON Feed calls an icon.
    icon: feed.logo,
    favicon: feed.icon,
    authors: many(authorsOf(feed.authors)),
    language: feed.language,
    hubs: many(hubs),
    items: page.entries.map((entry) => itemOf(entry, page.url)),
    _atommq: {
      id: page.atomId,
      updated: formatTime(page.updated),
      first_url: link('first'),
      last_url: link('last'),
      rights: some(feed.rights),
      categories: many(feed.categories),
      links: many(feed.links),
    },
  });
}

/**
 * One entry as a document: a JSON Feed item.
 * @param url the absolute address of its feed
 */
export function writeJsonEntry(entry: HeldEntry, url: string): string {
  return stringify(itemOf(entry, url));
}

/** The page as `application/x-ndjson`: one item a line, deleted ones too. */
export function writeNdjson(page: FeedPage): string {
  return page.entries.map((entry) => `${writeJsonEntry(entry, page.url)}\n`).join('');
}

/** An item of JSON Feed; members that are undefined are not written. */
interface Item {
  id: string;
  url?: string | undefined;
  external_url?: string | undefined;
  title?: string | undefined;
  content_html?: string | undefined;
  content_text?: string | undefined;
  summary?: string | undefined;
  date_published?: string | undefined;
  date_modified?: string | undefined;
  authors?: Author[] | undefined;
  tags?: string[] | undefined;
  language?: string | undefined;
  attachments?: Attachment[] | undefined;
  _atommq: Extension;
}

interface Author {
  name?: string | undefined;
  url?: string | undefined;
}

interface Attachment {
  url: string;
  mime_type: string;
  title?: string | undefined;
  size_in_bytes?: number | undefined;
}

/** What JSON Feed has no place for. */
interface Extension {
  /** When the entry was deleted; such an item only keeps its place. */
  deleted?: string;
  /** When the entry was stored or last revised (`app:edited`). */
  edited?: string;
  draft?: true | undefined;
  /** The media type of content that is neither text nor HTML; text of that type stands in `content_text`. */
  content_type?: string | undefined;
  /** Where the content is, when it is not in the item. */
  content_src?: string | undefined;
  /** What addresses in `content_html` are relative to, where its publisher gave an `xml:base` and the markup is not ours to change. */
  content_base?: string | undefined;
  categories?: CategoryView[] | undefined;
  links?: LinkView[] | undefined;
  contributors?: PersonView[] | undefined;
  rights?: string | undefined;
  source?: { id?: string | undefined; title?: string | undefined; links?: LinkView[] | undefined } | undefined;
}

function itemOf(entry: HeldEntry, feedUrl: string): Item {
  const edited = formatTime(entry.editedAt);
  if (entry.deleted) return { id: entry.atomId, content_text: '', _atommq: { deleted: edited } };
  const view = viewEntry(entry.xml, feedUrl);
  const url = `${feedUrl}/entries/${segmentOfAtomId(entry.atomId)}`;
  const media = entry.media === undefined ? undefined : { ...entry.media, url: `${url}/media` };
  const html = view.content === undefined ? undefined : htmlOf(view.content);
  const authors = authorsOf(view.authors);
  const { source } = view;
  return {
    id: entry.atomId,
    url,
    external_url: linkOf(view.links, 'alternate')?.href,
    title: some(view.title),
    ...(html === undefined ? { content_text: view.content?.value ?? '' } : { content_html: html }),
    summary: some(view.summary),
    date_published: some(view.published),
    date_modified: some(view.updated),
    // The authors of an entry without any are its source's (RFC 4287 §4.2.1).
    authors: many(authors.length > 0 ? authors : authorsOf(source?.authors ?? [])),
    tags: many([...new Set(view.categories.map(({ term }) => term).filter((term) => term !== ''))]),
    language: view.lang ?? view.content?.lang,
    attachments: many([
      ...(media === undefined ? [] : [{ url: media.url, mime_type: media.type, size_in_bytes: media.size }]),
      ...attachmentsOf(view),
    ]),
    _atommq: {
      edited,
      draft: view.draft ? true : undefined,
      content_type: media?.type ?? typeOf(view),
      content_src: media?.url ?? view.content?.src,
      content_base: baseOf(view, feedUrl),
      categories: many(view.categories),
      links: many(view.links),
      contributors: many(view.contributors),
      rights: some(view.rights),
      source: source && { id: some(source.id), title: some(source.title), links: many(source.links) },
    },
  };
}

function typeOf({ content }: EntryView): string | undefined {
  return content === undefined || /^(text|x?html)$/.test(content.type) ? undefined : content.type;
}

function baseOf({ content }: EntryView, feedUrl: string): string | undefined {
  return content?.type === 'html' && content.base !== feedUrl ? content.base : undefined;
}

function attachmentsOf({ links }: EntryView): Attachment[] {
  return links
    .filter((link) => link.href !== '' && isRelated(link, 'enclosure'))
    .map(({ href, type, title, length }) => ({
      url: href,
      mime_type: type ?? 'application/octet-stream',
      title,
      // Safe integers only: what is longer than a number can say exactly is not a length that anybody measured.
      size_in_bytes: length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined,
    }));
}

/** JSON Feed's authors have at least one member. */
function authorsOf(persons: PersonView[]): Author[] {
  return persons
    .map(({ name, uri, email }) => ({
      name: some(name.trim()),
      url: uri ?? (email === undefined ? undefined : `mailto:${email}`),
    }))
    .filter(({ name, url }) => name !== undefined || url !== undefined);
}

function some(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function many<T>(list: T[]): T[] | undefined {
  return list.length === 0 ? undefined : list;
}

/** JSON on one line for whoever splits lines as Unicode does (UAX #14: NEL, LS and PS), not only at `\n`. */
function stringify(value: object): string {
  return JSON.stringify(value).replace(
    /[\u0085\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
