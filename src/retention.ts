/** Retention: what a feed's rule does not keep goes, in small transactions that hold nobody up. */
import { randomUUID } from 'node:crypto';
import { now } from './atom/ids.js';
import { isLimited, type Policies, retentionAt } from './resource/policy.js';
import type { Store } from './store/store.js';

/** What was removed of one feed. */
export interface Pruned {
  feed: string;
  entries: number;
}

/**
 * Removes what is beyond the limits of every feed, and what is left of removed feeds and broken uploads. Called by the
 * timer, and by `atommq prune` for those who have nothing but a CGI script and cron.
 * @param onFeed is told of each feed that lost entries
 * @param onEntries is told of entries as they go
 */
export async function prune(
  store: Store,
  policies: Policies,
  onFeed: (pruned: Pruned) => void = () => {},
  onEntries: (count: number) => void = () => {},
): Promise<Pruned[]> {
  const all: Pruned[] = [];
  const time = now();
  if (policies.haveLimits) {
    for (const { feedId, name } of await store.feeds()) {
      const policy = policies.of(name);
      if (!isLimited(policy)) continue;
      const retention = retentionAt(policy, time);
      let entries = 0;
      for (let some = await store.prune(feedId, retention); some > 0; some = await store.prune(feedId, retention)) {
        entries += some;
        onEntries(some);
        // Whoever waits for the database comes first.
        await new Promise(setImmediate);
      }
      if (entries === 0) continue;
      all.push({ feed: name, entries });
      onFeed({ feed: name, entries });
    }
  }
  await store.tidy();
  return all;
}

/** Calls {@link prune} every so often, in one process of all that share the database. */
export class RetentionTimer {
  readonly #holder = randomUUID();
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;

  /** @param onError is told when the database does not answer; the next time may do better */
  constructor(store: Store, policies: Policies, seconds: number, onError: (error: unknown) => void) {
    const run = async () => {
      // Kept for longer than until the next time, so that it stays with one process while that lives.
      if (await store.lease('retention', this.#holder, seconds * 2)) await prune(store, policies);
    };
    this.#timer = setInterval(() => {
      this.#running ??= run()
        .catch(onError)
        .finally(() => {
          this.#running = undefined;
        });
    }, seconds * 1000);
    this.#timer.unref();
  }

  /** Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }
}
