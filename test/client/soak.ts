/**
 * Churn: clients come and go, a server restarts, and nothing grows: `node dist/test/client/soak.js MINUTES`.
 * Prints what the lasting server and the clients' process hold over time, and ends with 1 when either holds more and more.
 */
import assert from 'node:assert/strict';
import { getEventListeners, setMaxListeners } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { connect, type Mode } from '../../src/client/client.js';
import { endAll } from '../server.js';
import { type Held, held } from './probe.js';
import { newFolder, Server, until } from './server.js';

const PROBE = pathToFileURL(fileURLToPath(new URL('./probe.js', import.meta.url))).href;
/** Clients that are there at the same time. */
const CLIENTS = 30;
const FEEDS = 4;
const SAMPLES = 10;
const MODES: Mode[] = ['auto', 'sse', 'poll'];
const FLAGS = [
  ...['--cache-bytes', '4MiB', '--heartbeat', '1', '--stream-lifetime', '3', '--log', 'error'],
  ...['--feeds', '[{"match":"*","max_entries":2000}]', '--prune-interval', '1'],
];

/** What both processes held at one moment. */
interface Sample {
  server: Held;
  clients: Held & { listeners: number };
}

const pick = <T>(list: T[]): T => list[Math.floor(Math.random() * list.length)]!;
const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** @param log is given a line for each sample */
export async function soak(seconds: number, log: (line: string) => void): Promise<void> {
  const probe = join(newFolder(), 'held.json');
  const env = { ATOMMQ_TEST_PROBE: probe, NODE_OPTIONS: `--import ${PROBE}` };
  const lasting = await Server.start({ flags: FLAGS, env });
  const restarting = await Server.start({ flags: FLAGS });
  /** Lives as long as everything: whoever listens to it and goes must take the listener along. */
  const whole = new AbortController();
  const end = Date.now() + seconds * 1000;
  setMaxListeners(0, whole.signal);
  // Readers leave when something comes: publishing goes on until they have.
  let isOver = false;
  const counts = { clients: 0, entries: 0, restarts: 0, checked: 0 };

  const publishing = [lasting, restarting].map(async ({ url }) => {
    const client = connect(url, { retry: { first: 10, most: 200 } });
    for (let n = 0; !isOver; n += 1) {
      const feed = client.feed(`churn-${n % FEEDS}`);
      await Promise.all([feed.publish({ content: String(n) }), client.feed('order').publish({ content: String(n) })]);
      counts.entries += 2;
      await sleep(10);
    }
  });
  const checking = checkOrder(restarting.url, whole.signal, counts);
  const restarts = (async () => {
    while (!isOver) {
      await sleep(2000);
      await restarting.restart(counts.restarts % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
      counts.restarts += 1;
    }
  })();

  const samples: Sample[] = [];
  while (Date.now() < end) {
    const pause = Date.now() + (seconds * 1000) / SAMPLES;
    const round = Array.from({ length: CLIENTS }, async () => {
      while (Date.now() < pause) await come(pick([lasting.url, restarting.url]), whole.signal, counts);
    });
    await Promise.all(round);
    const sample = {
      server: await heldBy(lasting, probe),
      clients: { ...(await held()), listeners: getEventListeners(whole.signal, 'abort').length },
    };
    samples.push(sample);
    log(
      `${describe('server', sample.server)}; ${describe('clients', sample.clients)}, ${sample.clients.listeners} listeners; ${JSON.stringify(counts)}`,
    );
  }
  isOver = true;
  await Promise.all([...publishing, restarts]);
  whole.abort();
  await checking;
  await Promise.all([lasting.stop(), restarting.stop()]);
  check(samples);
}

/** A client that comes, reads for a while, and goes in one way or another. */
async function come(url: string, whole: AbortSignal, counts: { clients: number }): Promise<void> {
  counts.clients += 1;
  const time = Math.random() * 1000;
  const how = Math.random();
  if (how < 0.1) return vanish(url, time);
  const own = new AbortController();
  const timer = setTimeout(() => own.abort(), time);
  const go = () => own.abort();
  whole.addEventListener('abort', go, { once: true });
  try {
    const feed = connect(url, { retry: { first: 10, most: 200 } }).feed(`churn-${Math.floor(Math.random() * FEEDS)}`);
    // Some listen to what outlives them, and go by leaving the loop.
    const signal = how < 0.4 ? whole : own.signal;
    let left = Math.ceil(Math.random() * 20);
    const options = { live: true, mode: pick(MODES), wait: 1, after: pick([undefined, 'now']), onReset: () => {} };
    for await (const _entry of feed.entries({ ...options, signal })) {
      left -= 1;
      if (left === 0 || own.signal.aborted) break;
    }
  } catch (error) {
    if (!own.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    whole.removeEventListener('abort', go);
  }
}

/** A client whose connection is cut without a word. */
async function vanish(url: string, time: number): Promise<void> {
  const { port, pathname } = new URL(url);
  const socket = connectSocket(Number(port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`GET ${pathname}/feed=churn-0?start_after=now HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n`);
  socket.resume();
  await sleep(time);
  socket.resetAndDestroy();
}

/** One that stays, through every restart: each entry once, in order, as far as retention leaves it time. */
async function checkOrder(url: string, signal: AbortSignal, counts: { checked: number }): Promise<void> {
  try {
    const feed = connect(url, { retry: { first: 10, most: 200 } }).feed('order');
    for await (const { content } of feed.entries({ live: true, mode: 'sse', signal })) {
      assert.equal(content.value, String(counts.checked));
      counts.checked += 1;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function heldBy(server: Server, probe: string): Promise<Held> {
  rmSync(probe, { force: true });
  process.kill(server.pid, 'SIGUSR2');
  await until(() => existsSync(probe), 'the server does not say what it holds');
  return JSON.parse(readFileSync(probe, 'utf8')) as Held;
}

function describe(who: string, { heap, resident, descriptors, signals, timers }: Held): string {
  const mib = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  return `${who}: heap ${mib(heap)}, resident ${mib(resident)}, ${descriptors} descriptors, ${signals} signals, ${timers} timers`;
}

/** How much more of each the end may have than the time after the start, as a share and in itself. */
const ALLOWED: [keyof Held, number, number][] = [
  ['heap', 1.2, 4 * 1024 * 1024],
  ['resident', 1.3, 32 * 1024 * 1024],
  ['descriptors', 1, 15],
  ['signals', 1, 40],
  ['timers', 1, 20],
];

/** Compares the last third with the third after the first, when caches and pools are full. */
function check(samples: Sample[]): void {
  const third = Math.floor(samples.length / 3);
  assert.ok(third > 0, 'too few samples');
  for (const who of ['server', 'clients'] as const) {
    for (const [what, share, more] of ALLOWED) {
      const values = samples.map((sample) => sample[who][what]);
      const early = Math.max(...values.slice(third, third * 2));
      const late = Math.min(...values.slice(-third));
      assert.ok(late <= early * share + more, `${who} ${what}: ${values.join(' ')}`);
    }
  }
  const listeners = samples.map(({ clients }) => clients.listeners);
  assert.ok(
    Math.min(...listeners.slice(-third)) <= Math.max(...listeners.slice(third, third * 2)) + 5,
    `listeners: ${listeners.join(' ')}`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const minutes = Number(process.argv[2] ?? 20);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      endAll();
      process.exit(1);
    });
  }
  soak(minutes * 60, (line) => console.log(`${new Date().toISOString()} ${line}`))
    .then(() => console.log('nothing grew'))
    .catch((error) => {
      console.error(error);
      process.exitCode = 1;
    })
    .finally(endAll);
}
