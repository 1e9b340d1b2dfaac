/** The workers of a pool count together who fails to log in and who asks too often. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../doors/children.js';
import { temporaryFolder } from '../fixture.js';
import { basic, fileOf, htpasswd } from '../guard/credentials.js';
import { endAll, freePort, overHttp, start, stop } from '../server.js';

const WORKERS = 4;
after(endAll);

/** A pool, and what asks it by a connection of its own each time: whichever worker takes it. */
async function openPool(options: string[]) {
  const port = await freePort();
  const database = join(temporaryFolder(), 'bus.db');
  const pool = start(join(root, 'bin/atommq'), [
    ...['--port', String(port), '--database', database, '--workers', String(WORKERS)],
    ...options,
  ]);
  const client = overHttp(port);
  const processes = async () =>
    /^atommq_processes (\d+)$/m.exec((await client('GET', '/metrics', { headers: basic('bob', 'hunter2') })).body)?.[1];
  for (let tries = 0; (await processes().catch(() => undefined)) !== String(WORKERS); tries += 1) {
    assert.ok(tries < 300, pool.said());
    await sleep(50);
  }
  return { pool, client };
}

test('whoever fails to log in has the tries of one process', async () => {
  const file = fileOf(htpasswd({ bob: 'hunter2' }));
  const { pool, client } = await openPool(['--htpasswd-file', file, '--login-failures', '3']);
  const wrong = async (i: number) => (await client('GET', '/', { headers: basic('bob', `wrong ${i}`) })).status;
  const statuses = await Promise.all(Array.from({ length: 40 }, (_, i) => wrong(i)));
  for (let i = 0; i < 40; i += 1) statuses.push(await wrong(1000 + i));
  const tried = statuses.filter((status) => status === 401).length;
  assert.equal(statuses.filter((status) => status === 429).length, statuses.length - tried);
  // What each worker had begun when it heard of the others, and one or two more where this takes seconds; alone each gives three at least.
  assert.ok(tried >= 3 && tried < 3 * WORKERS, `${tried} were tried`);
  const { status, headers } = await client('GET', '/', { headers: basic('bob', 'a guess') });
  assert.equal(status, 429);
  assert.match(String(headers['retry-after']), /^[1-9]\d*$/);
  assert.equal(await stop(pool), 0, pool.said());
});

test('whoever asks too often gets the rate of one process', async () => {
  const { pool, client } = await openPool(['--publish-rate', '1', '--publish-burst', '4']);
  const began = performance.now();
  let taken = 0;
  for (let i = 0; i < 30; i += 1) {
    const { status } = await client('POST', '/feed=a', { body: '<entry/>' });
    assert.ok(status === 201 || status === 429, String(status));
    if (status === 201) taken += 1;
    // So that the others have heard of it.
    await sleep(120);
  }
  const seconds = (performance.now() - began) / 1000;
  assert.ok(taken >= 4 && taken <= 4 + seconds + WORKERS, `${taken} in ${seconds} s`);
  assert.equal(await stop(pool), 0, pool.said());
});
