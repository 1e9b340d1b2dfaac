/**
 * What well-behaved publishers keep of their rate while others abuse the server: clients that send their requests for
 * ever, and publishers of bodies that are too large. `node dist/test/faults/abuse.js [SECONDS [SLOW [LARGE]]]` prints it.
 *
 * The server is measured, not the machine: the abusers are a process of their own that gives way to all others, since in
 * life they are elsewhere and do not send on the server's processors. It is there and idle in the calm phases, which take
 * turns with those of abuse; the median of the ratios counts. Before that both are had once, for a server that has been
 * up for a while: its code is compiled, and its memory has grown. Where the system tells how long the server's processors
 * worked, the ratio by that is printed too: other programs on the machine have less to do with it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { httpClient } from '../client.js';
import { freePort, untilItAnswers } from '../doors/children.js';
import { startHttp } from '../doors/gateways.js';
import { temporaryFolder } from '../fixture.js';
import type { Order, Refused, Report } from './abusers.js';

const ENTRY = '<entry xmlns="http://www.w3.org/2005/Atom"><title>well-behaved</title><content>x</content></entry>';
const ABUSERS = fileURLToPath(new URL('abusers.js', import.meta.url));
/** Seconds for timeouts: short, so that a phase sees many of them. */
const LIMITS = { ATOMMQ_HEADER_TIMEOUT: '5', ATOMMQ_BODY_TIMEOUT: '5' };

export interface Abuse {
  /** Seconds of each phase. */
  seconds: number;
  /** How often calm and abuse take turns. */
  rounds: number;
  /** Connections that send a byte at a time: half of them never end a header, half a body. */
  slow: number;
  /** Publishers of bodies that are too large, one after the other. */
  large: number;
  /** Well-behaved publishers. */
  publishers: number;
}

/** Publishes of a phase. */
export interface Rate {
  /** For each second. */
  wall: number;
  /** For each second of processor time that the server used; NaN where the system does not tell. */
  work: number;
}

export interface Round {
  calm: Rate;
  abused: Rate;
  /** What the abusers got. */
  refused: Refused;
}

/** Measures in three processes: the server, the well-behaved (this one), and the others. */
export async function abuse(options: Abuse): Promise<{ rounds: Round[]; failed: number }> {
  const { seconds, slow, large } = options;
  const port = await freePort();
  const server = startHttp({ database: join(temporaryFolder(), 'abuse.db'), environment: LIMITS }, port);
  // In a session of its own.
  const others = fork(ABUSERS, { detached: true });
  try {
    await untilItAnswers(httpClient(port), { atommq: server });
    const publishers = new Publishers(port, options.publishers, server.pid);
    const round = async (length: number): Promise<Round> => {
      const calm = await publishers.run(length);
      await tell(others, { port, slow, large });
      const abused = await publishers.run(length);
      const refused = (await tell(others, 'stop')) as Refused;
      // What is left of their connections is none of the next phase.
      await publishers.run(Math.min(1, length));
      return { calm, abused, refused };
    };
    await round(Math.min(3, seconds / 2));
    const rounds: Round[] = [];
    while (rounds.length < options.rounds) rounds.push(await round(seconds));
    return { rounds, failed: publishers.failed };
  } finally {
    others.kill();
    await server.stop();
  }
}

function tell(others: ChildProcess, order: Order): Promise<Report> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error('the abusers are gone'));
    others.once('exit', gone);
    others.once('message', (report: Report) => {
      others.off('exit', gone);
      resolve(report);
    });
    others.send(order);
  });
}

/** Clients that publish one entry after the other, each over one connection. */
class Publishers {
  readonly #port: number;
  readonly #agent: Agent;
  readonly #count: number;
  readonly #server: number | undefined;
  failed = 0;

  constructor(port: number, count: number, server: number | undefined) {
    this.#port = port;
    this.#count = count;
    this.#server = server;
    this.#agent = new Agent({ keepAlive: true, maxSockets: count });
  }

  async run(seconds: number): Promise<Rate> {
    const since = performance.now();
    const before = processorTime(this.#server);
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
    return {
      wall: (done * 1000) / (performance.now() - since),
      work: done / (processorTime(this.#server) - before),
    };
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

/** Seconds of processor time that a process has used, of Linux's hundredths (proc_pid_stat(5)). */
function processorTime(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Number.NaN;
  }
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [seconds = 8, slow = 2000, large = 64] = process.argv.slice(2).map(Number);
  const { rounds, failed } = await abuse({ seconds, slow, large, publishers: 32, rounds: 4 });
  console.log(
    `${slow} slow connections and ${large} publishers of over-large bodies; publishes/s (and for each second that the server worked):`,
  );
  for (const { calm, abused, refused } of rounds) {
    const text = ({ wall, work }: Rate) => `${wall.toFixed(0)} (${work.toFixed(0)})`;
    console.log(`calm ${text(calm)}, abused ${text(abused)}; refused ${JSON.stringify(refused)}`);
  }
  const ratio = median(rounds.map(({ calm, abused }) => abused.wall / calm.wall));
  const work = median(rounds.map(({ calm, abused }) => abused.work / calm.work));
  console.log(`well-behaved that failed: ${failed}`);
  console.log(`ratio ${ratio.toFixed(2)} (0.5 is wanted); by the server's work ${work.toFixed(2)}`);
  process.exit(ratio >= 0.5 && failed === 0 ? 0 : 1);
}
