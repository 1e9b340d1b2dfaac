/** Long polling (RFC 7240 §4.3): an answer that would hold nothing new is held back until something comes. */
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import type { Feed } from '../store/store.js';
import type { Context } from './context.js';
import { noFeed } from './stretch.js';

/** An answer, and whether it tells its client anything that it did not know. */
export interface Polled {
  response: HttpResponse;
  news: boolean;
}

/**
 * How many seconds a request is granted of those that it would wait; undefined where it says nothing of that. A process
 * that ends with its request never waits.
 * @throws HttpError 400 for a timeout that is no number
 */
export function waitOf(request: HttpRequest, most: number): number | undefined {
  const seconds = preferredWait(request.headers) ?? timeoutOf(request);
  if (seconds === undefined) return undefined;
  return request.nature.runOnce ? 0 : Math.min(seconds, most);
}

/** What `Prefer: wait=N` asks for. */
export function preferredWait({ prefer }: HttpRequest['headers']): number | undefined {
  if (prefer === undefined) return undefined;
  const [, seconds] = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])/i.exec(prefer) ?? [];
  return seconds === undefined ? undefined : Number(seconds);
}

/** What `timeout` asks for, as http-feeds has it: in milliseconds. */
function timeoutOf(request: HttpRequest): number | undefined {
  const timeout = request.search.includes('timeout') ? request.query.get('timeout') : null;
  if (timeout === null) return undefined;
  if (!/^\d{1,12}$/.test(timeout)) {
    const shown = JSON.stringify(timeout.slice(0, 40));
    throw new HttpError(400, `timeout is a whole number of milliseconds, not ${shown}.`);
  }
  return Number(timeout) / 1000;
}

/**
 * The first answer that has news, or the last that has none when the time is over.
 * @param ask answers by the feed as it stands
 * @throws HttpError 503 when too many wait; 404 when the feed is removed meanwhile
 */
export async function awaitNews(
  { live }: Context,
  request: HttpRequest,
  feed: Feed,
  seconds: number,
  ask: (feed: Feed) => Promise<Polled>,
): Promise<HttpResponse> {
  const until = Date.now() + seconds * 1000;
  let polled = await ask(feed);
  if (polled.news || seconds === 0) return polled.response;
  const leave = live.enter();
  // From now on it has a place among those who wait, and none among those who are worked on.
  request.places?.leave(request);
  const watch = live.watch([feed], request.signal);
  try {
    while (!polled.news) {
      const news = await watch.next(until - Date.now());
      if (news.kind !== 'changed') break;
      if (news.feed === undefined) throw noFeed(feed.name);
      polled = await ask(news.feed);
    }
    return polled.response;
  } finally {
    watch.close();
    leave();
  }
}
