/** Group commit: publishes that arrive while a flush is under way share the next one. */
import { HttpError } from '../http.js';
import type { Append, Appended, Store } from './store.js';

interface Waiting {
  append: Append;
  bytes: number;
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
  /** What waits, by feed; a feed is here while something of it waits or is under way. */
  readonly #queues = new Map<string, Waiting[]>();
  /** Feeds of which something waits and nothing is under way, the longest there first. */
  readonly #ready: string[] = [];
  #bytes = 0;
  #running = 0;

  /** @param limit most bytes that may wait; more are refused with 503 */
  constructor(store: Pick<Store, 'append' | 'lanes' | 'flushBytes'>, limit: number) {
    this.#store = store;
    this.#limit = limit;
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
    return new Promise((resolve, reject) => {
      this.#queueOf(this.#store.lanes === 1 ? '' : append.feed).push({ append, bytes, resolve, reject });
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
    try {
      const results = await this.#store.append(batch.map(({ append }) => append));
      batch.forEach(({ resolve }, i) => {
        resolve(results[i]!);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    for (const { bytes } of batch) this.#bytes -= bytes;
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
