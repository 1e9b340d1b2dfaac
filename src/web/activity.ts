/** How far feeds have come, as events: what the list of feeds is kept up to date with, without any entry being read. */
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import { feedName } from '../resource/address.js';
import { type Context, NO_SNIFFING } from '../resource/context.js';
import { place } from '../resource/events.js';
import { mayRead } from '../resource/permitted.js';
import type { Feed } from '../store/store.js';

/** Most feeds of one stream. */
const MOST_FEEDS = 100;
/** People see no difference below this; in milliseconds. */
const PAUSE = 500;
/** After so many milliseconds a client whose stream ended comes back. */
const RETRY = 2000;

/** `GET P/activity?feed=NAME&feed=NAME…`: one event for each feed that there is to see now, and then whenever it has changed. */
export async function streamActivity(context: Context, request: HttpRequest): Promise<HttpResponse> {
  const names = [...new Set(request.query.getAll('feed').map(feedName))];
  if (names.length === 0) throw new HttpError(400, 'Which feeds? feed=NAME, as often as needed.');
  if (names.length > MOST_FEEDS) throw new HttpError(400, `At most ${MOST_FEEDS} feeds are told of at once.`);
  const seen = names.filter((name) => mayRead(context, request, name));
  const feeds = seen.length === 0 ? [] : await context.store.feedsNamed(seen);
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

function eventOf({ name, head, floor, bytes }: Feed): string {
  return `data: ${JSON.stringify({ feed: name, head, entries: head - floor, bytes })}\n\n`;
}
