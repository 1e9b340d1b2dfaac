/** Which stretch of a feed a request asks for, by its query, and the addresses of other stretches. */
import { keyOfAtomId } from '../atom/ids.js';
import { HttpError } from '../http.js';
import type { Feed } from '../store/store.js';
import type { Context } from './context.js';
import { afterEvent, lastEventOf } from './last-event.js';

/** Where to read, and how far. */
export interface Stretch {
  /** The position after which (before which, when `descending`) to read. */
  from: number;
  descending: boolean;
  /** Most entries. */
  limit: number;
  /** The same request will mean another stretch as entries come. */
  moving: boolean;
  /** It begins at the oldest entry that is held, whichever that is. */
  fromTheStart: boolean;
}

/**
 * @param now what `start_after=now` means to a client that waits: the position at the end when it came
 * @throws HttpError 400 for a parameter that cannot be used, 410 for the id of an entry that retention has removed
 */
export async function stretchOf(
  context: Context,
  feed: Feed,
  url: string,
  query: URLSearchParams,
  now?: number,
): Promise<Stretch> {
  const descending = orderOf(query);
  const limit = pageSizeOf(query, context.settings.pageSize);
  const after = query.get('start_after');
  const at = query.get('start_at');
  if (after !== null && at !== null) throw new HttpError(400, 'start_after and start_at exclude each other.');
  const { head, floor } = feed;
  const stretch = (from: number, moving: boolean, fromTheStart = false) => ({
    from,
    descending,
    limit,
    moving,
    fromTheStart,
  });
  // It beats the others: who goes on adds it to the address that they began with.
  const last = lastEventOf(query);
  if (last !== undefined) {
    const position = await afterEvent(context, feed, query, last);
    return stretch(position, false, position <= floor);
  }
  if (after === 'now') return stretch(descending ? head + 1 : (now ?? head), true);
  if (at === 'last') {
    const end = descending ? Math.min(floor + limit, head) + 1 : Math.max(floor, head - limit);
    return stretch(end, true);
  }
  const id = after ?? at;
  if (id === null) return descending ? stretch(head + 1, true) : stretch(floor, false, true);
  const position = await positionOf(context, feed, plainId(id), linkTo(url, query, {}));
  if (after !== null) return stretch(position, false);
  return stretch(descending ? position + 1 : position - 1, false);
}

/** The id of a parameter: since no id has a space in it, one that comes out of the query was a `+` that nobody encoded. */
function plainId(parameter: string): string {
  return parameter.trim().replaceAll(' ', '+');
}

/** An address of the same feed with the page's size, order and form carried over. */
export function linkTo(url: string, query: URLSearchParams, parameters: Record<string, string>): string {
  const carried = ['page_size', 'order', 'format']
    .filter((name) => query.has(name))
    .map((name) => [name, query.get(name)!]);
  const all = [...carried, ...Object.entries(parameters)];
  if (all.length === 0) return url;
  // An id reads better as it is: only what would end the parameter, or be taken for a space, is encoded.
  return `${url}?${all.map(([name, value]) => `${name}=${encodeURIComponent(value!).replace(/%3A/g, ':')}`).join('&')}`;
}

export function noFeed(name: string): HttpError {
  return new NoFeed(404, `There is no feed named ${JSON.stringify(name)}.`);
}

/** An address whose feed is not there, or not for everybody to see. */
export class NoFeed extends HttpError {}

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

/**
 * The position of an id that a client kept.
 * @param first the address of the oldest page, for those whose id was removed
 * @throws HttpError 400 for an id that the feed never held, as AtomMQ always did; 410 for one that retention has removed
 */
export async function positionOf({ store }: Context, feed: Feed, id: string, first?: string): Promise<number> {
  const key = keyOfAtomId(id);
  const position = await store.position(feed, key);
  if (position !== undefined && position > feed.floor) return position;
  const shown = JSON.stringify(id.slice(0, 200));
  if (position !== undefined || (await store.wasRemoved(feed.feedId, key))) {
    const where = first === undefined ? '' : `, at ${first}`;
    throw new HttpError(410, `The entry ${shown} is not held any more; go on with the oldest that is${where}`, {
      ...(first === undefined ? {} : { headers: { link: `<${first}>; rel="first"` }, members: { first } }),
    });
  }
  throw new HttpError(400, `The feed ${JSON.stringify(feed.name)} never held an entry with the id ${shown}.`);
}
