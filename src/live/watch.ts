/** One who waits for feeds: what it has seen of them, and what it is told. */
import type { Feed } from '../store/store.js';

/** What waiting came to. */
export type News =
  /** A feed as it now stands; undefined where it is gone. */
  | { kind: 'changed'; name: string; feed: Feed | undefined }
  /** The time is over. */
  | { kind: 'late' }
  /** The client went away, or the server stops. */
  | { kind: 'aborted' };

export class Watch {
  /** The look that was the last to begin when the watch did: what it found may be older than what the watcher has seen. */
  readonly born: number;
  readonly #seen: Map<string, Feed | undefined>;
  /** Feeds that changed since the watcher last asked. */
  readonly #changed = new Map<string, Feed | undefined>();
  readonly #signal: AbortSignal;
  readonly #leave: () => void;
  readonly #abort = () => this.close();
  #closed = false;
  #wake: ((news: News) => void) | undefined;

  constructor(seen: Feed[], signal: AbortSignal, born: number, leave: () => void) {
    this.#seen = new Map(seen.map((feed) => [feed.name, feed]));
    this.#signal = signal;
    this.born = born;
    this.#leave = leave;
    if (signal.aborted) this.#closed = true;
    else signal.addEventListener('abort', this.#abort, { once: true });
  }

  get names(): Iterable<string> {
    return this.#seen.keys();
  }

  /**
   * Resolves when a feed is not as it was told before.
   * @param milliseconds most time to wait
   */
  next(milliseconds: number): Promise<News> {
    const news = this.#take();
    if (news !== undefined || milliseconds <= 0) return Promise.resolve(news ?? { kind: 'late' });
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.({ kind: 'late' }), milliseconds);
      this.#wake = (told) => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve(told);
      };
    });
  }

  /** Somebody has looked: a feed as it now stands, or undefined where it is gone. */
  tell(name: string, feed: Feed | undefined): void {
    const seen = this.#changed.has(name) ? this.#changed.get(name) : this.#seen.get(name);
    if (feed !== undefined && seen !== undefined && !isNews(seen, feed)) return;
    if (feed === undefined && seen === undefined) return;
    this.#changed.set(name, feed);
    if (this.#wake !== undefined) this.#wake(this.#take()!);
  }

  /** Ends it; who waits is told. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal.removeEventListener('abort', this.#abort);
    this.#leave();
    this.#wake?.({ kind: 'aborted' });
  }

  #take(): News | undefined {
    if (this.#closed) return { kind: 'aborted' };
    for (const [name, feed] of this.#changed) {
      this.#changed.delete(name);
      this.#seen.set(name, feed);
      return { kind: 'changed', name, feed };
    }
    return undefined;
  }
}

/** Whether a feed went on since; what was asked for earlier may be answered later, and is no news. */
export function isNews(seen: Feed, feed: Feed): boolean {
  if (feed.feedId !== seen.feedId) return feed.feedId > seen.feedId;
  return feed.head > seen.head || feed.edits > seen.edits;
}
