/** A server of our own that is stopped, killed and started again on the same port and database. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../fixture.js';
import { freePort, overHttp, start, stop } from '../server.js';

export const BIN = fileURLToPath(new URL('../../../bin/atommq', import.meta.url));

const base = temporaryFolder();
export const newFolder = () => mkdtempSync(join(base, 'client-'));

export class Server {
  readonly url: string;
  readonly port: number;
  /** The file. */
  readonly database: string;
  #child: ChildProcess | undefined;
  readonly #flags: string[];
  readonly #env: NodeJS.ProcessEnv;

  private constructor(port: number, database: string, flags: string[], env: NodeJS.ProcessEnv) {
    this.port = port;
    this.database = database;
    this.url = `http://127.0.0.1:${port}/atommq`;
    this.#flags = flags;
    this.#env = env;
  }

  static async start({ flags = [], env = {} }: { flags?: string[]; env?: NodeJS.ProcessEnv } = {}): Promise<Server> {
    const port = await freePort();
    const database = join(newFolder(), 'bus.db');
    const all = ['--port', String(port), '--database', database, '--page-size', '50', ...flags];
    const server = new Server(port, database, all, env);
    await server.start();
    return server;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(): Promise<void> {
    const child = start(BIN, this.#flags, this.#env);
    this.#child = child;
    const ask = overHttp(this.port);
    for (let tries = 0; ; tries += 1) {
      const answer = await ask('GET', '/health/ready').catch(() => undefined);
      if (answer?.status === 200) return;
      assert.ok(tries < 600 && child.exitCode === null, `the server does not start: ${child.said()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#child !== undefined) await stop(this.#child, signal);
    this.#child = undefined;
  }

  async restart(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.stop(signal);
    await this.start();
  }
}

/** Resolves when something is so; fails when it never is. */
export async function until(condition: () => boolean | Promise<boolean>, what = 'it does not happen'): Promise<void> {
  for (let tries = 0; !(await condition()); tries += 1) {
    assert.ok(tries < 3000, what);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
