/** Who waits for which feeds, and how they learn that something came. The database is the truth; what wakes us is a hint. */
import { HttpError } from '../http.js';
import type { Feed, Store } from '../store/store.js';
import { isNews, Watch } from './watch.js';

/** After a hint it is looked again after these pauses: it may have come before the commit could be seen. In milliseconds. */
const SECOND_LOOKS = [2, 10, 40];
/** While others write to feeds that nobody waits for, looks that their hints lead to are so far apart. In milliseconds. */
const MOST_PAUSE = 16;
/** Feeds asked for in one question. */
const AT_ONCE = 500;
/** A feed that changed so recently may change again soon, in milliseconds. */
const RECENT = 1000;
/** The database did not answer: time before it is asked again, in milliseconds. */
const TROUBLED = 250;

/** A feed that somebody waits for, or did a moment ago. */
interface Watched {
  name: string;
  /** As it was last seen; undefined before that, and when it is gone. */
  feed: Feed | undefined;
  watches: Set<Watch>;
}

export interface LiveOptions {
  /** Most clients that wait at the same time. */
  maxWaiters: number;
}

/** One for each process: however many wait for a feed, it is asked for once. */
export class Live {
  readonly #store: Pick<Store, 'feedsNamed' | 'onChange' | 'pace'>;
  readonly #maxWaiters: number;
  readonly #watched = new Map<string, Watched>();
  /** Feeds that the next look is to ask for. */
  readonly #pending = new Set<string>();
  #present = 0;
  #looks = 0;
  #looking = false;
  #lastNews = 0;
  /** How many of the second looks were made since the last hint that named no feed; the next comes by the timer. */
  #seconds = 0;
  #second: NodeJS.Timeout | undefined;
  /** At least so long between looks that found nothing, in milliseconds. */
  #spread = 0;
  #poll: NodeJS.Timeout | undefined;
  #pause = 0;
  #stop: (() => void) | undefined;

  constructor(store: Pick<Store, 'feedsNamed' | 'onChange' | 'pace'>, { maxWaiters }: LiveOptions) {
    this.#store = store;
    this.#maxWaiters = maxWaiters;
  }

  /** How many clients are here to wait. */
  get present(): number {
    return this.#present;
  }

  /**
   * Takes one of the places for clients that wait.
   * @returns what gives the place back
   * @throws HttpError 503 when all are taken; those who have one keep it
   */
  enter(): () => void {
    if (this.#present >= this.#maxWaiters) {
      throw new HttpError(503, `${this.#maxWaiters} clients wait here already; try again, or ask without waiting.`, {
        // Not all at the same moment.
        headers: { 'retry-after': String(2 + Math.floor(Math.random() * 9)) },
      });
    }
    this.#present += 1;
    let here = true;
    return () => {
      if (here) this.#present -= 1;
      here = false;
    };
  }

  /**
   * Begins to watch feeds, from the state in which the caller has seen them. What came after the caller's read counts,
   * however soon: the watch is registered first, and then looked for.
   */
  watch(seen: Feed[], signal: AbortSignal): Watch {
    const watch = new Watch(seen, signal, this.#looks, () => {
      for (const name of watch.names) this.#watched.get(name)?.watches.delete(watch);
    });
    // Gone while its page was being read: nothing would ever take it out again.
    if (signal.aborted) return watch;
    const unknown: string[] = [];
    for (const name of watch.names) {
      let watched = this.#watched.get(name);
      if (watched === undefined) {
        watched = { name, feed: undefined, watches: new Set() };
        this.#watched.set(name, watched);
      }
      watched.watches.add(watch);
      if (watched.feed === undefined) unknown.push(name);
      else watch.tell(name, watched.feed);
    }
    this.#stop ??= this.#store.onChange((feeds) => this.#hint(feeds));
    if (unknown.length > 0) this.#look(unknown);
    if (this.#poll === undefined) this.#schedule();
    return watch;
  }

  /** Nobody waits any more. */
  close(): void {
    this.#stop?.();
    clearTimeout(this.#poll);
    clearTimeout(this.#second);
    for (const { watches } of this.#watched.values()) for (const watch of [...watches]) watch.close();
    this.#watched.clear();
  }

  /** @param feeds those that changed; undefined where nobody knows which */
  #hint(feeds: string[] | undefined): void {
    if (feeds !== undefined) {
      this.#look(feeds.filter((name) => this.#watched.has(name)));
      return;
    }
    this.#seconds = 0;
    if (this.#second === undefined && this.#watched.size > 0) this.#lookAround();
  }

  /** Looks at all feeds, and again by and by until the last hint is old. */
  #lookAround(): void {
    this.#look(this.#watched.keys());
    const pause = SECOND_LOOKS[this.#seconds];
    this.#seconds += 1;
    if (pause === undefined) return;
    const news = this.#lastNews;
    this.#second = setTimeout(
      () => {
        this.#second = undefined;
        this.#spread = this.#lastNews === news ? Math.min(MOST_PAUSE, this.#spread * 2 || 1) : 0;
        this.#lookAround();
      },
      Math.max(pause, this.#spread),
    ).unref();
  }

  #look(names: Iterable<string>): void {
    for (const name of names) this.#pending.add(name);
    if (!this.#looking && this.#pending.size > 0) void this.#lookAll();
  }

  /** One question after the other, each for whatever has been hinted at meanwhile. */
  async #lookAll(): Promise<void> {
    this.#looking = true;
    while (this.#pending.size > 0) {
      const names = [...this.#pending].slice(0, AT_ONCE);
      for (const name of names) this.#pending.delete(name);
      this.#looks += 1;
      const look = this.#looks;
      try {
        const feeds = new Map((await this.#store.feedsNamed(names)).map((feed) => [feed.name, feed]));
        for (const name of names) this.#found(name, feeds.get(name), look);
      } catch {
        // The poll asks again; whoever reads is told that the database is away.
        await new Promise((resolve) => setTimeout(resolve, TROUBLED));
      }
    }
    this.#looking = false;
  }

  #found(name: string, feed: Feed | undefined, look: number): void {
    const watched = this.#watched.get(name);
    if (watched === undefined) return;
    // Everyone has been told of it, by the look that found it or when they came.
    if (watched.feed !== undefined && feed !== undefined && !isNews(watched.feed, feed)) return;
    this.#lastNews = Date.now();
    watched.feed = feed;
    for (const watch of [...watched.watches]) {
      if (feed !== undefined || watch.born < look) watch.tell(name, feed);
    }
  }

  /** The slow look behind the hints, and the only one where the database gives none: quick while something happens. */
  #schedule(): void {
    const { busy, idle } = this.#store.pace;
    const recent = Date.now() - this.#lastNews < RECENT;
    this.#pause = recent ? busy : Math.min(idle, Math.max(busy, this.#pause * 2));
    this.#poll = setTimeout(() => {
      this.#poll = undefined;
      for (const [name, { watches }] of this.#watched) if (watches.size === 0) this.#watched.delete(name);
      if (this.#watched.size === 0) return;
      if (!this.#looking) this.#look(this.#watched.keys());
      this.#schedule();
    }, this.#pause);
    this.#poll.unref();
  }
}
