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
const FLUSH_BYTES = 8 * 1024 * 1024;

export class Publisher {
  readonly #store: Pick<Store, 'append'>;
  readonly #limit: number;
  #queue: Waiting[] = [];
  #bytes = 0;
  #flushing = false;

  /** @param limit most bytes that may wait; more are refused with 503 */
  constructor(store: Pick<Store, 'append'>, limit: number) {
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
      throw new HttpError(503, 'More is being published than the database takes; try again.', {
        headers: { 'retry-after': '1' },
      });
    }
    this.#bytes += bytes;
    return new Promise((resolve, reject) => {
      this.#queue.push({ append, bytes, resolve, reject });
      if (!this.#flushing) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#flushing = true;
    // What arrives in this turn of the event loop is in the first flush already.
    await new Promise(setImmediate);
    while (this.#queue.length > 0) {
      const batch = this.#take();
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
    this.#flushing = false;
  }

  #take(): Waiting[] {
    let bytes = 0;
    let entries = 0;
    let count = 0;
    for (const waiting of this.#queue) {
      bytes += waiting.bytes;
      entries += waiting.append.entries.length;
      if (count > 0 && (bytes > FLUSH_BYTES || entries > FLUSH_ENTRIES)) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }
}
