/** What was asked for in the name of callbacks, and their answers: who agrees is confirmed, who is silent is asked again. */
import { now } from '../atom/ids.js';
import { Slots } from '../slots.js';
import type { Store } from '../store/store.js';
import type { Subscription, Subscriptions } from '../store/subscription.js';
import { pauseAfter } from './backoff.js';
import { deny, type Reach, verify } from './verify.js';

/** Callbacks that are asked at the same time. */
const AT_ONCE = 16;
/** Requests that are read at once. */
const REQUESTS = 100;
/** A callback that does not answer is asked so often. */
const TRIES = 3;

/** What verification needs, and whom it tells. */
export interface VerificationsOptions {
  store: Store;
  subscriptions: Subscriptions;
  reach: Reach;
  onError: (error: unknown) => void;
  /** Nothing is to be written any more. */
  isOver: () => boolean;
  /** A request came into force, or another one for the same subscription did meanwhile. */
  onConfirmed: (subscription: Subscription) => Promise<void>;
  /** A subscription is there no more. */
  onEnded: (id: string) => void;
}

export class Verifications {
  readonly #options: VerificationsOptions;
  readonly #slots = new Slots(AT_ONCE);
  /** Subscriptions whose callback is being asked. */
  readonly #asking = new Set<string>();
  /** Requests whose callback did not answer: how often, and when it is asked again, in milliseconds since 1970. */
  readonly #unanswered = new Map<string, { tries: number; at: number }>();

  constructor(options: VerificationsOptions) {
    this.#options = options;
  }

  /** Nobody is being asked. */
  get isIdle(): boolean {
    return this.#asking.size === 0;
  }

  /**
   * Begins with what was asked for and is not being verified yet.
   * @returns a promise for each, which is fulfilled when it is done with
   */
  async begin(): Promise<Promise<void>[]> {
    const { subscriptions, onError } = this.#options;
    const time = Date.now();
    const begun: Promise<void>[] = [];
    for (const subscription of await subscriptions.pending(REQUESTS)) {
      const { id, pending } = subscription;
      if (pending === undefined || this.#asking.has(id)) continue;
      if ((this.#unanswered.get(pending.requestId)?.at ?? 0) > time) continue;
      this.#asking.add(id);
      begun.push(
        this.#slots
          .run(() => this.#verify(subscription))
          .catch(onError)
          .finally(() => this.#asking.delete(id)),
      );
    }
    return begun;
  }

  /** Asks a callback whether it wants what was asked for in its name (WebSub §5.3). */
  async #verify(subscription: Subscription): Promise<void> {
    const { store, subscriptions, reach, isOver, onConfirmed, onEnded } = this.#options;
    const { id, pending } = subscription;
    if (pending === undefined || isOver()) return;
    const { requestId, mode, lease } = pending;
    if (mode === 'subscribe' && (await store.feed(subscription.feed)) === undefined) {
      await subscriptions.refuse(id, requestId);
      // Whether the callback hears it is not ours to say.
      await deny(reach, subscription, 'There is no such feed any more.').catch(() => {});
      return;
    }
    const askedAt = now();
    let agrees: boolean;
    try {
      agrees = await verify(reach, subscription, pending);
    } catch {
      if (isOver() || this.#willAskAgain(requestId)) return;
      agrees = false;
    }
    this.#unanswered.delete(requestId);
    if (isOver()) return;
    if (!agrees) return subscriptions.refuse(id, requestId);
    const confirmed =
      (await subscriptions.confirm(id, requestId, askedAt + lease * 1e6)) ?? (await subscriptions.find(id));
    if (confirmed === undefined) onEnded(id);
    else if (confirmed.leaseUntil > now() && !confirmed.progress.dead) await onConfirmed(confirmed);
  }

  /** Counts a request that was not answered. */
  #willAskAgain(requestId: string): boolean {
    const tries = (this.#unanswered.get(requestId)?.tries ?? 0) + 1;
    if (tries >= TRIES) return false;
    this.#unanswered.set(requestId, { tries, at: Date.now() + pauseAfter(tries + 1, undefined) });
    return true;
  }
}
