/** How often each of many may do something: a token bucket for each, in bounded memory. */

/** Most that are remembered at the same time, twice: the newest, and those before them. */
const MOST = 50_000;

/**
 * A bucket holds `burst` tokens, and `rate` more come in a second. It is kept as one number, the time at which it will
 * be full again (the generic cell rate algorithm): a bucket that is full need not be remembered at all.
 */
export class Buckets {
  /** Milliseconds in which a token comes. */
  readonly #interval: number;
  /** Milliseconds in which an empty bucket is full. */
  readonly #span: number;
  #newer = new Map<string, number>();
  #older = new Map<string, number>();
  #since = 0;

  /**
   * @param rate tokens a second
   * @param burst most tokens in a bucket, 1 or more
   */
  constructor(rate: number, burst: number) {
    this.#interval = 1000 / rate;
    this.#span = this.#interval * burst;
  }

  /** How many buckets are remembered. */
  get size(): number {
    return this.#newer.size + this.#older.size;
  }

  /**
   * Takes a token.
   * @param now milliseconds on a clock that only goes forward
   * @returns 0, or the milliseconds after which there will be one
   */
  take(key: string, now: number): number {
    this.#forget(now);
    const fullAt = Math.max(now, this.#newer.get(key) ?? this.#older.get(key) ?? 0) + this.#interval;
    const wait = fullAt - now - this.#span;
    // A rounding error is no reason to refuse.
    if (wait > 1e-6) return wait;
    this.#newer.set(key, fullAt);
    return 0;
  }

  /** What has not been touched for so long that it is full again goes; with too many in use, what was used longest ago. */
  #forget(now: number): void {
    if (now - this.#since < this.#span && this.#newer.size < MOST) return;
    this.#older = now - this.#since < this.#span * 2 ? this.#newer : new Map();
    this.#newer = new Map();
    this.#since = now;
  }
}
