/** The feeds that somebody subscribes to, as they stand: one question to `Live` each, however many subscribers there are. */
import { setMaxListeners } from 'node:events';
import type { Live } from '../live/live.js';
import type { Feed, Store } from '../store/store.js';

/** One wait for news, in milliseconds. */
const WAIT = 60_000;
/** A feed that is gone, or a database that is away, is looked for again after so long, in milliseconds. */
const AGAIN = 2000;

/** A feed that is watched. */
export class Watch {
  /** As it was last seen; undefined before that, and while there is none. */
  feed: Feed | undefined;
  readonly #name: string;
  readonly #store: Pick<Store, 'feed'>;
  readonly #live: Pick<Live, 'watch'>;
  readonly #onChange: () => void;
  readonly #over = new AbortController();

  /** @param onChange is called when the feed is not as it was */
  constructor(name: string, store: Pick<Store, 'feed'>, live: Pick<Live, 'watch'>, onChange: () => void) {
    this.#name = name;
    this.#store = store;
    this.#live = live;
    this.#onChange = onChange;
    setMaxListeners(0, this.#over.signal);
    void this.#run();
  }

  stop(): void {
    this.#over.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      if (this.feed === undefined) {
        const feed = await this.#store.feed(this.#name).catch(() => undefined);
        if (signal.aborted) return;
        if (feed === undefined) {
          await pause(AGAIN, signal);
          continue;
        }
        this.feed = feed;
        this.#onChange();
      }
      await this.#watch(this.feed, signal);
    }
  }

  /** Follows a feed until it is gone. */
  async #watch(feed: Feed, signal: AbortSignal): Promise<void> {
    const watch = this.#live.watch([feed], signal);
    try {
      while (this.feed !== undefined) {
        const news = await watch.next(WAIT);
        if (news.kind === 'aborted') return;
        if (news.kind === 'late') continue;
        this.feed = news.feed;
        this.#onChange();
      }
    } finally {
      watch.close();
    }
  }
}

/** Resolves after a time, or when it is over. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds).unref();
    signal.addEventListener('abort', done, { once: true });
  });
}
