/** Who fails too often must wait, longer each time. */
import { Recent } from './recent.js';
import type { Siblings } from './siblings.js';

/** Failures that are further apart than this do not add up, in milliseconds. */
const WINDOW = 60_000;
/** The first wait, doubled with each failure, and the longest, in milliseconds. */
const FIRST = 1000;
const LONGEST = 300_000;
/** So many are remembered, twice: the newest, and those before them. */
const MOST = 5000;

interface Record {
  failures: number;
  last: number;
  until: number;
}

export class Backoff {
  readonly #limit: number;
  readonly #now: () => number;
  #tell: (key: string) => void = () => {};
  readonly #records = new Recent<Record>(MOST, LONGEST + WINDOW);

  /** @param limit failures after which there is a wait; 0 for none, ever */
  constructor(limit: number, now: () => number = Date.now) {
    this.#limit = limit;
    this.#now = now;
  }

  /** Seconds until another attempt is looked at; 0 where one may be made now. */
  wait(key: string): number {
    const { until = 0 } = this.#records.get(key) ?? {};
    return Math.max(0, Math.ceil((until - this.#now()) / 1000));
  }

  /** Counts with all processes of the server: however many there are, an address has the tries of one. */
  share(siblings: Siblings | undefined, topic: string): this {
    siblings?.hear(topic, (key) => this.#count(String(key)));
    this.#tell = (key) => siblings?.tell(topic, key);
    return this;
  }

  failed(key: string): void {
    if (this.#limit === 0) return;
    this.#count(key);
    this.#tell(key);
  }

  #count(key: string): void {
    const now = this.#now();
    const before = this.#records.get(key);
    const counts = before !== undefined && now - Math.max(before.last, before.until) < WINDOW;
    const failures = (counts ? before.failures : 0) + 1;
    const beyond = failures - this.#limit;
    // Tries that were made at the same time in several processes are waited for one after the other.
    const from = Math.max(now, before?.until ?? 0);
    const until = beyond < 0 ? 0 : from + Math.min(LONGEST, FIRST * 2 ** Math.min(beyond, 20));
    this.#records.set(key, { failures, last: now, until }, now);
  }
}
