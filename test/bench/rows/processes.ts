/** Several processes on PostgreSQL, and what memory a process takes. */
import { availableParallelism } from 'node:os';
import pg from 'pg';
import { missing } from '../../doors/children.js';
import { fillFeed } from '../fill.js';
import { load } from '../load.js';
import { residentMiB } from '../machine.js';
import type { Row } from '../row.js';
import { ATOM, entryOf, type Figures, type Running, type Stage } from '../stage.js';
import { AT_END } from './read.js';

/** One database, with fsync, and a server of one process and of two on it; every core is for all of them. */
async function servers(stage: Stage): Promise<{ one: Running; two: Running }> {
  return stage.once('workers', async () => {
    const { startPostgres } = await import('../../store/databases.js');
    const server = await startPostgres(['fsync=on', 'max_wal_size=4GB']);
    stage.lastly(() => server.stop());
    const client = new pg.Client(`postgres://atommq@127.0.0.1:${server.port}/postgres`);
    await client.connect();
    await client.query('CREATE DATABASE bench');
    await client.end();
    const database = `postgres://atommq@127.0.0.1:${server.port}/bench`;
    await fillFeed(database, 'full', 2000);
    return { one: await stage.startUnpinned(database), two: await stage.startUnpinned(database, '--workers', '2') };
  });
}

async function workers(stage: Stage, work: Parameters<Stage['againstBare']>[1]): Promise<Figures | string> {
  const { postgresProgram } = await import('../../store/databases.js');
  if (missing([postgresProgram('postgres')]).length > 0) return 'not measured: apt install postgresql';
  const { one, two } = await servers(stage);
  const rate = (server: Running) => async (seconds: number) =>
    (await load({ ...work, port: server.port, seconds, unpinned: true })).rate;
  return { unit: 'requests/s', ...(await stage.compare(rate(two), rate(one))) };
}

async function atRest(stage: Stage): Promise<Figures> {
  const figures: Figures = { unit: 'MiB', ours: [] };
  for (let round = 0; round < 3; round += 1) {
    const server = await stage.start('rest');
    await server.ask('POST', '/atommq/feed=rest', { body: entryOf(), headers: ATOM });
    await new Promise((resolve) => setTimeout(resolve, 2000));
    figures.ours.push(residentMiB([server.pid]));
    await server.stop();
  }
  return figures;
}

const SPANS = 10;

/** Publishers, polls and pages together, for ten minutes where `--seconds` is 2: resident memory after the last spans against that after the first. */
async function flat(stage: Stage): Promise<Figures> {
  const server = await stage.start('flat', '--feeds', '[{"match":"load","max_entries":100000}]');
  await server.ask('POST', '/atommq/feed=load', { body: entryOf(), headers: ATOM });
  const series: [number, number][] = [];
  const work = { port: server.port, seconds: 30 * stage.settings.seconds };
  for (let span = 1; span <= SPANS; span += 1) {
    await Promise.all([
      load({ ...work, method: 'POST', paths: ['/atommq/feed=load'], headers: ATOM, body: entryOf(), clients: 32 }),
      load({ ...work, paths: ['/atommq/feed=load?order=desc', '/atommq/feed=load?start_after=now'], clients: 8 }),
    ]);
    series.push([span, residentMiB([server.pid])]);
  }
  await server.stop();
  // Of three each: when garbage is collected is chance.
  const middle = (of: typeof series) => of.map(([, value]) => value).sort((a, b) => a - b)[of.length >> 1]!;
  return { unit: 'MiB', ours: [middle(series.slice(-3))], bare: [middle(series.slice(1, 4))], series };
}

// Two processes, a database and wrk take more than two cores.
const polls = availableParallelism() >= 4 ? { mark: 1.6 } : {};
const workersOf = '--workers 1';

export const rows: Row[] = [
  {
    name: 'workers 2, PostgreSQL: poll',
    against: workersOf,
    ...polls,
    measure: (stage) => workers(stage, { paths: [AT_END(2000)], clients: 64 }),
  },
  {
    name: 'workers 2, PostgreSQL: publish, 64 clients',
    against: workersOf,
    mark: 1,
    measure: (stage) =>
      workers(stage, { method: 'POST', paths: ['/atommq/feed=load'], headers: ATOM, body: entryOf(), clients: 64 }),
  },
  { name: 'memory at rest', against: '', less: true, floor: 120, measure: atRest },
  { name: 'memory over ten minutes', against: 'the beginning', less: true, mark: 1.1, byName: true, measure: flat },
];
