/** How soon an entry is with those who wait for it, and what ten thousand who wait cost: `node dist/test/bench/live.js`. */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../fixture.js';
import { freePort, overHttp, start, stop } from '../server.js';
import { databases } from '../store/databases.js';

const BIN = fileURLToPath(new URL('../../../bin/atommq', import.meta.url));
const WAITERS = Number(process.env.ATOMMQ_BENCH_WAITERS ?? 500);
const IDLE = Number(process.env.ATOMMQ_BENCH_IDLE ?? 10_000);
const ROUNDS = 60;
/** Rounds that do not count: until then the server's code is not compiled. */
const WARM_UP = 15;

type Server = Awaited<ReturnType<typeof serve>>;

async function serve(database: string) {
  const port = await freePort();
  const child = start(BIN, ['--port', String(port), '--database', database, '--max-waiters', '100000']);
  const client = overHttp(port);
  while ((await client('GET', '/health/ready').catch(() => undefined))?.status !== 200) {
    if (child.exitCode !== null) throw new Error(child.said());
    await pause(50);
  }
  return { port, child, client };
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A client as small as can be: `onBytes` is told of whatever comes. */
function open(port: number, address: string, feed: string, onBytes: (bytes: Buffer) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: address });
    socket.once('error', reject);
    socket.write(`GET /atommq/feed=${feed}?start_after=now HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n`);
    socket.once('data', () => resolve(socket));
    socket.on('data', onBytes);
  });
}

function percentile(sorted: number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
}

/** Publishes through one server; the waiters are spread over all. Time from the 201 to each waiter, in milliseconds. */
async function latency(name: string, servers: Server[]): Promise<object> {
  const feed = 'latency';
  await servers[0]!.client('POST', `/feed=${feed}`, { body: '<entry/>' });
  let arrivals: number[] = [];
  const waiters = await Promise.all(
    Array.from({ length: WAITERS }, (_, i) =>
      open(servers[i % servers.length]!.port, '127.0.0.1', feed, () => arrivals.push(performance.now())),
    ),
  );
  await pause(500);
  const times: number[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    arrivals = [];
    await servers[0]!.client('POST', `/feed=${feed}`, { body: '<entry><title>t</title></entry>' });
    const acknowledged = performance.now();
    while (arrivals.length < WAITERS) await pause(5);
    if (round >= 0) for (const time of arrivals) times.push(Math.max(0, time - acknowledged));
    await pause(50 + Math.random() * 100);
  }
  for (const waiter of waiters) waiter.destroy();
  times.sort((a, b) => a - b);
  return {
    name,
    waiters: WAITERS,
    servers: servers.length,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    max: times.at(-1),
  };
}

function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

/** How fast 16 clients publish for three seconds; by a process of its own, which holds no other sockets. */
function publishRate({ port }: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('./publishers.js', import.meta.url)), [String(port)]);
    child.once('message', (rate) => resolve(rate as number));
    child.once('error', reject);
  });
}

async function idle(): Promise<object> {
  const server = await serve(join(temporaryFolder(), 'idle.db'));
  await server.client('POST', '/feed=idle', { body: '<entry/>' });
  await publishRate(server);
  const before = await publishRate(server);
  await pause(1000);
  const base = residentMiB(server.child.pid!);
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
  const each = ((residentMiB(server.child.pid!) - base) * 1024) / IDLE;
  const after = await publishRate(server);
  arrived = 0;
  await server.client('POST', '/feed=idle', { body: '<entry><title>t</title></entry>' });
  const acknowledged = performance.now();
  while (arrived < IDLE) await pause(5);
  const all = performance.now() - acknowledged;
  for (const socket of sockets) socket.destroy();
  await stop(server.child, 'SIGKILL');
  return { name: 'idle streams', streams: IDLE, kibEach: each, allAfterMs: all, publishRatio: after / before };
}

const wanted = process.argv[2] ?? '';
for (const database of databases.filter(({ name }) => name.toLowerCase().includes(wanted.toLowerCase()))) {
  const location = await database.create();
  const servers = [await serve(location), await serve(location)];
  if (database.name === 'SQLite') console.log(await latency('SQLite, one process', [servers[0]!]));
  console.log(await latency(`${database.name}, two processes`, servers));
  for (const { child } of servers) await stop(child);
}
if (wanted === '' || wanted === 'idle') console.log(await idle());
process.exit(0);
