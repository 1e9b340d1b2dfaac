/** A process of clients that abuse a server for as long as they are told to; those that are refused come back. */
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setPriority } from 'node:os';

/** What the process is told: whom to abuse and by how many, or to stop. */
export type Order = { port: number; slow: number; large: number } | 'stop';

/** What it says: all are connected, or they have stopped, with what they got. */
export type Report = 'ready' | Refused;

/** How many connections ended, by the status that they got; `cut` without one. */
export type Refused = Record<string, number>;

const LARGE = Buffer.alloc(8 * 1024 * 1024, 'x');
/** Whoever is refused comes back after so many milliseconds. */
const PAUSE = 10;

/** Abusers, from their first connection until they are told to stop. */
class Abusers {
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  readonly #refused: Refused = {};
  #stopped = false;
  /** How many have not been connected yet. */
  #missing: number;

  constructor({ port, slow, large }: Exclude<Order, 'stop'>) {
    this.#port = port;
    this.#missing = slow + large;
    for (let i = 0; i < slow; i += 1) this.#again((ready) => this.#slow(i % 2 === 0, ready));
    for (let i = 0; i < large; i += 1) this.#again((ready) => this.#large(i % 2 === 0, ready));
    if (this.#missing === 0) say('ready');
  }

  stop(): Refused {
    this.#stopped = true;
    for (const socket of this.#sockets) socket.destroy();
    return this.#refused;
  }

  /** A byte a second, of a header or of a body, that never ends. */
  #slow(header: boolean, ready: () => void): Socket {
    const socket = connect(this.#port, '127.0.0.1', () => {
      const head = 'POST /atommq/feed=a HTTP/1.1\r\nHost: h\r\n';
      socket.write(header ? `${head}X-Slow: ` : `${head}Content-Length: 1000000\r\n\r\n<`);
      // Not before the connection is there: what is written by then comes first.
      const timer = setInterval(() => socket.write('x'), 1000);
      socket.once('close', () => clearInterval(timer));
      ready();
    });
    return socket;
  }

  /** Sends what is too much, all of it, and heeds no answer meanwhile. */
  #large(declared: boolean, ready: () => void): Socket {
    const socket = connect(this.#port, '127.0.0.1', () => {
      const head = 'POST /atommq/feed=a HTTP/1.1\r\nHost: h\r\nContent-Type: application/atom+xml\r\n';
      const length = declared ? `Content-Length: ${LARGE.length}` : 'Transfer-Encoding: chunked';
      socket.write(`${head}${length}\r\n\r\n${declared ? '' : `${LARGE.length.toString(16)}\r\n`}`);
      socket.write(LARGE);
      ready();
    });
    return socket;
  }

  #again(start: (ready: () => void) => Socket, first = true): void {
    if (this.#stopped) return;
    const socket = start(() => {
      if (!first) return;
      this.#missing -= 1;
      if (this.#missing === 0) say('ready');
    });
    this.#sockets.add(socket);
    let answer = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      if (answer === '') answer = String(chunk).slice(0, 20);
    });
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#stopped) return;
      const status = /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'cut';
      this.#refused[status] = (this.#refused[status] ?? 0) + 1;
      setTimeout(() => this.#again(start, false), PAUSE);
    });
  }
}

function say(report: Report): void {
  process.send?.(report);
}

/** Only what nobody else wants of the processors; Linux may count `nice` among those of a session alone (sched(7)). */
function giveWay(): void {
  setPriority(19);
  try {
    writeFileSync('/proc/self/autogroup', '19');
  } catch {
    // There are no groups here.
  }
}

giveWay();
process.once('disconnect', () => process.exit());
let abusers: Abusers | undefined;
process.on('message', (order: Order) => {
  if (order === 'stop') say(abusers?.stop() ?? {});
  else abusers = new Abusers(order);
});
