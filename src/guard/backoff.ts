/** Who fails too often must wait, longer each time. */
import { Lru } from '../store/lru.js';

/** Failures that are further apart than this do not add up, in milliseconds. */
const WINDOW = 60_000;
/** The first wait, doubled with each failure, and the longest, in milliseconds. */
const FIRST = 1000;
const LONGEST = 300_000;
/** So many are remembered; the one that was quiet for the longest goes first. */
const MOST = 10_000;

interface Record {
  failures: number;
  last: number;
  until: number;
}

export class Backoff {
  readonly #limit: number;
  readonly #now: () => number;
  readonly #records = new Lru<Record>(MOST);

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

  failed(key: string): void {
    if (this.#limit === 0) return;
    const now = this.#now();
    const before = this.#records.get(key);
    const counts = before !== undefined && now - Math.max(before.last, before.until) < WINDOW;
    const failures = (counts ? before.failures : 0) + 1;
    const beyond = failures - this.#limit;
    const until = beyond < 0 ? 0 : now + Math.min(LONGEST, FIRST * 2 ** Math.min(beyond, 20));
    this.#records.set(key, { failures, last: now, until }, 1);
  }
}

/** Where somebody is, for counting: the address, of IPv6 the network of 64 bits, of which one client has many addresses. */
export function placeOf(address: string | undefined): string {
  if (address === undefined) return '';
  const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  if (!plain.includes(':')) return plain;
  const [before = '', after] = plain.toLowerCase().split('%', 1)[0]!.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  return [...head, ...Array<string>(zeros).fill('0'), ...tail]
    .slice(0, 4)
    .map((part) => part.replace(/^0+(?=.)/, ''))
    .join(':');
}
