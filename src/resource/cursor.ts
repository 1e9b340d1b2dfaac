/** Where a reader of events stands in a feed, and how several feeds' positions go into one id. */
import { keyOfAtomId } from '../atom/ids.js';
import { HttpError } from '../http.js';
import type { Feed } from '../store/store.js';
import type { Context } from './context.js';
import { stretchOf } from './stretch.js';

/** A place in a feed: after the entry with this position. */
export interface Cursor {
  feedId: number;
  position: number;
  /** The entry's `atom:id`, or {@link BEGINNING}; undefined where the query says it again when the client comes back. */
  atomId: string | undefined;
  /** The client does not know its place yet, and its query will mean another one later. */
  untold?: boolean;
  /** The position that the client kept is gone, and this is the oldest there is. */
  reset: boolean;
  /** The `atom:id` of the oldest entry, where `reset` says that the stream goes on there. */
  oldest?: string | undefined;
}

/** What stands for an id where a reader is before the first entry; no entry has it. */
const BEGINNING = 'first';

/**
 * Where to begin: after the last event that a client has seen, else where its query says.
 * @param last the id of that event; it counts before the query, since a client that comes back sends both
 * @throws HttpError 400 for a parameter that cannot be used
 */
export async function cursorOf(
  context: Context,
  feed: Feed,
  url: string,
  query: URLSearchParams,
  last: string | undefined,
): Promise<Cursor> {
  if (query.get('order') === 'desc')
    throw new HttpError(400, 'Events come in the order of the feed; order=desc is for pages.');
  if (last !== undefined) {
    if (last === BEGINNING) return { feedId: feed.feedId, position: feed.floor, atomId: last, reset: false };
    const position = await context.store.position(feed, keyOfAtomId(last));
    if (position !== undefined && position > feed.floor)
      return { feedId: feed.feedId, position, atomId: last, reset: false };
    return startOver(context, feed);
  }
  try {
    const { from, moving } = await stretchOf(context, feed, url, query);
    // A place that the same query would not mean again must be told to the client before it can be cut off.
    const atomId = moving ? await idAt(context, feed, from) : undefined;
    return { feedId: feed.feedId, position: from, atomId, untold: moving, reset: false };
  } catch (error) {
    if (error instanceof HttpError && error.status === 410) return startOver(context, feed);
    throw error;
  }
}

/** The place before the oldest entry that is held, for a reader whose own place is gone. */
export async function startOver({ store }: Context, feed: Feed): Promise<Cursor> {
  const [oldest] = await store.page(feed.feedId, { from: feed.floor, descending: false, limit: 1, bytes: 1 });
  return { feedId: feed.feedId, position: feed.floor, atomId: undefined, reset: true, oldest: oldest?.atomId };
}

async function idAt({ store }: Context, feed: Feed, position: number): Promise<string> {
  if (position <= feed.floor) return BEGINNING;
  const [entry] = await store.page(feed.feedId, { from: position - 1, descending: false, limit: 1, bytes: 1 });
  return entry?.atomId ?? BEGINNING;
}

/** The positions of several feeds as one id: `a=urn:uuid:…&b=urn:uuid:…`. */
export function writePositions(readings: { name: string; cursor: Cursor }[]): string {
  return readings
    .filter(({ cursor }) => cursor.atomId !== undefined)
    .map(({ name, cursor }) => `${encodeURIComponent(name)}=${encodeURIComponent(cursor.atomId!).replace(/%3A/g, ':')}`)
    .join('&');
}

/** Back again; what is not an id of ours has no positions, and every feed begins anew. */
export function readPositions(id: string): Map<string, string> {
  return new Map(new URLSearchParams(id));
}
