/** Servers of every sort on one database, each started again whenever it ends, and the ways to kill them. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, missing, openFolder, root, type Server } from '../doors/children.js';
import { fastCgiAt, open as openNginx } from '../doors/nginx.js';
import { start, stop } from '../server.js';
import type { DatabaseServer } from '../store/databases.js';

export const BIN = join(root, 'bin/atommq');
/** What systemd would wait before it starts a service again, in milliseconds. */
const PAUSE = 100;

/** A server that somebody starts again as soon as it ends, as systemd would. */
export class Supervised {
  readonly #argv: string[];
  readonly #env: NodeJS.ProcessEnv;
  #child: (ChildProcess & { said: () => string }) | undefined;
  #said = '';
  #over = false;
  starts = 0;

  constructor(argv: string[], env: NodeJS.ProcessEnv = {}) {
    this.#argv = argv;
    this.#env = env;
    this.#run();
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** What its processes have said so far, the end of it. */
  said(): string {
    return (this.#said + (this.#child?.said() ?? '')).slice(-20_000);
  }

  /** @returns whether there was somebody to kill */
  kill(): boolean {
    return killProcess(this.pid);
  }

  /** Kills one of its workers. */
  killWorker(): boolean {
    const workers = childrenOf(this.pid);
    return killProcess(workers[Math.floor(Math.random() * workers.length)] ?? 0);
  }

  async stop(): Promise<void> {
    this.#over = true;
    if (this.#child !== undefined) await stop(this.#child);
  }

  /** As something that is in front of it wants to know it. */
  asServer(): Server {
    return { pid: this.pid, log: () => this.said(), ended: new Promise(() => {}), stop: () => this.stop() };
  }

  #run(): void {
    this.starts += 1;
    const child = start(BIN, this.#argv, this.#env);
    this.#child = child;
    child.once('exit', async () => {
      await sleep(PAUSE);
      this.#said = this.said();
      this.#child = undefined;
      if (!this.#over) this.#run();
    });
  }
}

function killProcess(pid: number): boolean {
  if (pid === 0) return false;
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

export function childrenOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return children === '' ? [] : children.split(' ').map(Number);
  } catch {
    return [];
  }
}

export interface Fleet {
  /** Where it is reached. */
  ports: number[];
  /** What can be killed, by its name; each says whether there was somebody to kill. */
  victims: Record<string, () => boolean | Promise<boolean>>;
  /** What its servers have said, for when something is wrong. */
  said(): string;
  stop(): Promise<void>;
}

/** A pool of HTTP workers, and FastCGI behind nginx (one more HTTP server where there is no nginx), on one database. */
export async function startFleet(database: string, server?: DatabaseServer): Promise<Fleet> {
  const common = ['--database', database, '--page-size', '1000', '--log', 'error', '--connect-timeout', '2'];
  const port = await freePort();
  const pool = new Supervised(['--port', String(port), '--workers', '2', ...common]);
  const [second, stopSecond, secondPort] = await startSecond(common);
  const victims: Fleet['victims'] = {
    primary: () => pool.kill(),
    worker: () => pool.killWorker(),
    [missing(['nginx']).length === 0 ? 'fastcgi' : 'server']: () => second.kill(),
  };
  if (server !== undefined) {
    victims.database = async () => {
      await server.stop('SIGKILL');
      await sleep(Math.random() * 1000);
      await comeBack(server);
      return true;
    };
  }
  return {
    ports: [port, secondPort],
    victims,
    said: () => `${pool.said()}\n${second.said()}`,
    stop: async () => {
      await Promise.all([pool.stop(), stopSecond()]);
    },
  };
}

async function startSecond(common: string[]): Promise<[Supervised, () => Promise<void>, number]> {
  if (missing(['nginx']).length > 0) {
    const port = await freePort();
    const server = new Supervised(['--port', String(port), ...common]);
    return [server, () => server.stop(), port];
  }
  const socket = join(openFolder(), 'fcgi.sock');
  const server = new Supervised(['--gateway', 'fastcgi', '--socket', socket, ...common]);
  const door = await openNginx('faults', 'nginx-fastcgi.conf', fastCgiAt(socket), server.asServer());
  return [server, () => door.stop(), door.port!];
}

/** Starts a database server again; one that was killed may have left processes behind that have yet to end. */
export async function comeBack(server: DatabaseServer): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await server.start();
    } catch (error) {
      if (tries === 20) throw error;
      await sleep(250);
    }
  }
}
