/** Many publishers, consumers and processes on one file, some of them killed: nothing lost, nothing doubled, one order. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Client, temporaryFolder } from '../fixture.js';
import { endAll, freePort, overHttp, start, stop } from '../server.js';

const BIN = fileURLToPath(new URL('../../../bin/atommq', import.meta.url));
after(endAll);
const SECONDS = Number(process.env.ATOMMQ_FAULT_SECONDS ?? 5);

interface Server {
  port: number;
  client: Client;
  process: ChildProcess;
}

async function serve(database: string, port: number): Promise<Server> {
  const process = start(BIN, ['--port', String(port), '--database', database, '--page-size', '500']);
  const client = overHttp(port);
  for (let i = 0; ; i += 1) {
    const answer = await client('GET', '/health/ready').catch(() => undefined);
    if (answer?.status === 200) return { port, client, process };
    assert.ok(i < 200, `the server does not start: ${process.said()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Publishes until told to stop; a request that broke off is sent again with the same id until it is answered. */
async function publisher(
  name: string,
  servers: () => Server,
  stopped: () => boolean,
  refused: string[],
): Promise<string[]> {
  const acknowledged: string[] = [];
  for (let n = 0; !stopped(); n += 1) {
    const id = `urn:test:${name}:${n}`;
    for (;;) {
      const answer = await servers()
        .client('POST', '/feed=order', { body: `<entry><id>${id}</id><title>${n}</title></entry>` })
        .catch(() => undefined);
      if (answer?.status === 201) {
        acknowledged.push(id);
        break;
      }
      if (answer !== undefined) refused.push(`${answer.status} ${answer.body}`);
      if (answer !== undefined || stopped()) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return acknowledged;
}

/** Reads from the start until told to stop and nothing is left. */
async function consumer(servers: () => Server, stopped: () => boolean, refused: string[]): Promise<string[]> {
  const seen: string[] = [];
  let after = '';
  for (;;) {
    const last = stopped();
    const answer = await servers()
      .client('GET', `/feed=order${after}`)
      .catch(() => undefined);
    if (answer?.status === 200) {
      const ids = [...answer.body.matchAll(/<id>(urn:test:[^<]*)<\/id>/g)].map((match) => match[1]!);
      seen.push(...ids);
      if (ids.length > 0) after = `?start_after=${ids.at(-1)}`;
      if (last && answer.headers['atommq-up-to-date'] === 'true') return seen;
    } else if (answer !== undefined && answer.status !== 404) refused.push(`${answer.status} ${answer.body}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function check(acknowledged: string[], views: string[][]): void {
  const [first = []] = views;
  for (const view of views) assert.deepEqual(view, first, 'consumers disagree');
  const seen = new Set(first);
  assert.equal(seen.size, first.length, 'an entry is there twice');
  const lost = acknowledged.filter((id) => !seen.has(id));
  assert.deepEqual(lost, [], 'acknowledged entries are lost');
}

test('16 publishers and 6 consumers over 3 processes see one order', async (t) => {
  const database = join(temporaryFolder(), 'bus.db');
  const servers = await Promise.all([1, 2, 3].map(async () => serve(database, await freePort())));
  const refused: string[] = [];
  const end = Date.now() + SECONDS * 1000;
  const publishing = Array.from({ length: 16 }, (_, i) =>
    publisher(
      `p${i}`,
      () => servers[i % 3]!,
      () => Date.now() > end,
      refused,
    ),
  );
  let published = false;
  const consuming = Array.from({ length: 6 }, (_, i) =>
    consumer(
      () => servers[i % 3]!,
      () => published,
      refused,
    ),
  );
  const acknowledged = (await Promise.all(publishing)).flat();
  published = true;
  const views = await Promise.all(consuming);
  for (const server of servers) assert.equal(await stop(server.process), 0);
  assert.deepEqual(refused, []);
  assert.ok(acknowledged.length > 16);
  check(acknowledged, views);
  t.diagnostic(`${acknowledged.length} acknowledged in ${SECONDS} s, each seen once by 6 consumers in one order`);
});

test('five SIGKILLs amid 16 publishers lose and double nothing', async (t) => {
  const database = join(temporaryFolder(), 'bus.db');
  const port = await freePort();
  let server = await serve(database, port);
  const refused: string[] = [];
  let published = false;
  const publishing = Array.from({ length: 16 }, (_, i) =>
    publisher(
      `k${i}`,
      () => server,
      () => published,
      refused,
    ),
  );
  for (let kill = 0; kill < 5; kill += 1) {
    await new Promise((resolve) => setTimeout(resolve, (SECONDS * 1000) / 6));
    await stop(server.process, 'SIGKILL');
    server = await serve(database, port);
  }
  published = true;
  const acknowledged = (await Promise.all(publishing)).flat();
  const view = await consumer(
    () => server,
    () => true,
    refused,
  );
  await stop(server.process);
  assert.deepEqual(refused, []);
  check(acknowledged, [view]);
  t.diagnostic(`${acknowledged.length} acknowledged through five kills, all there once`);
});

test('ten CGI processes may be the first at the same moment', async () => {
  const database = join(temporaryFolder(), 'bus.db');
  const one = (n: number) =>
    new Promise<string>((resolve) => {
      const body = `<entry><title>${n}</title></entry>`;
      const child = spawn(`${BIN}.cgi`, [], {
        env: {
          PATH: process.env.PATH,
          ATOMMQ_DATABASE: database,
          REQUEST_METHOD: 'POST',
          REQUEST_URI: '/atommq/feed=first',
          SCRIPT_NAME: '/atommq',
          SERVER_NAME: 'localhost',
          CONTENT_LENGTH: String(body.length),
        },
      });
      let said = '';
      child.stdout.on('data', (chunk) => {
        said += chunk;
      });
      child.stderr.on('data', (chunk) => {
        said += chunk;
      });
      child.on('close', () => resolve(said));
      child.stdin.end(body);
    });
  const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => one(n)));
  for (const answer of answers) assert.match(answer, /^Status: 201/);
});
