/** Publishers and consumers at full speed for as long as something goes wrong, and what they saw of it. */
import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';

/** Publishers that send at the same time. */
const PUBLISHERS = 16;
/** After so many milliseconds without an answer it is asked again. */
const PATIENCE = 15_000;

/** A consumer that fails so often in a row has waited for a minute, and ends with what it has. */
const FAILURES = 1000;

interface Answer {
  status: number;
  upToDate: boolean;
  body: string;
}

/** Something that was done to the cluster, in milliseconds of `performance.now`. */
export interface Fault {
  what: string;
  at: number;
}

export interface Result {
  acknowledged: string[];
  /** What each consumer read, in its order. */
  views: string[][];
  /** Answers that no publisher or consumer should get, whatever is down. */
  wrong: string[];
  /** How many answers said to try again, by status. */
  refused: Map<number, number>;
  /** When something was acknowledged, and when something was read, in order. */
  published: number[];
  read: number[];
}

const agent = new Agent({ keepAlive: true, maxSockets: 100 });

function ask(port: number, method: string, path: string, body?: string, wait = 0): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const headers: Record<string, string> = {
      ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)), prefer: 'return=minimal' }),
      ...(wait === 0 ? {} : { prefer: `wait=${wait}` }),
    };
    const signal = AbortSignal.timeout(PATIENCE);
    const request = httpRequest(
      { host: '127.0.0.1', port, method, path: `/atommq${path}`, headers, agent, signal },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => resolve(undefined));
        response.on('close', () => resolve(undefined));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            upToDate: response.headers['atommq-up-to-date'] === 'true',
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    request.on('error', () => resolve(undefined));
    request.end(body);
  });
}

/** Whether to send it again: nobody answered, or somebody who asks for that. */
function isTemporary(answer: Answer | undefined): boolean {
  return answer === undefined || [502, 503, 504].includes(answer.status);
}

/**
 * @param ports where to publish, by turns of the publishers
 * @param readers where each consumer reads: one page here, the next there
 * @param meanwhile what is done in this time; publishing goes on until it resolves
 */
export async function traffic(
  ports: number[],
  readers: number[][],
  meanwhile: (result: Result) => Promise<void>,
): Promise<Result> {
  const result: Result = { acknowledged: [], views: [], wrong: [], refused: new Map(), published: [], read: [] };
  const note = (answer: Answer | undefined) => {
    if (!isTemporary(answer)) result.wrong.push(`${answer!.status} ${answer!.body.slice(0, 500)}`);
    else result.refused.set(answer?.status ?? 0, (result.refused.get(answer?.status ?? 0) ?? 0) + 1);
  };
  let over = false;
  let published = false;

  const publish = async (name: string, port: number) => {
    for (let n = 0; !over; n += 1) {
      const id = `urn:test:${name}:${n}`;
      const body = `<entry xmlns="http://www.w3.org/2005/Atom"><id>${id}</id><title>${n}</title></entry>`;
      for (;;) {
        const answer = await ask(port, 'POST', '/feed=order', body);
        if (answer?.status === 201) {
          result.acknowledged.push(id);
          result.published.push(performance.now());
          break;
        }
        note(answer);
        // One that is refused for good would be refused again.
        if (!isTemporary(answer)) break;
        await sleep(20 + Math.random() * 50);
      }
    }
  };

  const consume = async (ports: number[], wait: number, view: string[]) => {
    let position = '';
    let asked = 0;
    for (let failures = 0; failures < FAILURES; ) {
      const last = published;
      const port = ports[asked % ports.length]!;
      asked += 1;
      const answer = await ask(port, 'GET', `/feed=order${position}`, undefined, last ? 0 : wait);
      if (answer?.status === 200) {
        failures = 0;
        result.read.push(performance.now());
        const ids = [...answer.body.matchAll(/<id>(urn:test:[^<]*)<\/id>/g)].map((match) => match[1]!);
        for (const id of ids) view.push(id);
        if (ids.length > 0) position = `?start_after=${ids.at(-1)}`;
        if (last && answer.upToDate && ids.length === 0) return;
        if (ids.length === 0 && wait === 0) await sleep(10);
      } else {
        failures += 1;
        // Before the first entry there is no feed.
        if (answer?.status !== 404 || position !== '') note(answer);
        await sleep(50);
      }
    }
  };

  result.views = readers.map(() => []);
  const publishing = Array.from({ length: PUBLISHERS }, (_, i) => publish(`p${i}`, ports[i % ports.length]!));
  // Every other one waits for what comes rather than to ask all the time.
  const consuming = readers.map((ports, i) => consume(ports, i % 2 === 0 ? 0 : 5, result.views[i]!));
  try {
    await meanwhile(result);
  } finally {
    over = true;
    await Promise.all(publishing);
    published = true;
    await Promise.all(consuming);
    agent.destroy();
  }
  return result;
}

/** What should be 0. */
interface Mistakes {
  /** Acknowledged entries that a consumer did not get. */
  lost: number;
  doubled: number;
  /** Consumers who read something else than the first, and entries out of the order in which their publisher sent them. */
  disordered: number;
}

function mistakes({ acknowledged, views }: Result): Mistakes {
  const [first = []] = views;
  const seen = new Set(first);
  let disordered = views.filter((view) => view.length !== first.length || view.some((id, i) => id !== first[i])).length;
  const next = new Map<string, number>();
  for (const id of first) {
    const [, , publisher = '', n = ''] = id.split(':');
    if (Number(n) < (next.get(publisher) ?? 0)) disordered += 1;
    next.set(publisher, Number(n) + 1);
  }
  return { lost: acknowledged.filter((id) => !seen.has(id)).length, doubled: first.length - seen.size, disordered };
}

/** Every acknowledged entry is there once, and all consumers have read the same, in the same order. */
export function check(result: Result): void {
  assert.deepEqual(result.wrong.slice(0, 10), [], 'answers that nobody should get');
  assert.deepEqual(mistakes(result), { lost: 0, doubled: 0, disordered: 0 });
}

/** A time in which nothing came, in seconds, and the fault that it began with. */
interface Gap {
  seconds: number;
  after: string;
}

/** How much later than a time without anything began the fault may have been noted, in milliseconds. */
const NOTED = 500;

function gaps(times: number[], faults: Fault[]): Gap[] {
  return times.slice(1).map((time, i) => ({
    seconds: (time - times[i]!) / 1000,
    after: faults.filter(({ at }) => at <= Math.min(times[i]! + NOTED, time)).at(-1)?.what ?? 'nothing',
  }));
}

/** The longest time in which nothing came. */
export function longestGap(times: number[], faults: Fault[] = []): Gap {
  const none = { seconds: 0, after: 'nothing' };
  return gaps(times, faults).reduce((longest, gap) => (gap.seconds > longest.seconds ? gap : longest), none);
}

/** What a run came to, in lines for people. */
export function figures(result: Result, faults: Fault[], seconds: number): string[] {
  const { lost, doubled, disordered } = mistakes(result);
  const publishing = longestGap(result.published, faults);
  const reading = longestGap(result.read, faults);
  const refused = [...result.refused].map(([status, count]) => `${count} x ${status === 0 ? 'no answer' : status}`);
  return [
    `${result.acknowledged.length} acknowledged in ${seconds.toFixed(0)} s by ${PUBLISHERS} publishers, read by ${result.views.length} consumers: ${lost} lost, ${doubled} doubled, ${disordered} out of order`,
    `longest time without an acknowledgement ${publishing.seconds.toFixed(1)} s (after: ${publishing.after}), without a page ${reading.seconds.toFixed(1)} s (after: ${reading.after})`,
    `to be tried again: ${refused.join(', ') || 'nothing'}`,
    ...faults.map(({ what }) => {
      const own = gaps(result.published, faults).filter(({ after }) => after === what);
      return `  ${what}: publishing stood still for ${Math.max(0, ...own.map(({ seconds }) => seconds)).toFixed(1)} s`;
    }),
  ];
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
