/** Group commit: publishes that arrive while a flush is under way share the next one. */
import { HttpError } from '../http.js';
import type { Observer } from '../observer.js';
import type { Append, Appended, Store } from './store.js';

interface Waiting {
  append: Append;
  bytes: number;
  /** When it came, by `performance.now()`; 0 where nobody counts. */
  since: number;
  resolve: (result: Appended) => void;
  reject: (reason: unknown) => void;
}

/** Most of one flush, so that no commit holds the others up for long. */
const FLUSH_ENTRIES = 2000;

/**
 * Puts publishes in flushes. Where the database locks feed by feed each feed has flushes of its own, so that one that is
 * held up holds up no other; as many are under way as the store says. Otherwise all feeds share one flush.
 */
export class Publisher {
  readonly #store: Pick<Store, 'append' | 'lanes' | 'flushBytes'>;
  readonly #limit: number;
  readonly #observer: Observer | undefined;
  /** What waits, by feed; a feed is here while something of it waits or is under way. */
  readonly #queues = new Map<string, Waiting[]>();
  /** Feeds of which something waits and nothing is under way, the longest there first. */
  readonly #ready: string[] = [];
  #bytes = 0;
  #running = 0;

  /** @param limit most bytes that may wait; more are refused with 503 */
  constructor(store: Pick<Store, 'append' | 'lanes' | 'flushBytes'>, limit: number, observer?: Observer) {
    this.#store = store;
    this.#limit = limit;
    this.#observer = observer;
  }

  /** What waits for a flush, and the bytes of those that are under way as well. */
  get queue(): { entries: number; bytes: number } {
    let entries = 0;
    for (const queue of this.#queues.values()) for (const { append } of queue) entries += append.entries.length;
    return { entries, bytes: this.#bytes };
  }

  /**
   * Resolves when the append is durable or refused.
   * @throws HttpError 503 when too much waits already; StoreUnavailable as the store does
   */
  publish(append: Append): Promise<Appended> {
    let bytes = 0;
    for (const { xml, media } of append.entries) bytes += xml.length + (media?.chunks === undefined ? 0 : media.size);
    if (this.#bytes + bytes > this.#limit) {
      throw new HttpError(
        503,
        `More is being published than the database takes: ${this.#limit} bytes wait (max-queue-bytes); try again.`,
        {
          headers: { 'retry-after': '1' },
        },
      );
    }
    this.#bytes += bytes;
    const since = this.#observer === undefined ? 0 : performance.now();
    return new Promise((resolve, reject) => {
      this.#queueOf(this.#store.lanes === 1 ? '' : append.feed).push({ append, bytes, since, resolve, reject });
    });
  }

  #queueOf(feed: string): Waiting[] {
    let queue = this.#queues.get(feed);
    if (queue === undefined) {
      queue = [];
      this.#queues.set(feed, queue);
      this.#ready.push(feed);
      if (this.#running < this.#store.lanes) void this.#run();
    }
    return queue;
  }

  /** One flush after the other, of whichever feed has waited longest. */
  async #run(): Promise<void> {
    this.#running += 1;
    // What arrives in this turn of the event loop is in the first flush already.
    await new Promise(setImmediate);
    for (let feed = this.#ready.shift(); feed !== undefined; feed = this.#ready.shift()) {
      const queue = this.#queues.get(feed)!;
      await this.#flush(this.#take(queue));
      if (queue.length > 0) this.#ready.push(feed);
      else this.#queues.delete(feed);
    }
    this.#running -= 1;
  }

  async #flush(batch: Waiting[]): Promise<void> {
    const began = this.#observer === undefined ? 0 : performance.now();
    let stored = false;
    try {
      const results = await this.#store.append(batch.map(({ append }) => append));
      stored = true;
      batch.forEach(({ resolve }, i) => {
        resolve(results[i]!);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    for (const { bytes } of batch) this.#bytes -= bytes;
    if (this.#observer !== undefined) tell(this.#observer, batch, began, stored);
  }

  #take(queue: Waiting[]): Waiting[] {
    let bytes = 0;
    let entries = 0;
    let count = 0;
    for (const waiting of queue) {
      bytes += waiting.bytes;
      entries += waiting.append.entries.length;
      if (count > 0 && (bytes > this.#store.flushBytes || entries > FLUSH_ENTRIES)) break;
      count += 1;
    }
    return queue.splice(0, count);
  }
}

function tell(observer: Observer, batch: Waiting[], began: number, stored: boolean): void {
  const now = performance.now();
  let entries = 0;
  for (const { append, since } of batch) {
    entries += append.entries.length;
    observer.published((now - since) / 1000);
  }
  observer.flushed(entries, (now - began) / 1000, stored);
}
