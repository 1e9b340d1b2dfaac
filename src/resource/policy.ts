/** What the configuration says of feeds, by patterns of their names. */
import { patternOf } from '../access/pattern.js';
import { Lru } from '../store/lru.js';
import type { Retention } from '../store/store.js';

/** One rule; the first whose pattern matches a feed's name is the feed's. */
export interface FeedPolicy {
  /** A name in lower case, in which `*` stands for any characters and `?` for one. */
  match: string;
  /** Entries are neither revised nor deleted. */
  appendOnly: boolean;
  /** Entries older than this go, in seconds. */
  maxAge?: number | undefined;
  /** Older entries than the newest so many go. */
  maxEntries?: number | undefined;
  /** The oldest entries go while a feed holds more than so many bytes. */
  maxBytes?: number | undefined;
}

const NONE: FeedPolicy = { match: '*', appendOnly: false };

/** So many names are remembered with their rule. */
const NAMES = 10_000;

export class Policies {
  readonly #rules: { pattern: RegExp; policy: FeedPolicy }[];
  readonly #known = new Lru<FeedPolicy>(NAMES);

  constructor(rules: FeedPolicy[]) {
    this.#rules = rules.map((policy) => ({ pattern: patternOf(policy.match), policy }));
  }

  /** Whether some feed may have entries that go by themselves. */
  get haveLimits(): boolean {
    return this.#rules.some(({ policy }) => isLimited(policy));
  }

  /** @param name in lower case */
  of(name: string): FeedPolicy {
    if (this.#rules.length === 0) return NONE;
    let policy = this.#known.get(name);
    if (policy === undefined) {
      policy = this.#rules.find(({ pattern }) => pattern.test(name))?.policy ?? NONE;
      this.#known.set(name, policy, 1);
    }
    return policy;
  }
}

/** Whether entries of a feed go by themselves. */
export function isLimited({ maxAge, maxEntries, maxBytes }: FeedPolicy): boolean {
  return maxAge !== undefined || maxEntries !== undefined || maxBytes !== undefined;
}

/** @param time microseconds since 1970 */
export function retentionAt({ maxAge, maxEntries, maxBytes }: FeedPolicy, time: number): Retention {
  return { before: maxAge === undefined ? undefined : time - maxAge * 1e6, maxEntries, maxBytes };
}
