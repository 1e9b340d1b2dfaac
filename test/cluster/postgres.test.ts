/** A PostgreSQL primary with its standby and two web heads by `deploy/postgres/`: the primary is killed and the standby promoted. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { unlessThere } from '../doors/all.js';
import { freePort, openFolder, type Server } from '../doors/children.js';
import { configured } from '../doors/configure.js';
import { openStore } from '../store/stores.js';
import { Head, startHaproxy, untilReady } from './heads.js';
import { POSTGRES, type PostgresServer, startPair } from './postgres.js';
import { check, type Fault, figures, longestGap, sleep, traffic } from './traffic.js';

/** The least time that the faults are spread over. */
const SECONDS = Number(process.env.ATOMMQ_CLUSTER_SECONDS ?? 45);
/** "Less than 10 s" is what the figures show; a machine with much else to do may need more. */
const BOUND = 30;

describe('PostgreSQL, primary and standby', { skip: unlessThere(...POSTGRES, 'haproxy') }, () => {
  let servers: PostgresServer[] = [];
  const heads: Head[] = [];
  let haproxy: Server | undefined;

  before(async () => {
    servers = await startPair();
  });
  after(async () => {
    for (const head of heads) await head.stop('SIGKILL');
    await haproxy?.stop();
    await Promise.all(servers.map((server) => server.stop('SIGQUIT')));
  });

  test('a standby is not written to, and not asked where a feed ends', async () => {
    const { port } = servers[1]!;
    const name = `postgres://atommq:change%20me@127.0.0.1:${port}/atommq`;
    await assert.rejects(openStore(name), /the server is a standby, which takes no writes/);
  });

  test('when the primary is killed the standby has all that was acknowledged, once, in one order', async (t) => {
    const [front, write, read] = [await freePort(), await freePort(), await freePort()];
    const password = join(openFolder(), 'password');
    writeFileSync(password, 'change me\n');
    const config = configured('postgres/config.yml', {
      '127.0.0.1:5433': `127.0.0.1:${write}`,
      '127.0.0.1:5434': `127.0.0.1:${read}`,
      '/run/credentials/atommq-head.service/password': password,
    });
    const at: Record<string, string> = {
      'bind :8000': `bind 127.0.0.1:${front}`,
      '127.0.0.1:5433': `127.0.0.1:${write}`,
      '127.0.0.1:5434': `127.0.0.1:${read}`,
    };
    for (const [i, { port }] of servers.entries()) {
      heads.push(new Head(await freePort(), config));
      at[`10.0.0.${i + 1}:5432`] = `127.0.0.1:${port}`;
      at[`10.0.0.${i + 1}:8080`] = `127.0.0.1:${heads[i]!.port}`;
    }
    haproxy = startHaproxy('postgres/haproxy.cfg', at);
    await Promise.all(heads.map((head) => head.start()));
    await untilReady(front, haproxy);

    const faults: Fault[] = [];
    const fault = (what: string) => {
      faults.push({ what, at: performance.now() });
    };
    const began = performance.now();
    const [first, second] = servers as [PostgresServer, PostgresServer];
    const direct = heads.map(({ port }) => port);
    const readers = [[front], [front], [front], direct, direct];
    const result = await traffic([front], readers, async () => {
      await sleep(5000);
      fault('killed the primary, promoted the standby');
      await first.stop('SIGKILL');
      await sleep(1000);
      await second.promote();
      await sleep(8000);
      fault('killed head1');
      await heads[0]!.stop('SIGKILL');
      await sleep(2000);
      await heads[0]!.start();
      fault('head1 is ready again');
      await sleep(3000);
      fault('made the old primary a standby');
      await first.rejoin(second);
      await first.start();
      await second.synchronize();
      fault('commits wait for it');
      await sleep(3000);
      fault('killed the new primary, promoted the old one');
      await second.stop('SIGKILL');
      await sleep(1000);
      await first.promote();
      await sleep(Math.max(8000, SECONDS * 1000 - (performance.now() - began)));
    });
    for (const line of figures(result, faults, (performance.now() - began) / 1000)) t.diagnostic(line);
    check(result);
    assert.ok(longestGap(result.published).seconds < BOUND, 'publishing stood still for too long');
  });
});
