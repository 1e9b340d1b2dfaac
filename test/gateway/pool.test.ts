/** A pool of workers: killed, replaced, reloaded and drained under load, without a refused request. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../fixture.js';
import { endAll, freePort, overHttp, start, stop } from '../server.js';

const BIN = fileURLToPath(new URL('../../../bin/atommq', import.meta.url));
after(endAll);

async function said(child: { said: () => string }, what: RegExp): Promise<void> {
  for (let i = 0; i < 300 && !what.test(child.said()); i += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.match(child.said(), what);
}

test('SIGHUP under load refuses nothing, a killed worker is replaced, SIGTERM ends cleanly', async () => {
  const folder = temporaryFolder();
  const port = await freePort();
  const pool = start(BIN, ['--port', String(port), '--workers', '2', '--database', join(folder, 'bus.db')]);
  await said(pool, /listening/);
  const client = overHttp(port);
  assert.equal((await client('POST', '/feed=a', { body: '<entry/>' })).status, 201);
  let running = true;
  let served = 0;
  const refused: unknown[] = [];
  const load = Array.from({ length: 4 }, async () => {
    while (running) {
      const status = await client('GET', '/feed=a').then((answer) => answer.status, String);
      if (status === 200) served += 1;
      else refused.push(status);
    }
  });
  pool.kill('SIGHUP');
  await said(pool, /all workers replaced/);
  running = false;
  await Promise.all(load);
  const worker = Number(readFileSync(`/proc/${pool.pid}/task/${pool.pid}/children`, 'utf8').trim().split(' ')[0]);
  process.kill(worker, 'SIGKILL');
  await said(pool, new RegExp(`worker ${worker} ended \\(SIGKILL\\)`));
  assert.equal((await client('GET', '/feed=a')).status, 200);
  assert.deepEqual(refused, []);
  assert.ok(served > 0);
  assert.equal(await stop(pool), 0);
});

test('a stale socket file is removed, a live one is an error', async () => {
  const folder = temporaryFolder();
  const socket = join(folder, 's');
  const args = ['--gateway', 'fastcgi', '--socket', socket, '--database', join(folder, 'bus.db')];
  const first = start(BIN, args);
  await said(first, /listening/);
  const second = start(BIN, args);
  assert.equal(await new Promise((resolve) => second.once('exit', resolve)), 4);
  assert.match(second.said(), /EADDRINUSE/);
  await stop(first, 'SIGKILL');
  const third = start(BIN, args);
  await said(third, /listening/);
  assert.equal(await stop(third), 0);
  writeFileSync(socket, 'not a socket');
  const fourth = start(BIN, args);
  assert.equal(await new Promise((resolve) => fourth.once('exit', resolve)), 4);
});

test('a port in use is an error with code 4', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  for (const workers of ['1', '2']) {
    const child = start(BIN, [
      '--port',
      String(port),
      '--workers',
      workers,
      '--database',
      join(temporaryFolder(), 'b'),
    ]);
    assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 4);
  }
  server.close();
});
