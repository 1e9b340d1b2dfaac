/** Many publishers, consumers and processes on each database, some of them killed: nothing lost, nothing doubled, one order. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Client } from '../fixture.js';
import { endAll, freePort, overHttp, start, stop } from '../server.js';
import { eachDatabase } from '../store/databases.js';

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

eachDatabase((kind) => {
  test('16 publishers and 6 consumers over 3 processes see one order', async (t) => {
    const database = await kind.create();
    const servers = await Promise.all([1, 2, 3].map(async () => serve(database, await freePort())));
    const { acknowledged, views, refused } = await traffic(servers, async (isOver) => {
      while (!isOver()) await sleep(50);
    });
    for (const server of servers) assert.equal(await stop(server.process), 0);
    assert.deepEqual(refused, []);
    assert.ok(acknowledged.length > 16);
    check(acknowledged, views);
    t.diagnostic(`${acknowledged.length} acknowledged in ${SECONDS} s, each seen once by 6 consumers in one order`);
  });

  test('so they do while one process after the other is killed', async (t) => {
    const database = await kind.create();
    const servers = await Promise.all([1, 2, 3].map(async () => serve(database, await freePort())));
    let kills = 0;
    const { acknowledged, views, refused } = await traffic(servers, async (isOver) => {
      while (!isOver()) {
        await sleep(Math.min(5000, (SECONDS * 1000) / 6));
        const victim = kills % 3;
        await stop(servers[victim]!.process, 'SIGKILL');
        servers[victim] = await serve(database, servers[victim]!.port);
        kills += 1;
      }
    });
    for (const server of servers) await stop(server.process);
    assert.deepEqual(refused, []);
    check(acknowledged, views);
    t.diagnostic(
      `${acknowledged.length} acknowledged in ${SECONDS} s through ${kills} kills, each seen once, in one order`,
    );
  });

  test('ten CGI processes may be the first at the same moment', async () => {
    const database = await kind.create();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => askScript(database, n)));
    for (const answer of answers) assert.match(answer, /^Status: 201/);
  });
});

/** Publishes and consumes for some seconds, whatever `meanwhile` does to the servers; consumers end when all is read. */
async function traffic(servers: Server[], meanwhile: (isOver: () => boolean) => Promise<void>) {
  const refused: string[] = [];
  const end = Date.now() + SECONDS * 1000;
  const isOver = () => Date.now() > end;
  const publishing = Array.from({ length: 16 }, (_, i) => publisher(`p${i}`, () => servers[i % 3]!, isOver, refused));
  let published = false;
  const consuming = Array.from({ length: 6 }, (_, i) =>
    consumer(
      () => servers[i % 3]!,
      () => published,
      refused,
    ),
  );
  await meanwhile(isOver);
  const acknowledged = (await Promise.all(publishing)).flat();
  published = true;
  return { acknowledged, views: await Promise.all(consuming), refused };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Publishes one entry by the CGI script, and resolves with all that it said. */
function askScript(database: string, n: number): Promise<string> {
  return new Promise((resolve) => {
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
}
