/** Processes: one that serves and obeys signals, or several over one listening socket. */
import cluster, { type Worker } from 'node:cluster';
import type { Listener } from './listener.js';
import { LISTENING, runWorker, STOP, type WorkerMessage } from './pool-worker.js';
import { Parts, relay, type Share, type ShareMessage } from './share.js';

/** Exit codes: how a run ended. */
export const CLEAN = 0;
export const FAILED = 1;
export const CANNOT_LISTEN = 4;

export interface PoolOptions {
  /** With 1 this process serves by itself, without `node:cluster`. */
  workers: number;
  start: () => Promise<Listener>;
  /** Most time for running requests to finish when told to stop, in seconds; 30 without it. */
  drainSeconds?: number | undefined;
  log: (line: string) => void;
  /** Called once, when requests are taken. */
  onReady?: ((address: string) => void) | undefined;
  /** What each worker has a part of, where there is something. */
  share?: Share | undefined;
}

/** Time before another try to start a worker, in milliseconds: doubled with each failure in a row. */
const BACKOFF = 100;
const MOST_BACKOFF = 10_000;
/** A worker that lived for so long has not failed to start, in milliseconds. */
const LIVED = 5000;
/** So many failures before anybody has ever served are no accident. */
const CRASH_LOOP = 5;
/** What a worker gets beyond the time for its requests before it is killed, in milliseconds. */
const PATIENCE = 5000;

/**
 * Serves until told to stop. SIGTERM and SIGINT let running requests finish; a second one ends everything at once.
 * SIGHUP replaces the workers one by one; a single process, which nobody could stand in for, only says so.
 * @returns the exit code: 0, 1 when requests were cut off or workers cannot live, 4 when it cannot listen
 */
export async function runPool(options: PoolOptions): Promise<number> {
  if (cluster.isWorker) return runWorker(options.start, options.drainSeconds, options.share);
  return options.workers > 1 ? new Pool(options).run() : runAlone(options);
}

async function runAlone({ start, drainSeconds, onReady, log }: PoolOptions): Promise<number> {
  process.on('SIGHUP', () => log('SIGHUP: a single process is not replaced; run with --workers 2 or more for that'));
  const told = stopSignal(() => process.exit(FAILED));
  let listener: Listener;
  try {
    listener = await start();
  } catch (error) {
    log(`cannot listen: ${(error as Error).message}`);
    return CANNOT_LISTEN;
  }
  onReady?.(listener.address);
  await told;
  return (await listener.close(drainSeconds)) ? CLEAN : FAILED;
}

/** Resolves with the first signal to stop. */
function stopSignal(atOnce: () => void): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = () => {
      if (asked) atOnce();
      asked = true;
      resolve();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}

class Pool {
  readonly #options: PoolOptions;
  readonly #parts: Parts | undefined;
  readonly #serving = new Set<Worker>();
  readonly #leaving = new Set<Worker>();
  /** Until each of those that do not listen yet does, or has ended. */
  readonly #starting = new Set<Promise<Worker | undefined>>();
  #failures = 0;
  #stopping = false;
  #ready = false;
  #reload: Promise<void> | undefined;
  #reloadAgain = false;
  #end: (code: number) => void = () => {};

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#parts = options.share && new Parts(options.share);
  }

  async run(): Promise<number> {
    // Workers accept by themselves: cheaper than the primary dealing out connections. Their standard input is empty;
    // with the socket there each new worker would make it block for all the others.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({ stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const ended = new Promise<number>((resolve) => {
      this.#end = resolve;
    });
    process.on('SIGHUP', () => this.#hangUp());
    void stopSignal(() => this.#abandon()).then(() => this.#stop());
    void this.#keep().then(() => {
      // The first worker finds out alone whether there is a socket; the others then share it.
      for (let i = 1; i < this.#options.workers && !this.#stopping; i += 1) void this.#keep();
    });
    const code = await ended;
    if (code !== CLEAN) this.#kill();
    return code;
  }

  /** Sees to one worker: starts it, and another one whenever it ends unasked. */
  async #keep(): Promise<void> {
    while (!this.#stopping) {
      const worker = await this.#fork();
      if (worker !== undefined) {
        this.#replaceWhenDead(worker);
        return;
      }
      this.#failures += 1;
      // Once one has lived, whatever is wrong now may pass.
      if (!this.#ready && this.#failures >= CRASH_LOOP) {
        this.#options.log('workers end before they listen; giving up');
        this.#end(FAILED);
        return;
      }
      await this.#backOff();
    }
  }

  #replaceWhenDead(worker: Worker): void {
    const since = Date.now();
    worker.once('exit', (code, signal) => {
      this.#serving.delete(worker);
      if (this.#leaving.delete(worker) || this.#stopping) return;
      this.#options.log(`worker ${worker.process.pid} ended (${signal ?? code}); starting another`);
      this.#failures = Date.now() - since > LIVED ? 0 : this.#failures + 1;
      void this.#backOff().then(() => this.#keep());
    });
  }

  async #backOff(): Promise<void> {
    if (this.#failures === 0) return;
    const time = Math.min(MOST_BACKOFF, BACKOFF * 2 ** (this.#failures - 1));
    await new Promise((resolve) => setTimeout(resolve, time));
  }

  /** A worker that listens; undefined when it ended before it did. */
  async #fork(): Promise<Worker | undefined> {
    const starting = this.#start();
    this.#starting.add(starting);
    const worker = await starting;
    this.#starting.delete(starting);
    return worker;
  }

  #start(): Promise<Worker | undefined> {
    const worker = cluster.fork();
    // Not when it has ended: what it said last may still be on its way then.
    worker.once('disconnect', () => this.#parts?.ended(worker));
    worker.on('error', (error) => this.#options.log(`worker ${worker.process.pid}: ${error.message}`));
    return new Promise((resolve) => {
      const died = (code: number | null, signal: string | null) => {
        this.#options.log(`worker ${worker.process.pid} ended (${signal ?? code}) before it listened`);
        resolve(undefined);
      };
      worker.once('exit', died);
      worker.on('message', (message: WorkerMessage | ShareMessage) => {
        if (!('text' in message)) {
          const others = workers().filter((other) => other !== worker);
          if (message.type === 'tell') relay(message, others);
          else this.#parts?.hear(worker, message, others);
          return;
        }
        if (message.type !== LISTENING) {
          // A socket that was passed to us goes with the first workers that stop; those that are still starting need none.
          if (!this.#stopping) this.#options.log(`cannot listen: ${message.text}`);
          // A socket that somebody passed to us is lost with the last worker, so later it is not worth while either.
          if (this.#serving.size === 0 && !this.#stopping) this.#end(this.#ready ? FAILED : CANNOT_LISTEN);
          return;
        }
        worker.off('exit', died);
        // What was said while it was starting it may not have heard.
        if (this.#stopping) worker.send(STOP, () => {});
        this.#serving.add(worker);
        if (!this.#ready && !this.#stopping) this.#options.onReady?.(message.text);
        this.#ready = true;
        resolve(worker);
      });
    });
  }

  #hangUp(): void {
    if (this.#stopping) return;
    // However many signals come in the meantime, one more round has the newest of everything.
    if (this.#reload !== undefined) {
      this.#reloadAgain = true;
      return;
    }
    this.#reload = this.#replaceAll().then(() => {
      this.#reload = undefined;
      if (!this.#reloadAgain) return;
      this.#reloadAgain = false;
      this.#hangUp();
    });
  }

  /** Puts a new worker in the place of each, and lets the old one go only when the new one listens. */
  async #replaceAll(): Promise<void> {
    // One that has begun already has what was before.
    await Promise.all(this.#starting);
    for (const old of [...this.#serving]) {
      if (this.#stopping) return;
      const worker = await this.#fork();
      if (worker === undefined) {
        this.#options.log('the new worker ended before it listened; the others stay as they are');
        return;
      }
      this.#replaceWhenDead(worker);
      if (this.#serving.has(old)) {
        this.#leaving.add(old);
        await this.#dismiss(old);
      }
    }
    this.#options.log('all workers replaced');
  }

  /** Lets a worker finish what it has, and resolves with its exit code. */
  #dismiss(worker: Worker): Promise<number> {
    this.#serving.delete(worker);
    return new Promise((resolve) => {
      if (worker.isDead()) return resolve(worker.process.exitCode ?? FAILED);
      const patience = (this.#options.drainSeconds ?? 30) * 1000 + PATIENCE;
      const timer = setTimeout(() => worker.process.kill('SIGKILL'), patience);
      worker.once('exit', (code) => {
        clearTimeout(timer);
        resolve(code ?? FAILED);
      });
      if (worker.isConnected()) worker.send(STOP, () => {});
    });
  }

  async #stop(): Promise<void> {
    this.#stopping = true;
    const codes = await Promise.all(
      workers().map(async (worker) => {
        const isStarting = !this.#serving.has(worker) && !this.#leaving.has(worker);
        const code = await this.#dismiss(worker);
        // It has had no request that could be cut off.
        return isStarting ? CLEAN : code;
      }),
    );
    this.#end(codes.every((code) => code === CLEAN) ? CLEAN : FAILED);
  }

  #abandon(): void {
    this.#kill();
    process.exit(FAILED);
  }

  #kill(): void {
    this.#stopping = true;
    for (const worker of workers()) worker.process.kill('SIGKILL');
  }
}

function workers(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}
