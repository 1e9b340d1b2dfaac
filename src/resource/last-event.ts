/** `lastEventId`, by which readers of http-feeds (http-feeds.org) say how far they have come. */
import { atomIdOfEvent } from '../atom/cloudevent.js';
import { keyOfAtomId } from '../atom/ids.js';
import { SOURCE_SCHEME } from '../atom/model.js';
import { HttpError } from '../http.js';
import type { Feed } from '../store/store.js';
import type { Context } from './context.js';

/** Of so many sources events are looked for. */
const MOST_SOURCES = 100;

/** The id of the last event; undefined where there is none yet, which some clients say by `null`. */
export function lastEventOf(query: URLSearchParams): string | undefined {
  const id = query.get('lastEventId');
  return id === null || id === '' || id === 'null' ? undefined : id;
}

/**
 * The position of an event. The id is that of an entry, or that of an event, which is unique with its source only: of all
 * sources in the feed there must be one that has it, or `source` says which it is.
 * @returns the position before the oldest entry where retention has removed the event: what came after it is still to come
 * @throws HttpError 400 for an id that the feed never held, and for one that several sources have
 */
export async function afterEvent(context: Context, feed: Feed, query: URLSearchParams, id: string): Promise<number> {
  // Since hardly an id has a space in it, one that comes out of a query may have been a `+` that nobody encoded.
  const ids = [...new Set([id, id.replaceAll(' ', '+')])];
  const own = await firstHeld(context, feed, ids);
  if (own !== undefined) return own;
  const asked = query.getAll('source');
  const sources = asked.length > 0 ? asked : await context.store.terms(feed.feedId, SOURCE_SCHEME, MOST_SOURCES + 1);
  const shown = JSON.stringify(id.slice(0, 200));
  if (sources.length > MOST_SOURCES) {
    throw new HttpError(
      400,
      `The feed has events of more than ${MOST_SOURCES} sources; say by source=… whose ${shown} it is.`,
    );
  }
  const found: number[] = [];
  for (const source of sources) {
    const position = await firstHeld(
      context,
      feed,
      ids.map((one) => atomIdOfEvent(source, one)),
    );
    if (position !== undefined) found.push(position);
  }
  if (found.length > 1)
    throw new HttpError(400, `Several sources have an event ${shown}; say by source=… which it is.`);
  if (found.length === 1) return found[0]!;
  throw new HttpError(400, `The feed ${JSON.stringify(feed.name)} never held an event with the id ${shown}.`);
}

/** The position of the first of these entries that the feed holds or held. */
async function firstHeld({ store }: Context, feed: Feed, atomIds: string[]): Promise<number | undefined> {
  for (const key of atomIds.map(keyOfAtomId)) {
    const position = await store.position(feed, key);
    if (position !== undefined) return Math.max(position, feed.floor);
    if (feed.floor > 0 && (await store.wasRemoved(feed.feedId, key))) return feed.floor;
  }
  return undefined;
}
