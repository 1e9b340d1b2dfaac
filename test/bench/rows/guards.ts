/** What counting for Prometheus and a line of the access log cost: processor time a request, which varies less than rates do. */
import { join } from 'node:path';
import { type Load, load } from '../load.js';
import { processorSeconds } from '../machine.js';
import type { Row } from '../row.js';
import { ATOM, entryOf, type Figures, type Running, type Stage } from '../stage.js';

type Work = Omit<Load, 'port' | 'seconds'>;

const WORKS: Record<string, Work> = {
  poll: { paths: ['/atommq/feed=guarded?start_after=now'], clients: 64 },
  publish: { method: 'POST', paths: ['/atommq/feed=guarded'], headers: ATOM, body: entryOf(), clients: 64 },
};

/** What is switched on, and by which flags; without them it is off. */
const GUARDS: Record<string, (stage: Stage) => string[]> = {
  metrics: () => ['--metrics', 'true', '--access-log', 'off'],
  'access log': (stage) => ['--metrics', 'false', '--access-log', join(stage.folder, 'access.log')],
};
const NONE = ['--metrics', 'false', '--access-log', 'off'];

/** Microseconds of a processor for each request. */
async function costOf(server: Running, work: Work, seconds: number): Promise<number> {
  const used = processorSeconds(server.pid);
  const { rate } = await load({ ...work, port: server.port, seconds });
  return ((processorSeconds(server.pid) - used) * 1e6) / (rate * seconds);
}

async function cost(stage: Stage, guard: string, work: Work): Promise<Figures> {
  // A database each: what one server writes would be work for the others.
  const guarded = await stage.server(`with ${guard}`, ...GUARDS[guard]!(stage));
  const plain = await stage.server('with neither', ...NONE);
  for (const { ask } of [guarded, plain])
    await ask('POST', WORKS.publish!.paths[0]!, { headers: ATOM, body: entryOf() });
  return {
    unit: 'µs/request',
    ...(await stage.compare(
      (seconds) => costOf(guarded, work, seconds),
      (seconds) => costOf(plain, work, seconds),
      guarded,
    )),
  };
}

export const rows: Row[] = Object.keys(GUARDS).flatMap((guard) =>
  Object.entries(WORKS).map(
    ([name, work]): Row => ({
      name: `${guard}: ${name}`,
      against: 'neither metrics nor access log',
      less: true,
      measure: (stage) => cost(stage, guard, work),
    }),
  ),
);
