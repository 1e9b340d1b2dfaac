/** Processes: one that serves and obeys signals, or several over one listening socket. */
import cluster, { type Worker } from 'node:cluster';
import type { Listener } from './listener.js';

/** Exit codes: how a run ended. */
export const CLEAN = 0;
export const FAILED = 1;
export const CANNOT_LISTEN = 4;

export interface PoolOptions {
  workers: number;
  start: () => Promise<Listener>;
  drainSeconds: number;
  log: (line: string) => void;
  /** Called once, when requests are taken. */
  onReady: (address: string) => void;
}

/** Most time between two tries to start a worker, in milliseconds. */
const MOST_BACKOFF = 10_000;
/** So many workers that die before they listen are a crash loop. */
const CRASH_LOOP = 5;

/** Serves until told to stop, and resolves with the exit code. SIGTERM and SIGINT drain; a second one ends at once. */
export async function runPool(options: PoolOptions): Promise<number> {
  if (cluster.isWorker) return runWorker(options);
  return options.workers > 1 ? new Pool(options).run() : runAlone(options);
}

async function runAlone({ start, drainSeconds, onReady, log }: PoolOptions): Promise<number> {
  let listener: Listener;
  try {
    listener = await start();
  } catch (error) {
    log(`cannot listen: ${(error as Error).message}`);
    return CANNOT_LISTEN;
  }
  onReady(listener.address);
  // There is nobody to take over from a single process, so a hang-up changes nothing.
  process.on('SIGHUP', () => log('SIGHUP: a single process is not replaced; run with --workers 2 or more for that'));
  await stopSignal();
  return (await listener.close(drainSeconds)) ? CLEAN : FAILED;
}

async function runWorker({ start, drainSeconds }: PoolOptions): Promise<number> {
  // The primary decides when to stop: a terminal sends its signals to the whole group.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => {});
  const lost = new Promise<void>((resolve) => process.once('disconnect', resolve));
  let listener: Listener;
  try {
    listener = await start();
  } catch (error) {
    process.send?.({ failed: (error as Error).message });
    return CANNOT_LISTEN;
  }
  process.send?.({ listening: listener.address });
  const told = new Promise<void>((resolve) => {
    process.on('message', (message) => message === 'stop' && resolve());
  });
  // Without its primary a worker must not hold the socket: a web server would never start another pool.
  await Promise.race([told, lost]);
  return (await listener.close(drainSeconds)) ? CLEAN : FAILED;
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = () => {
      if (asked) process.exit(FAILED);
      asked = true;
      resolve();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}

class Pool {
  readonly #options: PoolOptions;
  readonly #serving = new Set<Worker>();
  readonly #leaving = new Set<Worker>();
  #failures = 0;
  #stopping = false;
  #ready = false;
  #reloading: Promise<void> = Promise.resolve();
  #end: (code: number) => void = () => {};

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  async run(): Promise<number> {
    // Workers accept by themselves: cheaper than the primary dealing out connections.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({ stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const ended = new Promise<number>((resolve) => {
      this.#end = resolve;
    });
    process.on('SIGHUP', () => {
      this.#reloading = this.#reloading.then(() => this.#reload());
    });
    void stopSignal().then(() => this.#stop());
    for (let i = 0; i < this.#options.workers; i += 1) void this.#keep();
    return ended;
  }

  /** Starts a worker, and another one whenever it dies unasked. */
  async #keep(): Promise<void> {
    while (!this.#stopping) {
      const worker = await this.#fork();
      if (worker !== undefined) {
        worker.once('exit', (code, signal) => {
          this.#serving.delete(worker);
          if (this.#leaving.delete(worker) || this.#stopping) return;
          this.#options.log(`worker ${worker.process.pid} ended (${signal ?? code}); starting another`);
          void this.#keep();
        });
        return;
      }
      if (this.#failures >= CRASH_LOOP && this.#serving.size === 0) {
        this.#options.log('workers end before they listen; giving up');
        this.#end(FAILED);
        return;
      }
      const backoff = Math.min(MOST_BACKOFF, 100 * 2 ** this.#failures);
      await new Promise((resolve) => setTimeout(resolve, backoff));
    }
  }

  /** A worker that listens; undefined when it ended before it did. */
  #fork(): Promise<Worker | undefined> {
    const worker = cluster.fork();
    return new Promise((resolve) => {
      const died = () => {
        this.#failures += 1;
        resolve(undefined);
      };
      worker.once('exit', died);
      worker.on('message', (message: { listening?: string; failed?: string }) => {
        if (message.failed !== undefined) this.#options.log(`cannot listen: ${message.failed}`);
        if (message.failed !== undefined && !this.#ready) this.#end(CANNOT_LISTEN);
        if (message.listening === undefined) return;
        worker.off('exit', died);
        this.#failures = 0;
        this.#serving.add(worker);
        if (!this.#ready) this.#options.onReady(message.listening);
        this.#ready = true;
        resolve(worker);
      });
    });
  }

  /** Puts a new worker in the place of each, and lets the old one go only when the new one listens. */
  async #reload(): Promise<void> {
    for (const old of [...this.#serving]) {
      if (this.#stopping) return;
      const before = this.#serving.size;
      await this.#keep();
      if (this.#serving.size <= before) return;
      this.#leaving.add(old);
      old.send('stop');
      await new Promise((resolve) => old.once('exit', resolve));
    }
    this.#options.log('all workers replaced');
  }

  async #stop(): Promise<void> {
    this.#stopping = true;
    const codes = await Promise.all(
      Object.values(cluster.workers ?? {}).map(
        (worker) =>
          new Promise<number>((resolve) => {
            worker?.once('exit', (code) => resolve(code ?? FAILED));
            worker?.send('stop', undefined, () => {});
          }),
      ),
    );
    this.#end(codes.every((code) => code === CLEAN) ? CLEAN : FAILED);
  }
}
