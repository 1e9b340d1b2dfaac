/** Consuming by the client: a position that moves when the handler has finished and not before, wherever it is kept. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, memoryPositions, type Positions } from '../../src/client/client.js';
import { filePositions } from '../../src/client/node.js';
import { endAll } from '../server.js';
import { newFolder, Server, until } from './server.js';

let server: Server;
before(async () => {
  server = await Server.start();
});
after(endAll);

const feedOf = (name: string) => connect(server.url).feed(name);
const drafts = (count: number) => Array.from({ length: count }, (_, i) => ({ content: String(i) }));

test('the position is set after the handler of each entry, and before that of the next', async () => {
  const feed = feedOf('order');
  await feed.publish(drafts(60));
  const told: string[] = [];
  const positions: Positions = {
    get: () => undefined,
    set: async (key, id) => {
      assert.equal(key, feed.url);
      await new Promise((resolve) => setImmediate(resolve));
      told.push(`set ${id}`);
    },
  };
  const expected: string[] = [];
  await feed.consume({
    positions,
    handler: async ({ id }) => {
      told.push(`begin ${id}`);
      await new Promise((resolve) => setImmediate(resolve));
      told.push(`end ${id}`);
      expected.push(`begin ${id}`, `end ${id}`, `set ${id}`);
    },
  });
  assert.equal(expected.length, 180);
  assert.deepEqual(told, expected);
});

test('a handler that fails gets its entry again, and each other one once', async () => {
  const feed = feedOf('failing');
  await feed.publish(drafts(30));
  const path = join(newFolder(), 'positions.json');
  const handled: string[] = [];
  let failures = 0;
  for (let runs = 0; handled.length < 30; runs += 1) {
    assert.ok(runs < 20);
    const run = feed.consume({
      positions: filePositions(path),
      key: 'mine',
      handler: ({ content }) => {
        if (Number(content.value) % 7 === 6 && failures < Number(content.value)) {
          failures = Number(content.value);
          throw new Error(`not ${content.value}`);
        }
        handled.push(content.value!);
      },
    });
    if (handled.length < 30) await run.catch(({ message }: Error) => assert.match(message, /^not \d+$/));
    const last = JSON.parse(readFileSync(path, 'utf8')) as { mine: string };
    assert.equal(Object.keys(last).length, 1);
  }
  assert.deepEqual(
    handled,
    drafts(30).map(({ content }) => content),
  );
  assert.equal(failures, 27);
  assert.deepEqual(readdirSync(dirname(path)), ['positions.json']);
});

for (const mode of ['sse', 'poll'] as const) {
  test(`${mode}: an abort lets the handler finish, keeps the position, and leaves nothing behind`, async () => {
    const feed = feedOf(`abort-${mode}`);
    await feed.publish(drafts(3));
    const positions = memoryPositions();
    const handled: (string | undefined)[] = [];
    for (let i = 0; i < 3; i += 1) {
      const stop = new AbortController();
      let finished = false;
      await feed.consume({
        positions,
        mode,
        live: true,
        signal: stop.signal,
        handler: async ({ content }) => {
          stop.abort();
          await new Promise((resolve) => setTimeout(resolve, 20));
          handled.push(content.value);
          finished = true;
        },
      });
      assert.ok(finished);
    }
    assert.deepEqual(handled, ['0', '1', '2']);
    // While it waits for more there is nothing to finish.
    const stop = new AbortController();
    const waiting = feed.consume({ positions, mode, live: true, signal: stop.signal, handler: () => assert.fail() });
    await new Promise((resolve) => setTimeout(resolve, 300));
    stop.abort();
    await waiting;
    const aborted = AbortSignal.abort(new Error('before'));
    await feed.consume({ positions, mode, live: true, signal: aborted, handler: () => assert.fail() });
    await assert.rejects(feed.entries({ signal: aborted, live: true, mode }).next(), /before/);
  });

  test(`${mode}: from now means the same after a restart, whatever came in between`, async () => {
    const feed = feedOf(`now-${mode}`);
    await feed.publish({ content: 'old' });
    const positions = memoryPositions();
    await feed.consume({ positions, from: 'now', handler: () => assert.fail('nothing is new') });
    await feed.publish({ content: 'new' });
    const seen: (string | undefined)[] = [];
    await feed.consume({ positions, from: 'now', mode, handler: ({ content }) => void seen.push(content.value) });
    assert.deepEqual(seen, ['new']);
    const empty = feedOf(`empty-${mode}`);
    const stop = new AbortController();
    const none = memoryPositions();
    const waiting = empty.consume({
      positions: none,
      from: 'now',
      mode,
      live: true,
      signal: stop.signal,
      handler: () => stop.abort(),
    });
    await until(() => none.get(empty.url) === '');
    await empty.publish({ content: 'first' });
    await waiting;
    assert.notEqual(none.get(empty.url), '');
  });
}

test('a slow handler holds nothing up but itself', async () => {
  const feed = feedOf('slow');
  await feed.publish(drafts(5));
  const stop = new AbortController();
  const seen: (string | undefined)[] = [];
  const consuming = feed.consume({
    positions: memoryPositions(),
    live: true,
    signal: stop.signal,
    silence: 1,
    handler: async ({ content }) => {
      if (seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 1500));
      seen.push(content.value);
      if (seen.length === 25) stop.abort();
    },
  });
  for (let i = 5; i < 25; i += 1) await feed.publish({ content: String(i) });
  await consuming;
  assert.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, i) => String(i)),
  );
});

test('a file of positions serves several consumers, and one that is none is not overwritten', async () => {
  const path = join(newFolder(), 'positions.json');
  const positions = filePositions(path);
  await Promise.all(Array.from({ length: 50 }, (_, i) => positions.set(`feed ${i % 5}`, `urn:${i}`)));
  await positions.set('__proto__', 'urn:p');
  const again = filePositions(path);
  assert.equal(await again.get('feed 4'), 'urn:49');
  assert.equal(await again.get('__proto__'), 'urn:p');
  assert.equal(await again.get('toString'), undefined);
  for (const text of ['[1]', 'urn:uuid:1', '{"a":1}']) {
    writeFileSync(path, text);
    const bad = filePositions(path);
    await assert.rejects(async () => bad.get('a'), /holds something else/);
    await assert.rejects(async () => bad.set('a', 'b'), /holds something else/);
    assert.equal(readFileSync(path, 'utf8'), text);
  }
});
