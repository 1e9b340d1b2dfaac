/** In which order feeds are listed: by name, page after page, or by what they hold, the most or the newest first. */
import type { HttpRequest } from '../http.js';
import type { Context } from '../resource/context.js';
import { mayRead } from '../resource/permitted.js';
import type { Feed } from '../store/store.js';
import { type Rate, rateOf } from './rate.js';

/** So many feeds stand on a page. */
const FEEDS = 50;
/** Of so many, the first by name, the rest of an order is made: each costs two short questions. */
const MOST_SORTED = 500;

export type Order = 'name' | 'entries' | 'rate' | 'last';

/** A feed and how fast it grew. */
export interface Row {
  feed: Feed;
  rate: Rate;
}

/** What of the list is shown. */
export interface Listing {
  order: Order;
  filter: string;
  /** The name after which the page begins; in other orders than that by name, how many come before it. */
  after: string;
}

/** One page of the list. */
export interface Listed {
  rows: Row[];
  /** What the next page begins after. */
  next: string | undefined;
  /** How many feeds were put in order, where there are more than that. */
  among: number | undefined;
}

/** What a query asks for; by name where it asks for an order that there is not. */
export function listingOf(query: URLSearchParams): Listing {
  const sort = query.get('sort') ?? '';
  const order = /^(entries|rate|last)$/.test(sort) ? (sort as Order) : 'name';
  return { order, filter: (query.get('filter') ?? '').trim().toLowerCase(), after: query.get('after') ?? '' };
}

/** @param time microseconds since 1970 */
export async function listFeeds(
  context: Context,
  request: HttpRequest,
  { order, filter, after }: Listing,
  time: number,
): Promise<Listed> {
  const rated = (feeds: Feed[]) =>
    Promise.all(feeds.map(async (feed) => ({ feed, rate: await rateOf(context.store, feed, time) })));
  if (order === 'name') {
    const feeds = await readable(context, request, after, filter, FEEDS + 1);
    const rows = await rated(feeds.slice(0, FEEDS));
    return { rows, next: feeds.length > FEEDS ? rows.at(-1)!.feed.name : undefined, among: undefined };
  }
  const feeds = await readable(context, request, '', filter, MOST_SORTED + 1);
  const all = await rated(feeds.slice(0, MOST_SORTED));
  const value = { entries: entriesOf, rate: rateOfHour, last: ({ rate }: Row) => rate.last ?? 0 }[order];
  all.sort((a, b) => value(b) - value(a));
  const start = /^\d{1,6}$/.test(after) ? Number(after) : 0;
  return {
    rows: all.slice(start, start + FEEDS),
    next: all.length > start + FEEDS ? String(start + FEEDS) : undefined,
    among: feeds.length > MOST_SORTED ? MOST_SORTED : undefined,
  };
}

/** How many entries are held. */
export function entriesOf({ feed: { head, floor } }: Row): number {
  return head - floor;
}

/** How many came in the last hour. */
export function rateOfHour({ rate }: Row): number {
  return Math.round(rate.counts.reduce((sum, number) => sum + number, 0));
}

/** Feeds after a name. The one place where pages list feeds. */
async function readable(
  context: Context,
  request: HttpRequest,
  after: string,
  filter: string,
  most: number,
): Promise<Feed[]> {
  const listed: Feed[] = [];
  for (let last = after; listed.length < most; ) {
    const some = await context.store.feedsAfter(last, filter, most);
    // Whoever may not see all of them is shown the next ones instead.
    listed.push(...some.filter(({ name }) => mayRead(context, request, name)));
    if (some.length < most) break;
    last = some.at(-1)!.name;
  }
  return listed.slice(0, most);
}
