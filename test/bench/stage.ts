/** What the rows share: a folder on the disk, servers that are started once, and comparisons that alternate. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Ask, httpClient } from '../client.js';
import { freePort, openFolder, root, startServer, untilItAnswers } from '../doors/children.js';
import { type Load, load } from './load.js';
import { forgetPeaks, type Part, peakMiB, pinned, processorSeconds } from './machine.js';

export interface Settings {
  /** Of each run. */
  seconds: number;
  /** Pairs of runs. */
  rounds: number;
  /** Entries of the large feed. */
  entries: number;
  /** Smaller sizes where a row would take minutes. */
  quick: boolean;
}

/** A server that runs. */
export interface Running {
  port: number;
  pid: number;
  ask: Ask;
  stop(): Promise<void>;
}

/** One kind of work, compared with what it could be at most. */
export interface Figures {
  unit: string;
  ours: number[];
  /** The same work by something bare, run for run. */
  bare?: number[];
  /** Where the rows' own says too little. */
  against?: string;
  /** The most resident memory of a process of ours meanwhile, in MiB. */
  peak?: number;
  /** Of a processor that ours used. */
  busy?: number;
  p99?: number;
  /** Medians of ours by size, where the size is what is looked at. */
  series?: [size: number, value: number][];
}

/** The body of a publisher's request: exactly so many bytes. */
export function entryOf(bytes = 500): string {
  const [open, close] = ['<entry xmlns="http://www.w3.org/2005/Atom"><title>t</title><content>', '</content></entry>'];
  return open + 'y'.repeat(bytes - open.length - close.length) + close;
}

export const ATOM = { 'Content-Type': 'application/atom+xml' };

export class Stage {
  readonly folder = openFolder();
  #once = new Map<string, Promise<unknown>>();
  #ends: (() => Promise<void>)[] = [];

  constructor(readonly settings: Settings) {}

  /** What is made at the first call, by its name. */
  once<T>(name: string, make: () => Promise<T>): Promise<T> {
    let made = this.#once.get(name) as Promise<T> | undefined;
    if (made === undefined) {
      made = make();
      this.#once.set(name, made);
    }
    return made;
  }

  /** Our server on a database of this name, with pages of 1,000. */
  server(database: string, ...flags: string[]): Promise<Running> {
    return this.once(`server ${database} ${flags.join(' ')}`, () => this.start(database, ...flags));
  }

  /** Another one, on the server's core. */
  start(database: string, ...flags: string[]): Promise<Running> {
    return this.#ours(database, 'server', flags);
  }

  /** One that may use every core. */
  startUnpinned(database: string, ...flags: string[]): Promise<Running> {
    return this.#ours(database, 'any', flags);
  }

  /** How a database of this name is called by `--database`. */
  database(name: string): string {
    return name.includes(':') || name.startsWith('/') ? name : join(this.folder, `${name}.db`);
  }

  async #ours(database: string, part: Part, flags: string[]): Promise<Running> {
    const port = await freePort();
    const given = ['--port', String(port), '--database', this.database(database), '--page-size', '1000', ...flags];
    return this.#start(port, '/atommq/health/ready', [join(root, 'bin/atommq'), ...given], part);
  }

  bare(): Promise<Running> {
    return this.once('bare', async () => {
      const port = await freePort();
      return this.#start(port, '/1', [fileURLToPath(new URL('./bare.js', import.meta.url)), String(port)], 'server');
    });
  }

  async #start(port: number, path: string, argv: string[], part: Part): Promise<Running> {
    const { command, args } = pinned(part, process.execPath, argv);
    const server = startServer({ command, arguments: args, cwd: this.folder });
    this.lastly(() => server.stop());
    const ask = httpClient(port);
    await untilItAnswers(ask, { server }, path);
    return { port, pid: server.pid, ask, stop: () => server.stop() };
  }

  /** What is done at the end, the last first. */
  lastly(end: () => Promise<void>): void {
    this.#ends.push(end);
  }

  /** Alternates between ours and what is bare, so that whatever else the machine does meets both. The first pair is for warming up. */
  async compare(
    ours: (seconds: number) => Promise<number>,
    bare: (seconds: number) => Promise<number>,
    server?: Running,
  ): Promise<Pick<Figures, 'ours' | 'bare' | 'peak' | 'busy'>> {
    const { seconds, rounds } = this.settings;
    const figures = { ours: [] as number[], bare: [] as number[], peak: 0, busy: 0 };
    await bare(Math.min(1, seconds));
    await ours(Math.min(1, seconds));
    for (let round = 0; round < rounds; round += 1) {
      figures.bare.push(await bare(seconds));
      const pids = server === undefined ? [] : [server.pid];
      forgetPeaks(pids);
      const [begin, used] = [performance.now(), server === undefined ? 0 : processorSeconds(server.pid)];
      figures.ours.push(await ours(seconds));
      if (server === undefined) continue;
      const took = (performance.now() - begin) / 1000;
      figures.busy = Math.max(figures.busy, (processorSeconds(server.pid) - used) / took);
      figures.peak = Math.max(figures.peak, peakMiB(pids));
    }
    return figures;
  }

  /** A load on a server of ours against the same load on the bare one, which answers with as many bytes. */
  async againstBare(server: Running, work: Omit<Load, 'port' | 'seconds'>, path?: string): Promise<Figures> {
    const bare = await this.bare();
    const answer = await server.ask(work.method ?? 'GET', work.paths[0]!, {
      ...(work.headers === undefined ? {} : { headers: work.headers }),
      ...(work.body === undefined ? {} : { body: work.body }),
    });
    if (answer.status >= 400) throw new Error(`${work.paths[0]} answered ${answer.status}: ${answer.text}`);
    const paths = work.paths.map(() => path ?? `/${answer.body.length}`);
    let p99 = 0;
    const figures = await this.compare(
      async (seconds) => {
        const loaded = await load({ ...work, port: server.port, seconds });
        p99 = Math.max(p99, loaded.p99);
        return loaded.rate;
      },
      async (seconds) => (await load({ ...work, paths, port: bare.port, seconds })).rate,
      server,
    );
    return { unit: 'requests/s', ...figures, p99 };
  }

  /** Ends what runs, the newest first. */
  async close(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }
}
