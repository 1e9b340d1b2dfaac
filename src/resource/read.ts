/** Reading a feed: the page that a request asks for, kept and answered in the form that it asks for. */
import { defaultMetadata, type FeedPage } from '../atom/feed.js';
import type { HeldEntry } from '../atom/model.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import type { Feed } from '../store/store.js';
import { visible } from './address.js';
import { extentOfTag, pageTag, tagsOf } from './conditions.js';
import { type Context, IMMUTABLE, REVALIDATE } from './context.js';
import { streamFeed } from './events.js';
import { FEED_FORMATS, type Format, formatFor, wantsEvents } from './formats.js';
import { awaitNews, type Polled, preferredWait, waitOf } from './long-poll.js';
import type { RenderedPage } from './pages.js';
import { isLimited } from './policy.js';
import { respond } from './representation.js';
import { hubUrl } from './service.js';
import { linkTo, noFeed, type Stretch, stretchOf } from './stretch.js';
import { variantOf } from './variant.js';

const RETRY = { headers: { 'retry-after': '1' } };

/** What is asked for, and how. */
interface Asked {
  request: Pick<HttpRequest, 'base' | 'query'>;
  name: string;
  /** The address of the feed, without query. */
  url: string;
  /** The address of the page. */
  self: string;
  /** The address of the hub, where there is one. */
  hub: string | undefined;
  format: Format<FeedPage>;
  /** The end of the feed when a client that waits came. */
  now?: number;
}

/** `GET` and `HEAD` of a feed; `url` is its address without query. */
export async function readFeed(
  context: Context,
  request: HttpRequest,
  name: string,
  url: string,
): Promise<HttpResponse> {
  const wait = waitOf(request, context.settings.maxWait);
  if (wantsEvents(request, FEED_FORMATS)) return streamFeed(context, request, name, url);
  const format = formatFor(request, FEED_FORMATS);
  const feed = await context.store.feed(name);
  if (feed === undefined) throw noFeed(name);
  const self = request.search === '' ? url : `${url}?${visible(request.search)}`;
  const hub = context.hub && hubUrl(request.base);
  const asked: Asked = { request, name, url, self, hub, format };
  if (wait === undefined) {
    // What most requests get: as it was answered before.
    const kept = request.headers['a-im'] === undefined ? context.pages.get(keyOf(asked), feed) : undefined;
    if (kept === undefined) return (await answer(context, request, feed, asked)).response;
    readAhead(context, feed, asked, kept);
    return respond(request, kept);
  }
  const response = await awaitNews(context, request, feed, wait, (newest) =>
    answer(context, request, newest, { ...asked, now: feed.head }),
  );
  if (preferredWait(request.headers) === undefined) return response;
  return { ...response, headers: { ...response.headers, 'preference-applied': `wait=${wait}` } };
}

/** The answer by the feed as it stands. */
async function answer(context: Context, request: HttpRequest, feed: Feed, asked: Asked): Promise<Polled> {
  const { pages } = context;
  const key = keyOf(asked);
  const page = await pages.page(key, feed, () => render(context, feed, asked));
  readAhead(context, feed, asked, page);
  const since = request.headers['a-im'] === undefined ? undefined : deltaBase(request.headers, page);
  if (since !== undefined) {
    const delta = await pages.page(`${key} +${since}`, feed, () => render(context, feed, asked, since));
    return { response: await respond(request, delta, 226), news: true };
  }
  const response = await respond(request, page);
  return { response, news: response.status !== 304 && !page.empty };
}

/** What a page is kept by. */
function keyOf({ request, self, format, now }: Asked): string {
  const key = format.suffix === '' ? self : `${self} ${format.suffix}`;
  return now !== undefined && request.query.get('start_after') === 'now' ? `${key} @${now}` : key;
}

/** For who reads page after page, the next one is made while this one is on its way. */
function readAhead(context: Context, feed: Feed, asked: Asked, { ahead }: RenderedPage): void {
  if (ahead === undefined) return;
  const following = { ...asked, self: ahead };
  const key = keyOf(following);
  if (!context.pages.leads(keyOf(asked), key)) return;
  const make = () => {
    const request = { base: asked.request.base, query: new URL(ahead).searchParams };
    return render(context, feed, { ...following, request });
  };
  // What goes wrong here goes wrong again when it is asked for.
  context.pages.page(key, feed, make).catch(() => {});
}

/**
 * The position after which a client lacks entries of a page that it has an earlier state of (RFC 3229 §10, the instance
 * manipulation `feed`); undefined where it should get the whole.
 */
function deltaBase(headers: HttpRequest['headers'], page: RenderedPage): number | undefined {
  // Through a cache that revalidates what it has, the tag would be the cache's, and its reader would miss entries.
  if (!/(^|,)\s*feed\s*(,|;|$)/i.test(headers['a-im'] ?? '') || headers.via !== undefined) return undefined;
  const now = extentOfTag(page.tag);
  if (now === undefined || now.descending) return undefined;
  let base: number | undefined;
  for (const tag of tagsOf(headers['if-none-match'] ?? '')) {
    if (tag === page.tag) return undefined;
    const then = extentOfTag(tag);
    // With anything revised since, or another beginning, the entries that came are not all that changed.
    if (then === undefined || then.descending) continue;
    if (then.feedId !== now.feedId || then.edits !== now.edits || then.from !== now.from || then.to >= now.to) continue;
    base = Math.max(base ?? 0, then.to);
  }
  return base;
}

/** @param since leaves entries up to this position out: a delta */
async function render(context: Context, feed: Feed, asked: Asked, since?: number): Promise<RenderedPage> {
  const { store, settings, policies } = context;
  const { request, name, url, self, hub, format } = asked;
  const { base, query } = request;
  const stretch = await stretchOf(context, feed, url, query, asked.now);
  const { from, descending, limit } = stretch;
  // One more than is shown, for what it tells of the time when the page got its next.
  const most = descending ? limit : limit + 1;
  const read = await store.page(feed.feedId, { from, descending, limit: most, bytes: settings.pageBytes });
  if (!beginsWhereAsked(read, feed, stretch)) {
    const newest = await store.feed(name);
    if (newest === undefined) throw noFeed(name);
    // Removed, or its oldest entries went, after we had looked at it: what was read is of two moments.
    if (newest.feedId !== feed.feedId || newest.floor !== feed.floor) {
      if (since !== undefined) throw new HttpError(503, 'The feed was changed meanwhile; try again.', RETRY);
      return render(context, newest, asked);
    }
  }
  // Never beyond the head that was read first: the page and its tag are of one moment.
  const entries = read.filter(({ position }, index) => position <= feed.head && index < limit);
  const last = entries.at(-1);
  const to = last?.position ?? from;
  const more = descending ? last !== undefined && to > feed.floor + 1 : to < feed.head;
  const next = more && last !== undefined ? linkTo(url, query, { start_after: last.atomId }) : undefined;
  const links = [
    { rel: 'self', href: self },
    // Discovery (WebSub §4): by header fields, and by links in the documents.
    ...(hub === undefined ? [] : [{ rel: 'hub', href: hub }]),
    { rel: 'first', href: linkTo(url, query, {}) },
    { rel: 'last', href: linkTo(url, query, { start_at: 'last' }) },
    ...(next === undefined ? [] : [{ rel: 'next', href: next }]),
  ];
  const modified = entries.reduce(
    (newest, { editedAt }) => Math.max(newest, editedAt),
    Math.max(feed.createdAt, feed.metadataAt),
  );
  const text = await format.write({
    atomId: feed.atomId,
    metadata: feed.metadata ?? defaultMetadata(feed.name, settings.author),
    updated: modified,
    url,
    links,
    entries: since === undefined ? entries : entries.filter(({ position }) => position > since),
  });
  const extent = { feedId: feed.feedId, edits: feed.edits, from, to, more, descending };
  const tag = pageTag(extent, modified, variantOf(base, settings.author, hub), format.suffix);
  const policy = policies.of(name);
  const final = more && !stretch.moving;
  // What retention takes from the beginning makes the page that begins there another one.
  const immutable = policy.appendOnly && final && !(stretch.fromTheStart && isLimited(policy));
  // By its date too a page changes when it gets a next: whoever polls it by nothing else must hear of that.
  const after = more && !descending ? (read[entries.length] ?? (await entryAfter(context, feed, to))) : undefined;
  return {
    tag,
    headers: {
      'content-type': format.contentType,
      ...(immutable && since === undefined ? IMMUTABLE : REVALIDATE),
      link: links.map(({ rel, href }) => `<${href}>; rel="${rel}"`).join(', '),
      ...(more || descending ? {} : { 'atommq-up-to-date': 'true' }),
      ...(since === undefined ? {} : { im: 'feed', vary: `${REVALIDATE.vary}, A-IM, If-None-Match` }),
      ...(await format.headers?.()),
    },
    body: typeof text === 'string' ? Buffer.from(text) : text,
    modified: Math.max(modified, after?.editedAt ?? 0),
    feedId: feed.feedId,
    edits: feed.edits,
    head: feed.head,
    floor: lowestOf(stretch, to),
    empty: entries.length === 0,
    final,
    // Only to what is whole: the end of a feed would be made in vain.
    ahead: !descending && to + limit < feed.head ? next : undefined,
  };
}

async function entryAfter({ store }: Context, { feedId }: Feed, position: number): Promise<HeldEntry | undefined> {
  return (await store.page(feedId, { from: position, descending: false, limit: 1, bytes: 1 }))[0];
}

/** Whether the first entry that was read is the one next to where reading began: positions have no gaps. */
function beginsWhereAsked([first]: HeldEntry[], { head, floor }: Feed, { from, descending }: Stretch): boolean {
  if (descending) return from - 1 <= floor || first?.position === from - 1;
  return from >= head || first?.position === from + 1;
}

/** The position before the first that a page shows. */
function lowestOf({ from, descending }: Stretch, to: number): number {
  return descending ? to - 1 : from;
}
