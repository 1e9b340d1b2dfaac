/** A clock that is set forward and back under a server and between its runs: one order, sane times, no 5xx. */
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openFolder } from '../doors/children.js';
import { endAll } from '../server.js';
import { idsIn, publish, serve, until } from './serve.js';

after(endAll);
const SHIFT = pathToFileURL(fileURLToPath(new URL('./shift.js', import.meta.url))).href;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

test('the clock is set forward and back', async () => {
  const folder = openFolder();
  const [database, clock] = [join(folder, 'bus.db'), join(folder, 'clock')];
  let offset = 0;
  const set = async (to: number) => {
    offset = to;
    // At once, for whoever reads it meanwhile.
    writeFileSync(`${clock}.new`, String(to));
    renameSync(`${clock}.new`, clock);
    await sleep(100);
  };
  await set(0);
  const env = { NODE_OPTIONS: `--import ${SHIFT}`, ATOMMQ_TEST_CLOCK: clock };
  const rules = ['--feeds', JSON.stringify([{ match: 'a', max_age: '10d' }]), '--prune-interval', '1'];
  let server = await serve(database, { env, args: rules });
  const acknowledged: string[] = [];
  const tags = new Set<string>();
  const some = async () => {
    for (let n = 0; n < 5; n += 1) {
      const id = `urn:${acknowledged.length}`;
      const { status, body, headers } = await publish(server.client, id);
      assert.equal(status, 201, body);
      acknowledged.push(id);
      const updated = Date.parse(/<updated>([^<]*)/.exec(body)![1]!);
      assert.ok(Math.abs(updated - Date.now() - offset) < 60_000, `${new Date(updated).toISOString()} at ${offset}`);
      assert.ok(!tags.has(String(headers.etag)));
      tags.add(String(headers.etag));
    }
    const page = await server.client('GET', '/feed=a');
    const etag = String(page.headers.etag);
    assert.equal((await server.client('GET', '/feed=a', { headers: { 'if-none-match': etag } })).status, 304);
    assert.deepEqual(await idsIn(server.client), acknowledged);
    const revised = await server.client('PUT', `/feed=a/entries/${encodeURIComponent(acknowledged.at(-1)!)}`, {
      body: `<entry><id>${acknowledged.at(-1)}</id><title>revised</title></entry>`,
    });
    assert.equal(revised.status, 200, revised.body);
    assert.ok(!tags.has(String(revised.headers.etag)));
    assert.notEqual((await server.client('GET', '/feed=a', { headers: { 'if-none-match': etag } })).status, 304);
    // Somebody who waits is woken, and let go, by time that has gone by.
    const wait = { headers: { prefer: 'wait=1' } };
    assert.equal((await server.client('GET', `/feed=a?start_after=${acknowledged.at(-1)}`, wait)).status, 200);
  };
  await some();
  for (const to of [DAY, -DAY, 3 * DAY, 0]) {
    await set(to);
    await some();
  }
  for (const to of [-2 * HOUR, 2 * HOUR]) {
    await server.stop('SIGKILL');
    await set(to);
    server = await serve(database, { env, args: rules });
    await some();
  }
  // What is too old goes, though a clock that was set back took the lease for that until a time that is far off.
  await set(30 * DAY);
  await until(async () => (await server.client('GET', '/feed=a')).body.includes('<entry') === false);
  await server.stop('SIGKILL');
  await set(0);
  server = await serve(database, { env, args: rules });
  const { status } = await publish(server.client, 'urn:last');
  assert.equal(status, 201);
  await set(11 * DAY);
  await until(async () => (await server.client('GET', '/feed=a')).body.includes('<entry') === false);
  assert.doesNotMatch(server.process.said(), / error /);
  assert.equal(await server.stop(), 0);
});
