/** The time in which this process is the one of all that delivers: it holds a lease, and stops when it may have lost it. */
import { setMaxListeners } from 'node:events';
import { now } from '../atom/ids.js';
import type { Observer } from '../observer.js';
import type { Context } from '../resource/context.js';
import { Slots } from '../slots.js';
import type { Feed } from '../store/store.js';
import type { Progress, Subscription, Subscriptions } from '../store/subscription.js';
import { isGivenUp, type Limits, pauseAfter } from './backoff.js';
import { Batches } from './batch.js';
import { type Delivered, deliver } from './deliver.js';
import { pause, Watch } from './feeds.js';
import type { CallbackGuard } from './guard.js';
import { Records } from './records.js';
import { parseTopic, type Topic } from './topic.js';
import { Verifications } from './verifications.js';
import type { Reach } from './verify.js';

/** Deliveries at the same time: to those who answer soon, and to those who did not, or failed, so that these hold up no others. */
const QUICK = 48;
const SLOW = 32;
/** An answer that takes longer, in milliseconds, is a slow one. */
const SLOW_ANSWER = 2000;
/** Subscriptions that are read at once. */
const SUBSCRIPTIONS = 500;
/** The database was away: the next try, in milliseconds. */
const TROUBLED = 1000;

/** What deliveries need. */
export interface ReignOptions {
  context: Context;
  subscriptions: Subscriptions;
  guard: CallbackGuard;
  /** Seconds that a callback may take. */
  timeout: number;
  limits: Limits;
  onError: (error: unknown) => void;
  /** Is told of every delivery. */
  observer?: Observer | undefined;
}

/** A subscription in force. */
interface Subscriber {
  subscription: Subscription;
  progress: Progress;
  topic: Topic;
  /** A delivery is under way, or waits for its turn: there is never a second one. */
  busy: boolean;
  slow: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** A feed with all who subscribe to it. */
interface Followed {
  watch: Watch;
  subscribers: Set<Subscriber>;
}

export class Reign {
  readonly #options: ReignOptions;
  readonly #reach: Reach;
  readonly #batches: Batches;
  readonly #records: Records;
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #feeds = new Map<string, Followed>();
  readonly #quick = new Slots(QUICK);
  readonly #slow = new Slots(SLOW);
  readonly #verifications: Verifications;
  readonly #running = new Set<Promise<unknown>>();
  readonly #over = new AbortController();
  #closing = false;
  #heldUntil = 0;
  #deadline: NodeJS.Timeout | undefined;

  constructor(options: ReignOptions) {
    this.#options = options;
    setMaxListeners(0, this.#over.signal);
    this.#reach = { guard: options.guard, timeout: options.timeout, signal: this.#over.signal };
    this.#batches = new Batches(options.context);
    this.#records = new Records(options.subscriptions);
    this.#verifications = new Verifications({
      store: options.context.store,
      subscriptions: options.subscriptions,
      reach: this.#reach,
      onError: options.onError,
      isOver: () => this.isOver,
      onConfirmed: (subscription) => this.#confirmed(subscription),
      onEnded: (id) => this.#drop(id),
    });
  }

  /** It is over, by itself or because it was ended. */
  get isOver(): boolean {
    return this.#closing || !this.#holds();
  }

  /** There is nobody to deliver to, and nothing to verify. */
  get isIdle(): boolean {
    return this.#subscribers.size === 0 && this.#verifications.isIdle;
  }

  /** @param until when the lease may be lost, by `performance.now()` */
  hold(until: number): void {
    this.#heldUntil = until;
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#break(), until - performance.now()).unref();
  }

  /** Reads what is in force, and forgets what is not any more. */
  async load(): Promise<void> {
    const { subscriptions } = this.#options;
    await subscriptions.removeEnded(now());
    // What is confirmed meanwhile may be missing in what is read.
    const before = [...this.#subscribers.keys()];
    const inForce = new Set<string>();
    for (let after = ''; ; ) {
      const some = await subscriptions.list(after, SUBSCRIPTIONS);
      for (const subscription of some) {
        if (subscription.progress.dead || subscription.leaseUntil <= now()) continue;
        inForce.add(subscription.id);
        if (!this.#subscribers.has(subscription.id)) this.#add(subscription);
      }
      if (some.length < SUBSCRIPTIONS) break;
      after = some.at(-1)!.id;
    }
    for (const id of before) if (!inForce.has(id)) this.#drop(id);
  }

  /** Begins to verify what was asked for. */
  async takeRequests(): Promise<void> {
    for (const verified of await this.#verifications.begin()) this.#track(verified);
  }

  /**
   * Ends it: nothing new begins, and what is under way may finish.
   * @param patience milliseconds until what is under way is broken off, to be delivered again by whoever comes next
   */
  async end(patience: number): Promise<void> {
    this.#closing = true;
    await Promise.race([this.#settled(), pause(patience, this.#over.signal)]);
    this.#break();
    await this.#settled();
  }

  #break(): void {
    this.#closing = true;
    clearTimeout(this.#deadline);
    for (const id of [...this.#subscribers.keys()]) this.#drop(id);
    this.#over.abort();
  }

  async #settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  /** A timer alone would not do: a process that was stopped and goes on finds its timers late. */
  #holds(): boolean {
    return !this.#over.signal.aborted && performance.now() < this.#heldUntil;
  }

  #track(work: Promise<unknown>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  #add(subscription: Subscription): void {
    if (this.#closing) return;
    const { context, onError } = this.#options;
    let topic: Topic;
    try {
      topic = parseTopic(subscription.topic, subscription.base);
    } catch (error) {
      onError(error);
      return;
    }
    const { progress } = subscription;
    const subscriber: Subscriber = { subscription, progress, topic, busy: false, slow: false, timer: undefined };
    this.#subscribers.set(subscription.id, subscriber);
    let followed = this.#feeds.get(subscription.feed);
    if (followed === undefined) {
      const subscribers = new Set<Subscriber>();
      const wake = () => {
        for (const one of subscribers) this.#poke(one);
      };
      followed = { watch: new Watch(subscription.feed, context.store, context.live, wake), subscribers };
      this.#feeds.set(subscription.feed, followed);
    }
    followed.subscribers.add(subscriber);
    this.#poke(subscriber);
  }

  #drop(id: string): void {
    const subscriber = this.#subscribers.get(id);
    if (subscriber === undefined) return;
    clearTimeout(subscriber.timer);
    this.#subscribers.delete(id);
    const { feed } = subscriber.subscription;
    const followed = this.#feeds.get(feed)!;
    followed.subscribers.delete(subscriber);
    if (followed.subscribers.size > 0) return;
    followed.watch.stop();
    this.#feeds.delete(feed);
  }

  /** A subscription was confirmed: a new one begins, one that was there has its new terms and another chance. */
  async #confirmed(subscription: Subscription): Promise<void> {
    const known = this.#subscribers.get(subscription.id);
    if (known === undefined) {
      this.#add(subscription);
    } else {
      known.subscription = subscription;
      known.progress = fresh(known.progress);
      clearTimeout(known.timer);
      known.timer = undefined;
      this.#poke(known);
    }
    const subscriber = this.#subscribers.get(subscription.id);
    // After whatever of its earlier failures is still on its way to the database.
    if (subscriber !== undefined) await this.#records.keep(subscriber.progress);
  }

  /** Delivers, if there is something to deliver and it is time. */
  #poke(subscriber: Subscriber): void {
    const { subscription, progress } = subscriber;
    if (this.#closing || subscriber.busy || this.#subscribers.get(subscription.id) !== subscriber) return;
    const feed = this.#feeds.get(subscription.feed)?.watch.feed;
    if (feed === undefined || !hasNews(progress, feed)) return;
    const wait = progress.nextAt / 1000 - Date.now();
    if (wait > 0) {
      subscriber.timer ??= setTimeout(() => {
        subscriber.timer = undefined;
        this.#poke(subscriber);
      }, wait).unref();
      return;
    }
    subscriber.busy = true;
    const slots = subscriber.slow || progress.failures > 0 ? this.#slow : this.#quick;
    this.#track(
      slots
        .run(() => this.#next(subscriber))
        .catch((error) => {
          this.#options.onError(error);
          subscriber.progress = { ...subscriber.progress, nextAt: now() + TROUBLED * 1000 };
        })
        .finally(() => {
          subscriber.busy = false;
          this.#poke(subscriber);
        }),
    );
  }

  /** One delivery, by the feed as it stands when its turn has come. */
  async #next(subscriber: Subscriber): Promise<void> {
    const { subscription, topic, progress } = subscriber;
    const { id, base } = subscription;
    const feed = this.#feeds.get(subscription.feed)?.watch.feed;
    if (this.isOver || feed === undefined || this.#subscribers.get(id) !== subscriber) return;
    if (subscription.leaseUntil <= now()) return this.#drop(id);
    // A feed that was removed and made again begins with its first entry.
    const from = feed.feedId === progress.feedId ? progress.position : 0;
    const batch = await this.#batches.after(feed, from, topic, base);
    const place = { feedId: feed.feedId, position: batch.to };
    if (batch.empty) {
      subscriber.progress = { ...subscriber.progress, ...place };
      return this.#records.keep(subscriber.progress);
    }
    if (!this.#holds()) return;
    const began = performance.now();
    const outcome = await deliver(this.#reach, subscription, topic, batch);
    const time = performance.now() - began;
    subscriber.slow = time > SLOW_ANSWER;
    this.#options.observer?.delivered(outcome.kind, time / 1000);
    await this.#settle(subscriber, outcome, place);
  }

  async #settle(subscriber: Subscriber, outcome: Delivered, place: { feedId: number; position: number }) {
    const { id, topic, callback } = subscriber.subscription;
    if (outcome.kind === 'delivered') {
      subscriber.progress = { ...fresh(subscriber.progress), ...place };
      return this.#records.keep(subscriber.progress);
    }
    // A delivery that was broken off by our end says nothing of the subscriber.
    if (!this.#holds()) return;
    if (outcome.kind === 'gone') {
      this.#drop(id);
      return this.#options.subscriptions.end(id);
    }
    const { progress } = subscriber;
    const time = now();
    const failures = progress.failures + 1;
    const failingSince = progress.failingSince || time;
    const dead = isGivenUp(failures, failingSince, time, this.#options.limits);
    const nextAt = time + Math.round(pauseAfter(failures, outcome.retryAfter) * 1000);
    subscriber.progress = { ...progress, failures, failingSince, nextAt, dead, error: outcome.error };
    if (dead) {
      this.#drop(id);
      // Without the path of the callback, which may be a secret of its subscriber's.
      const whom = new URL(callback).origin;
      this.#options.onError(
        `WebSub: ${whom} is given up as a subscriber of ${topic} after ${failures} failures; the last: ${outcome.error}`,
      );
    }
    await this.#records.keep(subscriber.progress);
  }
}

function hasNews({ feedId, position }: Progress, feed: Feed): boolean {
  if (feed.feedId !== feedId) return feed.feedId > feedId && feed.head > 0;
  return feed.head > position;
}

/** Nothing has failed. */
function fresh(progress: Progress): Progress {
  return { ...progress, failures: 0, failingSince: 0, nextAt: 0, dead: false, error: undefined };
}
