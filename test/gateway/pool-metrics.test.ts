/** A scrape of a pool answers for all its workers, for those that are gone as well. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseExposition } from '../exposition.js';
import { temporaryFolder } from '../fixture.js';
import { endAll, freePort, overHttp, start, stop } from '../server.js';

const BIN = fileURLToPath(new URL('../../../bin/atommq', import.meta.url));
const ROUTE = { route: '/feed=NAME', status: '404' };
after(endAll);

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries += 1) {
    if (tries > 300) assert.fail('it does not happen');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('two workers are summed; one that is killed, and ones that are replaced, still count', async () => {
  const port = await freePort();
  const database = join(temporaryFolder(), 'bus.db');
  const pool = start(BIN, ['--port', String(port), '--workers', '2', '--database', database]);
  const client = overHttp(port);
  const scrape = async () => {
    const answer = await client('GET', '/metrics');
    assert.equal(answer.status, 200, answer.body);
    return parseExposition(answer.body);
  };
  const processes = async () => (await scrape()).sum('atommq_processes');
  await until(() =>
    processes().then(
      (count) => count === 2,
      () => false,
    ),
  );
  let asked = 0;
  const ask = async (times: number) => {
    for (let i = 0; i < times; i += 1) assert.equal((await client('GET', '/feed=none')).status, 404);
    asked += times;
  };
  // Whichever worker they and the scrapes land on.
  await ask(60);
  for (let i = 0; i < 6; i += 1) {
    const exposed = await scrape();
    assert.equal(exposed.sum('atommq_requests_total', ROUTE), asked);
    assert.equal(exposed.sum('atommq_request_duration_seconds_count', { route: '/feed=NAME' }), asked);
    assert.equal(exposed.samples.filter(({ name }) => name === 'process_start_time_seconds').length, 1);
    assert.equal(exposed.sum('atommq_database_up'), 1);
  }
  const [victim] = readFileSync(`/proc/${pool.pid}/task/${pool.pid}/children`, 'utf8').trim().split(' ').map(Number);
  process.kill(victim!, 'SIGKILL');
  await until(() =>
    processes().then(
      (count) => count === 2,
      () => false,
    ),
  );
  assert.equal((await scrape()).sum('atommq_requests_total', ROUTE), asked, 'what was told before counts');
  await ask(30);
  // Those that are replaced in good order lose nothing, whether somebody looked or not.
  pool.kill('SIGHUP');
  await until(async () => /all workers replaced/.test(pool.said()));
  await ask(10);
  const exposed = await scrape();
  assert.equal(exposed.sum('atommq_requests_total', ROUTE), asked);
  assert.equal(exposed.sum('atommq_processes'), 2);
  assert.equal(await stop(pool), 0);
});

test('metrics: false has none', async () => {
  const port = await freePort();
  const database = join(temporaryFolder(), 'bus.db');
  const server = start(BIN, ['--port', String(port), '--metrics=false', '--database', database]);
  const client = overHttp(port);
  await until(() =>
    client('GET', '/health/ready').then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  assert.equal((await client('GET', '/metrics')).status, 404);
  assert.equal(await stop(server), 0);
});
