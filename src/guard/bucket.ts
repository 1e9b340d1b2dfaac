/** How often each of many may do something: a token bucket for each, in bounded memory. */
import { Recent } from './recent.js';
import type { Siblings } from './siblings.js';

/** Most that are remembered at the same time, twice: the newest, and those before them. */
const MOST = 50_000;

/** So often processes tell each other what they took, in milliseconds. */
const TELL = 100;

/**
 * A bucket holds `burst` tokens, and `rate` more come in a second. It is kept as one number, the time at which it will
 * be full again (the generic cell rate algorithm): a bucket that is full need not be remembered at all.
 */
export class Buckets {
  /** Milliseconds in which a token comes. */
  readonly #interval: number;
  /** Milliseconds in which an empty bucket is full. */
  readonly #span: number;
  /** By whose it is: what has not been touched for so long that it is full again may be forgotten. */
  readonly #fullAt: Recent<number>;

  readonly #siblings: Siblings | undefined;
  readonly #topic: string;
  /** What was taken here and the others do not know of. */
  #untold = new Map<string, number>();

  /**
   * @param rate tokens a second
   * @param burst most tokens in a bucket, 1 or more
   * @param siblings have the same buckets under this topic: what one takes is missing in all, a moment later
   */
  constructor(rate: number, burst: number, siblings?: Siblings, topic = '') {
    this.#interval = 1000 / rate;
    this.#span = this.#interval * burst;
    this.#siblings = siblings;
    this.#topic = topic;
    this.#fullAt = new Recent(MOST, this.#span * (siblings?.count ?? 1));
    siblings?.hear(topic, (taken) => this.#takenElsewhere(taken as [string, number][], performance.now()));
  }

  /** How many buckets are remembered. */
  get size(): number {
    return this.#fullAt.size;
  }

  /**
   * Takes a token.
   * @param now milliseconds on a clock that only goes forward
   * @returns 0, or the milliseconds after which there will be one
   */
  take(key: string, now: number): number {
    const fullAt = Math.max(now, this.#fullAt.get(key) ?? 0) + this.#interval;
    const wait = fullAt - now - this.#span;
    // A rounding error is no reason to refuse.
    if (wait > 1e-6) return wait;
    this.#fullAt.set(key, fullAt, now);
    if (this.#siblings !== undefined) this.#tell(key, this.#siblings);
    return 0;
  }

  /** A bucket that several processes have emptied at the same time owes what was too much. */
  #takenElsewhere(taken: [string, number][], now: number): void {
    for (const [key, tokens] of taken) {
      this.#fullAt.set(key, Math.max(now, this.#fullAt.get(key) ?? 0) + tokens * this.#interval, now);
    }
  }

  #tell(key: string, siblings: Siblings): void {
    if (this.#untold.size === 0) {
      setTimeout(() => {
        siblings.tell(this.#topic, [...this.#untold]);
        this.#untold = new Map();
      }, TELL).unref();
    }
    this.#untold.set(key, (this.#untold.get(key) ?? 0) + 1);
  }
}
