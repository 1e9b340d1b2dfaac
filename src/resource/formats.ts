/** The forms in which feeds and entries are to be had, and which of them a request gets. */
import { writeEntryDocument } from '../atom/entry.js';
import { type FeedPage, writeFeed } from '../atom/feed.js';
import type { HeldEntry } from '../atom/model.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import { negotiate } from './accept.js';
import { ATOM_ENTRY, ATOM_FEED, NO_SNIFFING, SANDBOX } from './context.js';

/** One form of what an address shows. */
export interface Format<Input> {
  /** What `format=` calls it. */
  name: string;
  /** The media types of `Accept` that stand for it. */
  types: string[];
  contentType: string;
  /** What its tags end in, so that no two forms share one. */
  suffix: string;
  /** Fields that its answers have besides. */
  headers?: () => Promise<HttpResponse['headers']>;
  write: (input: Input) => string | Buffer | Promise<string>;
}

/** An entry and where it is. */
export interface EntryPage {
  entry: HeldEntry;
  /** The absolute address of the feed. */
  url: string;
  author: string;
}

const XML = ['application/xml', 'text/xml'];

// What most requests never ask for is loaded when one does: a CGI process pays for every module.
const json = () => import('../atom/json.js');
const html = () => import('../atom/html.js');
const events = () => import('../atom/cloudevent-write.js');
const atomHeaders = async () => SANDBOX;
const htmlHeaders = async () => ({ ...NO_SNIFFING, 'content-security-policy': (await html()).HTML_POLICY });

/** The preferred form first. */
export const FEED_FORMATS: Format<FeedPage>[] = [
  {
    name: 'atom',
    types: ['application/atom+xml', ...XML],
    contentType: ATOM_FEED,
    suffix: '',
    headers: atomHeaders,
    write: writeFeed,
  },
  {
    name: 'json',
    types: ['application/feed+json'],
    contentType: 'application/feed+json',
    suffix: '.feedjson',
    write: async (page) => (await json()).writeJsonFeed(page),
  },
  {
    name: 'json',
    types: ['application/json'],
    contentType: 'application/json',
    suffix: '.json',
    write: async (page) => (await json()).writeJsonFeed(page),
  },
  {
    name: 'ndjson',
    types: ['application/x-ndjson', 'application/ndjson', 'application/jsonl'],
    contentType: 'application/x-ndjson',
    suffix: '.ndjson',
    write: async (page) => (await json()).writeNdjson(page),
  },
  {
    name: 'cloudevents',
    types: ['application/cloudevents-batch+json'],
    contentType: 'application/cloudevents-batch+json',
    suffix: '.events',
    write: async (page) => (await events()).writeEvents(page),
  },
  {
    // A plain page for subscribers of the hub; browsers get those of `web/`.
    name: 'html',
    types: ['text/html'],
    contentType: 'text/html; charset=utf-8',
    suffix: '.html',
    headers: htmlHeaders,
    write: async (page) => (await html()).writeHtmlFeed(page),
  },
];

export const ENTRY_FORMATS: Format<EntryPage>[] = [
  {
    name: 'atom',
    types: ['application/atom+xml', ...XML],
    contentType: ATOM_ENTRY,
    suffix: '',
    headers: atomHeaders,
    write: ({ entry, url, author }) => writeEntryDocument(entry, url, author),
  },
  {
    name: 'json',
    types: ['application/json', 'application/feed+json'],
    contentType: 'application/json',
    suffix: '.json',
    write: async ({ entry, url }) => (await json()).writeJsonEntry(entry, url),
  },
  {
    name: 'ndjson',
    types: ['application/x-ndjson', 'application/ndjson', 'application/jsonl'],
    contentType: 'application/x-ndjson',
    suffix: '.ndjson',
    write: async ({ entry, url }) => `${(await json()).writeJsonEntry(entry, url).trimEnd()}\n`,
  },
  {
    name: 'cloudevents',
    types: ['application/cloudevents+json'],
    contentType: 'application/cloudevents+json',
    suffix: '.events',
    write: async ({ entry, url }) => `${(await events()).writeEvent(entry, url)}\n`,
  },
];

/** The types of what programs get of a feed and of an entry, the preferred one first. */
export const FEED_TYPES = FEED_FORMATS.filter(({ name }) => name !== 'html').map(({ types }) => types);
export const ENTRY_TYPES = ENTRY_FORMATS.map(({ types }) => types);

const MAY_BE_HTML = /text\/(html|\*)|\*\/\*/i;

/**
 * Whether a page for people is preferred to all of these, by `format=` or by `Accept` as browsers send it. Pages are made
 * in `web/`.
 * @param types of what else there is, the preferred one first
 * @throws HttpError 406 where nothing is acceptable
 */
export function wantsPage(request: HttpRequest, types: string[][]): boolean {
  const { accept } = request.headers;
  const asked = request.search.includes('format') ? request.query.get('format') : null;
  if (asked !== null) return asked === 'html';
  if (accept === undefined || accept === '*/*' || !MAY_BE_HTML.test(accept)) return false;
  return negotiate(accept, [...types, ['text/html'], [EVENTS]]) === types.length;
}

/** Server-sent events, which are no page but a stream of entries. */
export const EVENTS = 'text/event-stream';

/** Whether `Accept` prefers a stream of events to all of these; what form its data has is for `format=` to say. */
export function wantsEvents<Input>({ headers: { accept } }: HttpRequest, formats: Format<Input>[]): boolean {
  if (accept === undefined || !accept.includes('event-stream')) return false;
  return negotiate(accept, [...formats.map(({ types }) => types), [EVENTS]]) === formats.length;
}

/** The form that `format=` calls by a name. */
export function namedFormat<Input>(formats: Format<Input>[], asked: string): Format<Input> | undefined {
  return formats.find(({ name }) => name === asked);
}

/**
 * By `format=`, else by `Accept`.
 * @throws HttpError 400 for an unknown format, 406 where nothing is acceptable
 */
export function formatFor<Input>(request: HttpRequest, formats: Format<Input>[]): Format<Input> {
  const { accept } = request.headers;
  const asked = request.search.includes('format') ? request.query.get('format') : null;
  if (asked === null) {
    return accept === undefined || accept === '*/*'
      ? formats[0]!
      : formats[
          negotiate(
            accept,
            formats.map(({ types }) => types),
          )
        ]!;
  }
  const format = namedFormat(formats, asked);
  if (format === undefined) {
    const known = [...new Set([...formats.map(({ name }) => name), 'html'])].join(', ');
    throw new HttpError(400, `format is one of ${known}, not ${JSON.stringify(asked.slice(0, 40))}.`);
  }
  return format;
}
