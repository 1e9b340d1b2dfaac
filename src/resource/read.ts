/** Reading a feed: which entries a request asks for, and the page that holds them. */
import { writeFeed } from '../atom/feed.js';
import { keyOfAtomId } from '../atom/ids.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import type { Feed } from '../store/store.js';
import { negotiate } from './accept.js';
import { visible } from './address.js';
import { isFresh, lastModified, pageTag } from './conditions.js';
import { ATOM_FEED, type Context, notModified, REVALIDATE } from './context.js';
import type { RenderedPage } from './pages.js';

/** `GET` and `HEAD` of a feed; `url` is its address without query. */
export async function readFeed(
  context: Context,
  request: HttpRequest,
  name: string,
  url: string,
): Promise<HttpResponse> {
  negotiate(request.headers.accept, [['application/atom+xml', 'application/xml', 'text/xml']]);
  const feed = await context.store.feed(name);
  if (feed === undefined) throw new HttpError(404, `There is no feed named ${JSON.stringify(name)}.`);
  const self = request.search === '' ? url : `${url}?${visible(request.search)}`;
  let page = context.pages.get(self, feed);
  if (page === undefined) {
    page = await renderPage(context, feed, request.query, self, url);
    context.pages.set(self, page);
  }
  if (isFresh(request.headers, page.tag, page.modified)) return notModified(page.headers);
  return { status: 200, headers: { ...page.headers, ...lastModified(page.modified) }, body: page.body };
}

async function renderPage(
  context: Context,
  feed: Feed,
  query: URLSearchParams,
  self: string,
  url: string,
): Promise<RenderedPage> {
  const { store, settings } = context;
  const descending = orderOf(query);
  const limit = pageSizeOf(query, settings.pageSize);
  const start = await startOf(context, feed, query, descending, limit);
  const read = await store.page(feed.feedId, { from: start.position, descending, limit, bytes: settings.pageBytes });
  // Never beyond the head that was read first: the page and its tag are of one moment.
  const entries = read.filter(({ position }) => position <= feed.head);
  const last = entries.at(-1);
  const to = last?.position ?? start.position;
  const more = descending ? to > 1 && last !== undefined : to < feed.head;

  const link = (parameters: Record<string, string>) => addressOf(url, query, parameters);
  const links = [
    { rel: 'self', href: self },
    { rel: 'first', href: link({}) },
    { rel: 'last', href: link({ start_at: 'last' }) },
    ...(more && last !== undefined ? [{ rel: 'next', href: link({ start_after: last.atomId }) }] : []),
  ];
  const modified = entries.reduce((newest, { editedAt }) => Math.max(newest, editedAt), feed.createdAt);
  const xml = writeFeed({
    atomId: feed.atomId,
    title: feed.name,
    author: settings.author,
    updated: modified,
    url,
    links,
    entries,
  });
  const tag = pageTag({ feedId: feed.feedId, edits: feed.edits, from: start.position, to, more, descending });
  return {
    tag,
    headers: {
      'content-type': ATOM_FEED,
      etag: tag,
      ...REVALIDATE,
      link: links.map(({ rel, href }) => `<${href}>; rel="${rel}"`).join(', '),
      ...(more || descending ? {} : { 'atommq-up-to-date': 'true' }),
    },
    body: Buffer.from(xml),
    modified,
    feedId: feed.feedId,
    edits: feed.edits,
    head: feed.head,
    final: more && !descending && !start.moving,
  };
}

function orderOf(query: URLSearchParams): boolean {
  const order = query.get('order') ?? 'asc';
  if (order !== 'asc' && order !== 'desc') {
    throw new HttpError(400, `order is asc or desc, not ${JSON.stringify(order.slice(0, 40))}.`);
  }
  return order === 'desc';
}

function pageSizeOf(query: URLSearchParams, most: number): number {
  const asked = query.get('page_size');
  if (asked === null) return most;
  if (!/^\d{1,9}$/.test(asked) || Number(asked) < 1) {
    throw new HttpError(
      400,
      `page_size is a whole number from 1 to ${most}, not ${JSON.stringify(asked.slice(0, 40))}.`,
    );
  }
  return Math.min(Number(asked), most);
}

/** The exclusive position from which to read, and whether the same request will mean another one as entries come. */
async function startOf(
  context: Context,
  feed: Feed,
  query: URLSearchParams,
  descending: boolean,
  limit: number,
): Promise<{ position: number; moving: boolean }> {
  const after = query.get('start_after');
  const at = query.get('start_at');
  const [none, end] = descending
    ? [feed.head + 1, Math.min(limit, feed.head) + 1]
    : [0, Math.max(0, feed.head - limit)];
  if (after !== null && at !== null) throw new HttpError(400, 'start_after and start_at exclude each other.');
  if (after === 'now') return { position: descending ? none : feed.head, moving: true };
  if (at === 'last') return { position: end, moving: true };
  const id = after ?? at;
  if (id === null) return { position: none, moving: descending };
  const position = await positionOf(context, feed, id);
  if (after !== null) return { position, moving: false };
  return { position: descending ? position + 1 : position - 1, moving: false };
}

/**
 * The position of an id that a client kept.
 * @throws HttpError 400 for an id that the feed never held, as AtomMQ always did
 */
async function positionOf({ store }: Context, feed: Feed, id: string): Promise<number> {
  const position = await store.position(feed.feedId, keyOfAtomId(id.trim()));
  if (position === undefined) {
    throw new HttpError(
      400,
      `The feed ${JSON.stringify(feed.name)} never held an entry with the id ${JSON.stringify(id.slice(0, 200))}.`,
    );
  }
  return position;
}

/** An address of the same feed with the page's size and order carried over. */
function addressOf(url: string, query: URLSearchParams, parameters: Record<string, string>): string {
  const carried = ['page_size', 'order', 'format']
    .filter((name) => query.has(name))
    .map((name) => [name, query.get(name)!]);
  const all = [...carried, ...Object.entries(parameters)];
  if (all.length === 0) return url;
  // An id reads better as it is: only what would end the parameter, or be taken for a space, is encoded.
  return `${url}?${all.map(([name, value]) => `${name}=${encodeURIComponent(value!).replace(/%3A/g, ':')}`).join('&')}`;
}
