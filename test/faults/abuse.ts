/**
 * What well-behaved publishers keep of their rate while others abuse the server: clients that send their requests for
 * ever, and publishers of bodies that are too large. `node dist/test/faults/abuse.js [SECONDS [SLOW [LARGE]]]` prints it.
 */
import { Agent, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { httpClient } from '../client.js';
import { freePort, untilItAnswers } from '../doors/children.js';
import { startHttp } from '../doors/gateways.js';
import { temporaryFolder } from '../fixture.js';

const ENTRY = '<entry xmlns="http://www.w3.org/2005/Atom"><title>well-behaved</title><content>x</content></entry>';
const LARGE = Buffer.alloc(8 * 1024 * 1024, 'x');

export interface Abuse {
  /** Seconds for each of the two measures. */
  seconds: number;
  /** Connections that send a byte at a time: half of them never end a header, half a body. */
  slow: number;
  /** Publishers of bodies that are too large, one after the other. */
  large: number;
  /** Well-behaved publishers. */
  publishers: number;
}

export interface Kept {
  /** Publishes a second without and with abuse. */
  before: number;
  during: number;
  ratio: number;
  /** Answers to the well-behaved that were no 201. */
  failed: number;
  /** What the abusers got, by status. */
  refused: Record<string, number>;
}

/** Measures in two processes and a thread: the server, the well-behaved, and the others. */
export async function abuse({ seconds, slow, large, publishers }: Abuse): Promise<Kept> {
  const port = await freePort();
  const database = join(temporaryFolder(), 'abuse.db');
  const server = startHttp({ database, environment: { ATOMMQ_HEADER_TIMEOUT: '5', ATOMMQ_BODY_TIMEOUT: '5' } }, port);
  await untilItAnswers(httpClient(port), { atommq: server });
  try {
    const quiet = new Publishers(port, publishers);
    await quiet.run(Math.min(1, seconds / 4));
    const before = await quiet.run(seconds);
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { abuse: { port, slow, large } } });
    await new Promise((resolve) => worker.once('message', resolve));
    const during = await quiet.run(seconds);
    const counted = new Promise<Record<string, number>>((resolve) => worker.once('message', resolve));
    worker.postMessage('stop');
    const refused = await counted;
    await worker.terminate();
    return { before, during, ratio: during / before, failed: quiet.failed, refused };
  } finally {
    await server.stop();
  }
}

/** Clients that publish one entry after the other, each over one connection. */
class Publishers {
  readonly #port: number;
  readonly #agent: Agent;
  readonly #count: number;
  failed = 0;

  constructor(port: number, count: number) {
    this.#port = port;
    this.#count = count;
    this.#agent = new Agent({ keepAlive: true, maxSockets: count });
  }

  /** Resolves with how many they publish a second. */
  async run(seconds: number): Promise<number> {
    const since = performance.now();
    const until = since + seconds * 1000;
    let done = 0;
    const one = async () => {
      while (performance.now() < until) {
        const status = await this.#publish().catch(() => 0);
        if (status === 201) done += 1;
        else this.failed += 1;
      }
    };
    await Promise.all(Array.from({ length: this.#count }, one));
    return (done * 1000) / (performance.now() - since);
  }

  #publish(): Promise<number> {
    return new Promise((resolve, reject) => {
      const headers = {
        'content-type': 'application/atom+xml',
        'content-length': ENTRY.length,
        prefer: 'return=minimal',
      };
      const options = {
        agent: this.#agent,
        host: '127.0.0.1',
        port: this.#port,
        path: '/atommq/feed=a',
        method: 'POST',
      };
      const request = httpRequest({ ...options, headers }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      });
      request.on('error', reject).end(ENTRY);
    });
  }
}

/** Everything that abuses, until told to stop. */
function beBad({ port, slow, large }: { port: number; slow: number; large: number }): void {
  const refused: Record<string, number> = {};
  const count = (text: string) => {
    const status = /^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 'cut';
    refused[status] = (refused[status] ?? 0) + 1;
  };
  let stopped = false;
  let there = 0;
  const ready = () => {
    there += 1;
    if (there === slow + large) parentPort?.postMessage('ready');
  };
  /** Whoever is refused comes back. */
  const again = (socket: Socket, back: () => void) => {
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      if (text === '') text = String(chunk).slice(0, 20);
    });
    socket.once('close', () => {
      count(text);
      if (!stopped) setTimeout(back, 10);
    });
  };
  const slowly = (kind: number, first: boolean) => {
    const socket = connect(port, '127.0.0.1', () => {
      const head = 'POST /atommq/feed=a HTTP/1.1\r\nHost: h\r\n';
      socket.write(kind === 0 ? `${head}X-Slow: ` : `${head}Content-Length: 4000000\r\n\r\n<`);
      // Not before the connection is there: what is written by then comes first.
      const timer = setInterval(() => socket.write('x'), 1000);
      socket.once('close', () => clearInterval(timer));
      if (first) ready();
    });
    again(socket, () => slowly(kind, false));
  };
  const largely = (kind: number, first: boolean) => {
    const socket = connect(port, '127.0.0.1', () => {
      const head = 'POST /atommq/feed=a HTTP/1.1\r\nHost: h\r\nContent-Type: application/atom+xml\r\n';
      const length = kind === 0 ? `Content-Length: ${LARGE.length}` : 'Transfer-Encoding: chunked';
      socket.write(`${head}${length}\r\n\r\n${kind === 0 ? '' : `${LARGE.length.toString(16)}\r\n`}`);
      socket.write(LARGE);
      if (first) ready();
    });
    again(socket, () => largely(kind, false));
  };
  for (let i = 0; i < slow; i += 1) slowly(i % 2, true);
  for (let i = 0; i < large; i += 1) largely(i % 2, true);
  parentPort?.once('message', () => {
    stopped = true;
    parentPort?.postMessage(refused);
  });
}

if (!isMainThread && workerData?.abuse !== undefined) beBad(workerData.abuse);
else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [seconds = 10, slow = 2000, large = 64] = process.argv.slice(2).map(Number);
  const { before, during, ratio, failed, refused } = await abuse({ seconds, slow, large, publishers: 32 });
  console.log(`without abuse: ${before.toFixed(0)} publishes/s`);
  console.log(
    `with ${slow} slow connections and ${large} publishers of over-large bodies: ${during.toFixed(0)} publishes/s`,
  );
  console.log(`refused abusers by status: ${JSON.stringify(refused)}; well-behaved that failed: ${failed}`);
  console.log(`ratio ${ratio.toFixed(2)} (0.5 is wanted)`);
  process.exit(ratio >= 0.5 && failed === 0 ? 0 : 1);
}
