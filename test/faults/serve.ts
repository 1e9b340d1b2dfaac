/** One server of ours on a database, ready, and what is asked of it in every test of a fault. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Client } from '../fixture.js';
import { freePort, overHttp, start, stop } from '../server.js';
import { BIN } from './fleet.js';

export interface Serving {
  port: number;
  client: Client;
  process: ChildProcess & { said: () => string };
  /** Ends it; the exit code, null after a signal. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface ServeOptions {
  args?: string[];
  env?: NodeJS.ProcessEnv;
  port?: number;
  /** What starts it; `atommq` without it. */
  command?: string[];
}

/** Starts a server and resolves when it is ready. */
export async function serve(database: string, options: ServeOptions = {}): Promise<Serving> {
  const { args = [], env = {}, port = await freePort(), command = [BIN] } = options;
  const [program = '', ...before] = command;
  const process = start(program, [...before, '--port', String(port), '--database', database, ...args], env);
  const client = overHttp(port);
  await until(async () => {
    assert.equal(process.exitCode, null, process.said());
    return (await client('GET', '/health/ready')).status === 200;
  }, process.said);
  return { port, client, process, stop: (signal) => stop(process, signal) };
}

/** Resolves when something holds; what it throws counts as not yet, but for failed assertions. */
export async function until(holds: () => boolean | Promise<boolean>, what: () => string = () => ''): Promise<void> {
  for (const deadline = Date.now() + 40_000; ; await sleep(25)) {
    try {
      if (await holds()) return;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
    }
    if (Date.now() > deadline) assert.fail(`waited in vain: ${what()}`);
  }
}

/** Publishes an entry with this id. */
export function publish(client: Client, id: string, feed = 'a'): Promise<Answer> {
  return client('POST', `/feed=${feed}`, { body: `<entry><id>${id}</id><title>${id}</title></entry>` });
}

/** The ids that a feed holds, in its order, asked page by page. */
export async function idsIn(client: Client, feed = 'a'): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const after = ids.length === 0 ? '' : `?start_after=${encodeURIComponent(ids.at(-1)!)}`;
    const { status, headers, body } = await client('GET', `/feed=${feed}${after}`);
    assert.equal(status, 200, body);
    const found = [...body.matchAll(/<entry[ >].*?<id>([^<]*)<\/id>/gs)].map(([, id]) => id!);
    ids.push(...found);
    if (headers['atommq-up-to-date'] === 'true') return ids;
  }
}

/** An answer that says that the server cannot do it now: clear, and a program may try again. */
export function assertUnavailable(answer: Answer, said = ''): void {
  assert.ok([503, 507].includes(answer.status), `${answer.status} ${answer.body}\n${said}`);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  assert.match(String(answer.headers['retry-after']), /^\d+$/);
  const { detail } = JSON.parse(answer.body) as { detail: string };
  assert.ok(detail.length > 20 && !detail.includes('/'), detail);
}
