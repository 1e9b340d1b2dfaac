/** What was noted of late, in bounded memory. */

/** Two generations: what is noted goes to the newer one, and the older one goes as a whole. */
export class Recent<Value> {
  readonly #most: number;
  readonly #span: number;
  #newer = new Map<string, Value>();
  #older = new Map<string, Value>();
  #since = 0;

  /**
   * @param most in a generation: with more, what was noted longest ago goes
   * @param span for so long at least each is remembered otherwise, in the unit of the times that `set` is given
   */
  constructor(most: number, span: number) {
    this.#most = most;
    this.#span = span;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#newer.size + this.#older.size;
  }

  get(key: string): Value | undefined {
    return this.#newer.get(key) ?? this.#older.get(key);
  }

  /** @param now never less than before, but for a clock that was set */
  set(key: string, value: Value, now: number): void {
    const age = now - this.#since;
    if (age >= this.#span || age < 0 || this.#newer.size >= this.#most) {
      this.#older = Math.abs(age) < this.#span * 2 ? this.#newer : new Map();
      this.#newer = new Map();
      this.#since = now;
    }
    this.#newer.set(key, value);
  }
}
