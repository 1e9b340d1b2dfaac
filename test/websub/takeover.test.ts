/** Two processes on one database: one delivers, and when it is killed or stopped amid a delivery the other goes on. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Client } from '../fixture.js';
import { endAll, freePort, overHttp, start, stop } from '../server.js';
import { eachDatabase } from '../store/databases.js';
import { askHub } from './bus.js';
import { Callback, firstSeen, idsIn, until } from './callback.js';

const BIN = fileURLToPath(new URL('../../../bin/atommq', import.meta.url));
after(endAll);

interface Server {
  port: number;
  client: Client;
  process: ReturnType<typeof start>;
}

async function serve(database: string, port: number): Promise<Server> {
  // One name for both, as behind a load balancer.
  const argv = ['--port', String(port), '--database', database, '--base-url', 'http://bus.example/atommq'];
  const process = start(BIN, [...argv, '--websub-allow', '127.0.0.0/8', '--page-size', '5']);
  const client = overHttp(port);
  await until(async () => {
    assert.equal(process.exitCode, null, process.said());
    return (await client('GET', '/health/ready').catch(() => undefined))?.status === 200;
  });
  return { port, client, process };
}

async function publish({ client }: Server, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 1) {
    const answer = await client('POST', '/feed=widgets', { body: `<entry><id>urn:x:${n}</id></entry>` });
    assert.equal(answer.status, 201);
  }
}

/** Subscribes while one server is the only one, so that it is the one that delivers. */
async function subscribe({ client }: Server, callback: Callback): Promise<void> {
  const topic = { 'hub.topic': 'http://bus.example/atommq/feed=widgets', 'hub.callback': callback.url() };
  assert.equal((await askHub(client, { 'hub.mode': 'subscribe', ...topic })).status, 202);
  await until(() => callback.verifications.length > 0);
}

const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `urn:x:${from + i}`);

eachDatabase((kind) => {
  test('a hub that is killed amid a delivery loses nothing: the other one goes on where it was', async () => {
    const database = await kind.create();
    const callback = await Callback.listen();
    const taken: string[] = [];
    let held: ServerResponse | undefined;
    let hold = false;
    callback.behave = ({ method, body }, response) => {
      if (method !== 'POST') return false;
      if (hold) held = response;
      else {
        taken.push(...idsIn(body.toString()));
        response.writeHead(204).end();
      }
      return true;
    };
    let delivering = await serve(database, await freePort());
    await publish(delivering, 0, 1);
    await subscribe(delivering, callback);
    let other = await serve(database, await freePort());
    let next = 1;
    for (let kills = 0; kills < 2; kills += 1) {
      // By way of the process that does not deliver.
      await publish(other, next, next + 12);
      await until(() => taken.at(-1) === `urn:x:${next + 11}`);
      hold = true;
      held = undefined;
      await publish(other, next + 12, next + 24);
      await until(() => held !== undefined);
      await stop(delivering.process, 'SIGKILL');
      hold = false;
      await publish(other, next + 24, next + 36);
      next += 36;
      await until(() => taken.at(-1) === `urn:x:${next - 1}`);
      const { port } = delivering;
      delivering = other;
      other = await serve(database, port);
    }
    assert.deepEqual(firstSeen(taken), numbered(1, next));
    for (const server of [delivering, other]) assert.equal(await stop(server.process), 0);
    await callback.close();
  });

  test('a hub that was stopped amid a delivery and goes on has lost its lease, and delivers no more', async () => {
    const database = await kind.create();
    const callback = await Callback.listen();
    const taken: string[] = [];
    let held: ServerResponse | undefined;
    callback.behave = ({ method, body }, response) => {
      if (method !== 'POST') return false;
      if (held === undefined) held = response;
      else {
        taken.push(...idsIn(body.toString()));
        response.writeHead(204).end();
      }
      return true;
    };
    const sleeping = await serve(database, await freePort());
    await publish(sleeping, 0, 1);
    await subscribe(sleeping, callback);
    const other = await serve(database, await freePort());
    await publish(other, 1, 12);
    await until(() => held !== undefined);
    sleeping.process.kill('SIGSTOP');
    await publish(other, 12, 20);
    await until(() => taken.at(-1) === 'urn:x:19');
    sleeping.process.kill('SIGCONT');
    // It takes its failure for what it is, while the other one delivers.
    held!.writeHead(500).end();
    await until(async () => (await sleeping.client('GET', '/health/live')).status === 200);
    for (let n = 20; n < 40; n += 1) {
      await publish(sleeping, n, n + 1);
      await until(() => taken.at(-1) === `urn:x:${n}`);
    }
    assert.deepEqual(taken, numbered(1, 40));
    for (const server of [sleeping, other]) assert.equal(await stop(server.process), 0);
    await callback.close();
  });

  test('a hub that ends hands over at once, and what was under way is finished', async () => {
    const database = await kind.create();
    const callback = await Callback.listen();
    const delivering = await serve(database, await freePort());
    await publish(delivering, 0, 1);
    await subscribe(delivering, callback);
    const other = await serve(database, await freePort());
    await publish(other, 1, 10);
    await until(() => callback.ids.at(-1) === 'urn:x:9');
    assert.equal(await stop(delivering.process), 0);
    await publish(other, 10, 20);
    await until(() => callback.ids.at(-1) === 'urn:x:19');
    assert.deepEqual(callback.ids, numbered(1, 20));
    assert.equal(await stop(other.process), 0);
    await callback.close();
  });
});
