/** What a program that embeds a bus gets to see of it. */
import type { EntryView } from './atom/object.js';
import type { Subscription } from './store/subscription.js';

/** A WebSub subscription for a program. */
export interface SubscriptionView {
  topic: string;
  /** May be known to its subscriber alone. */
  callback: string;
  state: 'active' | 'failing' | 'dead';
  since: Date;
  leaseUntil: Date;
  /** The position up to which everything has been delivered. */
  position: number;
  /** Deliveries that failed since the last that did not, and what was wrong with the latest. */
  failures: number;
  error: string | undefined;
}

/** A subscription as a program sees it. */
export function viewSubscription({ topic, callback, createdAt, leaseUntil, progress }: Subscription): SubscriptionView {
  const { position, failures, error, dead } = progress;
  const state = dead ? 'dead' : failures > 0 ? 'failing' : 'active';
  const times = { since: new Date(createdAt / 1000), leaseUntil: new Date(leaseUntil / 1000) };
  return { topic, callback, state, ...times, position, failures, error };
}

/** A page of entries for a program. */
export interface ReadPage {
  entries: EntryView[];
  /** The id to go on after. */
  after: string | undefined;
  /** There was nothing more. */
  upToDate: boolean;
}
