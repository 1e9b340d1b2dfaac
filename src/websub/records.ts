/** How far subscribers have come goes to the database in groups: what comes while one is written is the next. */
import type { Progress, Subscriptions } from '../store/subscription.js';

export class Records {
  readonly #subscriptions: Pick<Subscriptions, 'record'>;
  #next = new Map<string, Progress>();
  #waiting: Promise<void> | undefined;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(subscriptions: Pick<Subscriptions, 'record'>) {
    this.#subscriptions = subscriptions;
  }

  /** Resolves when it is durable; a later state of the same subscription may be written in its place. */
  keep(progress: Progress): Promise<void> {
    this.#next.set(progress.id, progress);
    this.#waiting ??= this.#writing.then(() => this.#write());
    return this.#waiting;
  }

  #write(): Promise<void> {
    const group = [...this.#next.values()];
    this.#next = new Map();
    this.#waiting = undefined;
    const written = this.#subscriptions.record(group);
    this.#writing = written.catch(() => {});
    return written;
  }
}
