/** A streaming standby of PostgreSQL as the replica: paused, behind, caught up, gone; consumers never notice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { AtomMQ } from '../../src/bus.js';
import { databases, lackingFor, startStandby } from './databases.js';

const [postgres] = databases.filter(({ name }) => name === 'PostgreSQL');
if (postgres !== undefined) {
  test('a consumer misses nothing and never goes back, however far the standby is', {
    skip: lackingFor(postgres),
  }, async (t) => {
    const database = await postgres.create();
    const primary = await postgres.server!();
    const standby = await startStandby(primary);
    const databaseRead = database.replace(`:${primary.port}/`, `:${standby.port}/`);
    const bus = await AtomMQ.open({ database, databaseRead, pageSize: 7 });
    t.after(() => bus.close());
    const control = new pg.Client(databaseRead);
    control.on('error', () => {});
    await control.connect();

    let over = false;
    let isComplete = false;
    let published = 0;
    const publishing = (async () => {
      for (; !over; published += 1) await bus.publish('f', { id: `urn:${published}`, title: String(published) });
    })();
    const seen: string[] = [];
    const consuming = (async () => {
      while (published === 0) await sleep(5);
      for (let after: string | undefined; ; ) {
        const last = isComplete;
        const page = await bus.read('f', after === undefined ? {} : { after });
        seen.push(...page.entries.map(({ id }) => id));
        after = page.after;
        if (last && page.upToDate) return;
      }
    })();
    for (let round = 0; round < 3; round += 1) {
      await control.query('SELECT pg_wal_replay_pause()');
      await sleep(300);
      await control.query('SELECT pg_wal_replay_resume()');
      await sleep(300);
    }
    const used = `SELECT coalesce(idx_scan, 0)::int AS scans FROM pg_stat_user_tables WHERE relname = 'mq_entry'`;
    assert.ok((await control.query(used)).rows[0].scans > 0, 'nothing was read from the standby');
    await control.end();
    await standby.stop('SIGKILL');
    await sleep(300);
    over = true;
    await publishing;
    isComplete = true;
    await consuming;
    assert.deepEqual(
      seen,
      Array.from({ length: published }, (_, i) => `urn:${i}`),
    );
  });
}
