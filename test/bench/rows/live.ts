/** How soon an entry is with those who wait for it, and what ten thousand who wait cost. */
import { connect, type Socket } from 'node:net';
import { missing } from '../../doors/children.js';
import { load } from '../load.js';
import { residentMiB } from '../machine.js';
import type { Row } from '../row.js';
import { ATOM, type Figures, type Running, type Stage } from '../stage.js';

const WAITERS = Number(process.env.ATOMMQ_BENCH_WAITERS ?? 500);
const IDLE = Number(process.env.ATOMMQ_BENCH_IDLE ?? 10_000);
const PUBLISHED = 15;
/** What is published before it counts: until then the server's code is not compiled. */
const WARM_UP = 15;
const ENTRY = { headers: ATOM, body: '<entry><title>t</title></entry>' };

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A client as small as can be: `onBytes` is told of whatever comes. */
function open(port: number, address: string, feed: string, onBytes: () => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: address });
    socket.once('error', reject);
    socket.write(`GET /atommq/feed=${feed}?start_after=now HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n`);
    socket.once('data', () => resolve(socket));
    socket.on('data', onBytes);
  });
}

/** Publishes through one server; the waiters are spread over all. From the 201 to each waiter: of each round's times the 99th of a hundred, in milliseconds. */
async function latency(stage: Stage, servers: Running[]): Promise<Figures> {
  const publish = () => servers[0]!.ask('POST', '/atommq/feed=latency', ENTRY);
  await publish();
  let arrivals: number[] = [];
  const waiters = await Promise.all(
    Array.from({ length: WAITERS }, (_, i) =>
      open(servers[i % servers.length]!.port, '127.0.0.1', 'latency', () => arrivals.push(performance.now())),
    ),
  );
  await pause(500);
  const figures: Figures = { unit: 'ms (p99)', ours: [] };
  for (let round = 0; round < stage.settings.rounds; round += 1) {
    const times: number[] = [];
    for (let i = round === 0 ? -WARM_UP : 0; i < PUBLISHED; i += 1) {
      arrivals = [];
      await publish();
      const acknowledged = performance.now();
      while (arrivals.length < WAITERS) await pause(5);
      if (i >= 0) for (const time of arrivals) times.push(Math.max(0, time - acknowledged));
      await pause(50 + Math.random() * 100);
    }
    times.sort((a, b) => a - b);
    figures.ours.push(times[Math.floor(times.length * 0.99)]!);
  }
  for (const waiter of waiters) waiter.destroy();
  return figures;
}

async function across(stage: Stage, kind: string, processes: number): Promise<Figures | string> {
  const { databases } = await import('../../store/databases.js');
  const database = databases.find(({ name }) => name === kind);
  if (database === undefined || missing(database.needs).length > 0) return `not measured: ${kind} is not installed`;
  const name = await database.create();
  const server = () => (processes === 1 ? stage.start(name) : stage.startUnpinned(name));
  const servers: Running[] = [];
  while (servers.length < processes) servers.push(await server());
  const figures = await latency(stage, servers);
  for (const each of servers) await each.stop();
  return figures;
}

interface Idle {
  kibEach: number;
  allAfter: number;
  /** Entries a second that others publish meanwhile, and before. */
  beside: number[];
  before: number[];
}

/** Many streams on which nothing happens, and then one entry for all. */
async function idle(stage: Stage): Promise<Idle> {
  const server = await stage.start('idle', '--max-waiters', '100000');
  await server.ask('POST', '/atommq/feed=idle', ENTRY);
  const publishers = { port: server.port, method: 'POST' as const, paths: ['/atommq/feed=other'], clients: 16 };
  const rates = async (rounds: number) => {
    const all: number[] = [];
    while (all.length < rounds) {
      all.push((await load({ ...publishers, ...ENTRY, seconds: stage.settings.seconds })).rate);
    }
    return all;
  };
  await rates(1);
  const before = await rates(stage.settings.rounds);
  await pause(1000);
  const base = residentMiB([server.pid]);
  let arrived = 0;
  const sockets: Socket[] = [];
  for (let i = 0; i < IDLE; i += 100) {
    const some = Array.from({ length: Math.min(100, IDLE - i) }, () =>
      open(server.port, `127.0.0.${2 + (i % 50)}`, 'idle', () => {
        arrived += 1;
      }),
    );
    sockets.push(...(await Promise.all(some)));
  }
  await pause(2000);
  const kibEach = ((residentMiB([server.pid]) - base) * 1024) / IDLE;
  const beside = await rates(stage.settings.rounds);
  arrived = 0;
  await server.ask('POST', '/atommq/feed=idle', ENTRY);
  const acknowledged = performance.now();
  while (arrived < IDLE) await pause(5);
  const allAfter = performance.now() - acknowledged;
  for (const socket of sockets) socket.destroy();
  await server.stop();
  return { kibEach, allAfter, beside, before };
}

const row = (name: string, floor: number, measure: Row['measure']): Row => ({
  name,
  against: '',
  less: true,
  floor,
  measure,
});
const many = (stage: Stage) => stage.once('idle', () => idle(stage));

export const rows: Row[] = [
  row('live, 500 waiters, SQLite', 20, (stage) => across(stage, 'SQLite', 1)),
  row('live, 500 waiters, SQLite, 2 processes', 60, (stage) => across(stage, 'SQLite', 2)),
  row('live, 500 waiters, PostgreSQL, 2 processes', 60, (stage) => across(stage, 'PostgreSQL', 2)),
  row('live, 500 waiters, MariaDB, 2 processes', 150, (stage) => across(stage, 'MariaDB', 2)),
  row('live, 10,000 idle streams, each', 25, async (stage) => ({ unit: 'KiB', ours: [(await many(stage)).kibEach] })),
  row('live, 10,000 idle streams, last has it', 1000, async (stage) => ({
    unit: 'ms',
    ours: [(await many(stage)).allAfter],
  })),
  {
    name: 'publish beside 10,000 idle streams',
    against: 'before them',
    mark: 0.9,
    measure: async (stage) => {
      const { beside, before } = await many(stage);
      return { unit: 'entries/s', ours: beside, bare: before };
    },
  },
];
