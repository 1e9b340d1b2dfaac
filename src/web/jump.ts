/** Jumps within a feed: from what somebody typed, an id or a time, to a place. */
import { keyOfAtomId } from '../atom/ids.js';
import { HttpError } from '../http.js';
import type { Context } from '../resource/context.js';
import type { Feed, Store } from '../store/store.js';

/** Seconds by what people write after a number. */
const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
/** Positions that one question tries. */
const PROBES = 16;

/**
 * The id of the entry that is meant; undefined where a feed has no entry.
 * @param typed an `atom:id`, its bare UUID, a time, or how long ago
 * @throws HttpError 400 for what is neither
 */
export async function placeOf(context: Context, feed: Feed, typed: string, now: number): Promise<string | undefined> {
  const moment = momentOf(typed, now);
  const position =
    moment === undefined ? await positionOfId(context, feed, typed) : await positionAt(context.store, feed, moment);
  if (position <= feed.floor) return undefined;
  const [entry] = await context.store.page(feed.feedId, { from: position - 1, descending: false, limit: 1, bytes: 1 });
  return entry?.atomId;
}

/** A time in UTC unless it says otherwise, a time of today, or so long ago; in microseconds since 1970. */
export function momentOf(typed: string, now: number): number | undefined {
  const text = typed.trim();
  const [, number, unit] = /^(\d{1,6})\s*([smhdw])(?:\s+ago)?$/i.exec(text) ?? [];
  if (number !== undefined) return now - Number(number) * UNITS[unit!.toLowerCase()]! * 1e6;
  const today = new Date(now / 1000).toISOString().slice(0, 10);
  const full = /^\d{1,2}:\d\d(:\d\d)?$/.test(text)
    ? `${today}T${text.padStart(text.length + (text.indexOf(':') === 1 ? 1 : 0), '0')}`
    : text;
  if (!/^\d{4}-\d\d-\d\d/.test(full)) return undefined;
  const iso = full.replace(/^(\S{10})\s+/, '$1T').replace(/\s*UTC$/, 'Z');
  const zoned = /(z|[+-]\d\d:?\d\d)$/i.test(iso.slice(10)) || iso.length === 10 ? iso : `${iso}Z`;
  const millis = Date.parse(zoned);
  return Number.isNaN(millis) ? undefined : millis * 1000;
}

async function positionOfId({ store }: Context, feed: Feed, typed: string): Promise<number> {
  const text = typed.trim();
  for (const id of [text, `urn:uuid:${text}`]) {
    const position = await store.position(feed, keyOfAtomId(id));
    if (position !== undefined && position > feed.floor) return position;
  }
  throw new HttpError(
    400,
    `${JSON.stringify(text.slice(0, 200))} is neither the id of an entry that this feed holds nor a time. Times are like 2026-01-31 15:04, 15:04 or 10m; they are in UTC.`,
  );
}

/**
 * The last entry that was published by then, else the first that is held. Entries are in the order in which they came, so
 * each question divides what is left by as many as it asks for.
 */
export async function positionAt(
  store: Pick<Store, 'times'>,
  { feedId, head, floor }: Feed,
  moment: number,
): Promise<number> {
  let low = floor;
  let high = head + 1;
  // What is at `low` or below was there, what is at `high` or above came later.
  while (high - low > 1) {
    const step = (high - low) / (PROBES + 1);
    const probes = new Set(Array.from({ length: PROBES }, (_, i) => Math.floor(low + step * (i + 1))));
    probes.delete(low);
    if (probes.size === 0) probes.add(low + 1);
    const times = await store.times(feedId, [...probes]);
    if (times.length === 0) break;
    const there = times.findLast(({ publishedAt }) => publishedAt <= moment);
    const later = times.find(
      ({ position, publishedAt }) => publishedAt > moment && position > (there?.position ?? low),
    );
    low = there?.position ?? low;
    high = later?.position ?? high;
  }
  return Math.min(Math.max(low, floor + 1), head);
}
