/** How far feeds have come, without any entry being read: as events, which keep the list of feeds up to date, or once as JSON. */
import { now } from '../atom/ids.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import { feedName } from '../resource/address.js';
import { type Context, NO_SNIFFING } from '../resource/context.js';
import { place } from '../resource/events.js';
import { mayRead } from '../resource/permitted.js';
import type { Feed, Store } from '../store/store.js';
import { rateOf, SECONDS } from './rate.js';

/** Most feeds of one stream. */
const MOST_FEEDS = 100;
/** People see no difference below this; in milliseconds. */
const PAUSE = 500;
/** After so many milliseconds a client whose stream ended comes back. */
const RETRY = 2000;

/**
 * `GET P/activity?feed=NAME&feed=NAME…`: one event for each feed that there is to see now, and then whenever it has changed;
 * with `format=json` what there is to see now, with when the last entry came and how many came in the last hour.
 */
export async function streamActivity(context: Context, request: HttpRequest): Promise<HttpResponse> {
  const names = [...new Set(request.query.getAll('feed').map(feedName))];
  if (names.length === 0) throw new HttpError(400, 'Which feeds? feed=NAME, as often as needed.');
  if (names.length > MOST_FEEDS) throw new HttpError(400, `At most ${MOST_FEEDS} feeds are told of at once.`);
  const seen = names.filter((name) => mayRead(context, request, name));
  const feeds = seen.length === 0 ? [] : await context.store.feedsNamed(seen);
  const format = request.query.get('format');
  if (format === 'json') return activityNow(context.store, feeds);
  if (format !== null) throw new HttpError(400, 'format is json, or is left out for events.');
  return {
    status: 200,
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      ...NO_SNIFFING,
    },
    body: events(context, request, feeds, place(context, request)),
  };
}

async function activityNow(store: Store, feeds: Feed[]): Promise<HttpResponse> {
  const time = now();
  const all = [];
  for (const feed of feeds) {
    const { counts, last } = await rateOf(store, feed, time);
    const title = feed.title?.trim() || undefined;
    all.push({ ...progressOf(feed), title, last: last && new Date(last / 1000).toISOString(), hour: counts });
  }
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...NO_SNIFFING },
    body: `${JSON.stringify({ at: new Date(time / 1000).toISOString(), seconds: SECONDS, feeds: all })}\n`,
  };
}

async function* events(
  { live, settings }: Context,
  { nature, signal }: HttpRequest,
  feeds: Feed[],
  leave: () => void,
): AsyncGenerator<string> {
  const watch = nature.runOnce ? undefined : live.watch(feeds, signal);
  const end = Date.now() + settings.streamLifetime * 1000;
  try {
    yield `retry: ${RETRY}\n\n${feeds.map(eventOf).join('')}`;
    while (watch !== undefined && Date.now() < end) {
      const changed = new Map<string, Feed>();
      for (let wait = Math.min(settings.heartbeat * 1000, end - Date.now()); ; wait = 0) {
        const news = await watch.next(wait);
        if (news.kind === 'aborted') return;
        if (news.kind === 'late') break;
        if (news.feed !== undefined) changed.set(news.name, news.feed);
      }
      yield changed.size === 0 ? ':\n\n' : [...changed.values()].map(eventOf).join('');
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  } finally {
    watch?.close();
    leave();
  }
}

function eventOf(feed: Feed): string {
  return `data: ${JSON.stringify(progressOf(feed))}\n\n`;
}

function progressOf({ name, head, floor, bytes }: Feed) {
  return { feed: name, head, entries: head - floor, bytes };
}
