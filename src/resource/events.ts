/** Server-sent events (HTML §9.2): the entries of a feed, or of several, as they come. */
import { writeEntry } from '../atom/entry.js';
import type { HeldEntry } from '../atom/model.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import type { Feed } from '../store/store.js';
import { negotiate } from './accept.js';
import { feedName } from './address.js';
import { type Context, NO_SNIFFING } from './context.js';
import { type Cursor, cursorOf, readPositions, startOver, writePositions } from './cursor.js';
import { EVENTS } from './formats.js';
import type { EventItem } from './pages.js';
import { permitRead } from './permitted.js';
import { feedUrl } from './service.js';
import { noFeed } from './stretch.js';

/** Most bytes of entries that are written at once: so much of a stream a reader may have left unread. */
const CHUNK = 256 * 1024;
/** After so many milliseconds a client whose stream ended comes back. */
const RETRY = 2000;
/** Most feeds of one stream. */
const MOST_FEEDS = 100;

/** A feed that is streamed. */
interface Source {
  name: string;
  /** The absolute address of the feed. */
  url: string;
}

/** A feed and how far its reader has come. */
interface Reading extends Source {
  feed: Feed;
  cursor: Cursor;
}

/** An entry as one event, without its id. */
type Write = (entry: HeldEntry, url: string) => string;

/** What form the data of events has. */
interface Form {
  name: string;
  write: Promise<Write>;
}

/** `GET` of a feed by those who want events. */
export function streamFeed(context: Context, request: HttpRequest, name: string, url: string): Promise<HttpResponse> {
  return stream(context, request, [{ name, url }], false);
}

/** `GET P/events?feed=NAME&feed=NAME…`. */
export function streamFeeds(context: Context, request: HttpRequest): Promise<HttpResponse> {
  negotiate(request.headers.accept, [[EVENTS]]);
  const names = [...new Set(request.query.getAll('feed').map(feedName))];
  if (names.length === 0) throw new HttpError(400, 'Which feeds? feed=NAME, as often as needed.');
  if (names.length > MOST_FEEDS) throw new HttpError(400, `A stream has at most ${MOST_FEEDS} feeds.`);
  for (const name of names) permitRead(context, request, name);
  const sources = names.map((name) => ({ name, url: feedUrl(request.base, name) }));
  return stream(context, request, sources, true);
}

async function stream(
  context: Context,
  request: HttpRequest,
  sources: Source[],
  several: boolean,
): Promise<HttpResponse> {
  const form = formOf(context, request);
  const kept = request.headers['last-event-id'] || request.query.get('last_event_id') || undefined;
  const positions = several && kept !== undefined ? readPositions(kept) : undefined;
  const readings: Reading[] = [];
  for (const source of sources) {
    const feed = await context.store.feed(source.name);
    if (feed === undefined) throw noFeed(source.name);
    const last = several ? positions?.get(source.name) : kept;
    readings.push({ ...source, feed, cursor: await cursorOf(context, feed, source.url, request.query, last) });
  }
  return {
    status: 200,
    headers: {
      'content-type': EVENTS,
      'cache-control': 'no-store',
      vary: 'Accept',
      // nginx would gather events until its buffer is full.
      'x-accel-buffering': 'no',
      ...NO_SNIFFING,
    },
    body: new Stream(context, request, readings, several, form).events(place(context, request)),
  };
}

/** A place among those who wait, until the stream or its client is gone. */
export function place({ live }: Context, { nature, method, signal }: HttpRequest): () => void {
  // A process that ends with its request sends what there is.
  if (nature.runOnce || method === 'HEAD') return () => {};
  const leave = live.enter(true);
  // A client that goes before the stream begins never gets it to its end.
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave, { once: true });
  return leave;
}

/** What one client is sent. */
class Stream {
  readonly #context: Context;
  readonly #request: HttpRequest;
  readonly #readings: Reading[];
  readonly #several: boolean;
  readonly #form: Form;

  constructor(context: Context, request: HttpRequest, readings: Reading[], several: boolean, form: Form) {
    this.#context = context;
    this.#request = request;
    this.#readings = readings;
    this.#several = several;
    this.#form = form;
  }

  async *events(leave: () => void): AsyncGenerator<string | Uint8Array> {
    const { live, settings } = this.#context;
    const { signal, nature } = this.#request;
    // Not all of those that came together leave together.
    const end = Date.now() + settings.streamLifetime * 1000 * (0.9 + Math.random() * 0.2);
    const watch = nature.runOnce
      ? undefined
      : live.watch(
          this.#readings.map(({ feed }) => feed),
          signal,
        );
    try {
      const write = await this.#form.write;
      yield `retry: ${RETRY}\n\n`;
      if (this.#readings.some(({ cursor }) => cursor.untold)) yield this.#position();
      for (const reading of this.#readings) if (reading.cursor.reset) yield this.#reset(reading);
      for (;;) {
        for (const reading of this.#readings) {
          while (isBehind(reading) && !signal.aborted) {
            const some = await this.#more(reading, write);
            if (some === undefined) break;
            yield some;
          }
        }
        const left = end - Date.now();
        if (watch === undefined || left <= 0) return;
        const news = await watch.next(Math.min(left, settings.heartbeat * 1000));
        if (news.kind === 'aborted' || (news.kind === 'changed' && news.feed === undefined)) return;
        if (news.kind === 'late') yield ':\n\n';
        else this.#readings.find(({ name }) => name === news.name)!.feed = news.feed!;
      }
    } finally {
      watch?.close();
      leave();
    }
  }

  /** The next of what a feed has after the reader's place; undefined where it cannot be had now. */
  async #more(reading: Reading, write: Write): Promise<string | Uint8Array | undefined> {
    const { feed, cursor, url } = reading;
    if (cursor.feedId !== feed.feedId || (cursor.position < feed.floor && cursor.position < feed.head)) {
      // Retention was faster than the reader, or the feed was removed and made again.
      reading.cursor = await startOver(this.#context, feed);
      return this.#reset(reading);
    }
    const from = cursor.position;
    const key = `${feed.feedId}.${feed.edits}.${from}.${this.#form.name} ${url}`;
    const { items, bytes } = await this.#context.pages.events(key, feed.head, () => this.#read(feed, from, url, write));
    const last = items.at(-1);
    if (last === undefined) return undefined;
    const chunk = this.#several ? this.#withAllPositions(items, cursor) : bytes;
    cursor.position = last.position;
    cursor.atomId = last.atomId;
    return chunk;
  }

  async #read(feed: Feed, from: number, url: string, write: Write): Promise<EventItem[]> {
    const { store, settings } = this.#context;
    const range = { from, descending: false, limit: settings.pageSize, bytes: CHUNK };
    const entries = (await store.page(feed.feedId, range)).filter(({ position }) => position <= feed.head);
    return entries.map((entry) => ({ position: entry.position, atomId: entry.atomId, text: write(entry, url) }));
  }

  #withAllPositions(items: EventItem[], cursor: Cursor): string {
    let events = '';
    for (const { position, atomId, text } of items) {
      cursor.position = position;
      cursor.atomId = atomId;
      events += `id: ${writePositions(this.#readings)}\n${text}`;
    }
    return events;
  }

  /** Where the client stands, for when it is cut off before the first entry; it has data, since some clients drop what has none. */
  #position(): string {
    const id = this.#several ? writePositions(this.#readings) : this.#readings[0]!.cursor.atomId;
    return `id: ${id}\nevent: position\ndata: ${id}\n\n`;
  }

  /** Says that the place that the client kept is gone, and where the stream goes on instead. */
  #reset({ name, url, cursor: { oldest } }: Reading): string {
    const data = JSON.stringify({ feed: name, first: url, ...(oldest === undefined ? {} : { oldest }) });
    return `id: ${this.#several ? writePositions(this.#readings) : ''}\nevent: reset\ndata: ${data}\n\n`;
  }
}

function isBehind({ feed, cursor }: Reading): boolean {
  return cursor.position < feed.head || cursor.feedId !== feed.feedId;
}

/** How entries are written: as Atom, or as JSON of some kind where `format` says so. */
function formOf({ settings }: Context, request: HttpRequest): Form {
  const format = request.query.get('format') ?? 'atom';
  const kind = (entry: HeldEntry) => (entry.deleted ? 'event: deleted\n' : '');
  if (format === 'atom') {
    const write: Write = (entry, url) => {
      const xml = writeEntry(entry, url, settings.author);
      return `${kind(entry)}${dataLines(xml)}\n`;
    };
    return { name: 'atom', write: Promise.resolve(write) };
  }
  const inJson =
    (one: Write): Write =>
    (entry, url) =>
      `${kind(entry)}${dataLines(one(entry, url))}\n`;
  if (format === 'json' || format === 'ndjson') {
    return { name: 'json', write: import('../atom/json.js').then(({ writeJsonEntry }) => inJson(writeJsonEntry)) };
  }
  if (format === 'cloudevents') {
    return { name: format, write: import('../atom/cloudevent-write.js').then(({ writeEvent }) => inJson(writeEvent)) };
  }
  const shown = JSON.stringify(format.slice(0, 40));
  throw new HttpError(400, `The data of events is atom, json or cloudevents, not ${shown}.`);
}

/** Any of the three ends of line ends a field. */
function dataLines(text: string): string {
  return text
    .replace(/^/, 'data: ')
    .replace(/\r\n|\r|\n/g, '\ndata: ')
    .concat('\n');
}
