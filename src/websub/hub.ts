/** The WebSub hub (W3C Recommendation): one process of all that share a database verifies and delivers, by a lease. */
import { randomUUID } from 'node:crypto';
import { StoreUnavailable } from '../store/store.js';
import { Reign, type ReignOptions } from './reign.js';

/** The lease's name, and the seconds that it is taken for: so long after a process dies another one begins. */
const LEASE = 'websub';
const SECONDS = 6;
/** It is kept up every so often, and its holder stops so long before it ends; all times below in milliseconds. */
const RENEW = 2000;
const MARGIN = 1000;
/** The pause between looks for requests, for a lease that somebody else holds, and for subscriptions where there are none. */
const LOOK = 1000;
const OTHERS = 2000;
const NONE = 5000;
/** What is in force is read again every so often. */
const RELOAD = 60_000;
/** What is under way at a stop may finish for so long. */
const PATIENCE = 2000;

export class Hub {
  readonly #options: ReignOptions;
  readonly #holder = randomUUID();
  #reign: Reign | undefined;
  #renewAt = 0;
  #reloadAt = 0;
  #stopped = false;
  #troubled = false;
  #wake = () => {};
  readonly #running: Promise<void>;

  constructor(options: ReignOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** A request for a subscription was stored: it may be looked for now. */
  hint(): void {
    this.#wake();
  }

  /** Resolves when nothing is under way any more; another process may go on at once. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#running;
    await this.#end(PATIENCE);
  }

  async #run(): Promise<void> {
    // Whoever opens a bus for one thing and closes it again is not to deliver.
    let pause = LOOK * (0.5 + Math.random() / 2);
    for (;;) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pause).unref();
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
        if (this.#stopped) this.#wake();
      });
      if (this.#stopped) return;
      try {
        pause = await this.#look();
        this.#troubled = false;
      } catch (error) {
        pause = LOOK;
        // Once, not every second that the database is away.
        if (!this.#troubled || !(error instanceof StoreUnavailable)) this.#options.onError(error);
        this.#troubled = true;
      }
    }
  }

  /** @returns the pause until the next look */
  async #look(): Promise<number> {
    const { context, subscriptions } = this.#options;
    if (this.#reign?.isOver) await this.#forget(0);
    if (this.#reign === undefined && (await subscriptions.count()) === 0) return NONE;
    const time = performance.now();
    if (this.#reign === undefined || time >= this.#renewAt) {
      if (!(await context.store.lease(LEASE, this.#holder, SECONDS))) {
        await this.#forget(0);
        return OTHERS * (0.5 + Math.random() / 2);
      }
      if (this.#stopped) return 0;
      this.#reign ??= new Reign(this.#options);
      this.#reign.hold(time + SECONDS * 1000 - MARGIN);
      this.#renewAt = time + RENEW;
    }
    if (time >= this.#reloadAt) {
      await this.#reign.load();
      this.#reloadAt = time + RELOAD;
    }
    await this.#reign.takeRequests();
    if (this.#reign.isIdle && (await subscriptions.count()) === 0) await this.#end(0);
    return LOOK;
  }

  async #forget(patience: number): Promise<void> {
    const reign = this.#reign;
    this.#reign = undefined;
    this.#reloadAt = 0;
    await reign?.end(patience);
  }

  /** Ends, and gives the lease back. */
  async #end(patience: number): Promise<void> {
    if (this.#reign === undefined) return;
    await this.#forget(patience);
    // Where the database is away it ends by itself.
    await this.#options.context.store.lease(LEASE, this.#holder, 0).catch(() => false);
  }
}
