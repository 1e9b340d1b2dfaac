/** What size costs: the same work on feeds of ten thousand entries and of ten million, and beside a hundred thousand feeds. */
import { AtomMQ } from '../../../src/bus.js';
import { type Client, inProcess } from '../../fixture.js';
import { fillFeed, fillFeeds, keyAt } from '../fill.js';
import type { Row } from '../row.js';
import { ATOM, entryOf, type Figures, type Stage } from '../stage.js';

/** A feed that was filled, and a bus in this process that has no cache. */
interface Target {
  ask: Client;
  feed: string;
  size: number;
  /** Of the feed. */
  entries: number;
}

const FEW = 10_000;
const ROUNDS = 9;
const batch = `<feed xmlns="http://www.w3.org/2005/Atom">${entryOf().repeat(1000)}</feed>`;

async function post({ ask, feed }: Target, body: string): Promise<void> {
  const { status, body: text } = await ask('POST', `/feed=${feed}`, {
    body,
    headers: { 'content-type': ATOM['Content-Type'] },
  });
  if (status !== 201) throw new Error(`${status}: ${text}`);
}

async function get({ ask, feed }: Target, rest: string, times = 1): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    const { status, body } = await ask('GET', `/feed=${feed}${rest}`);
    if (status !== 200) throw new Error(`${status}: ${body}`);
  }
}

/** Each takes some milliseconds. */
const WORKS: Record<string, (target: Target) => Promise<unknown>> = {
  'publish, 1,000 at once': (target) => Promise.all(Array.from({ length: 1000 }, () => post(target, entryOf()))),
  'publish, one by one': async (target) => {
    for (let i = 0; i < 20; i += 1) await post(target, entryOf());
  },
  'batch of 1,000': (target) => post(target, batch),
  'first page': (target) => get(target, ''),
  'middle page': (target) => get(target, `?start_after=urn:uuid:${keyAt(target.entries / 2)}`),
  'last page': (target) => get(target, '?start_at=last'),
  'poll, nothing new': (target) => get(target, '?start_after=now', 20),
  'one entry': (target) => get(target, `/entries/${keyAt(target.entries / 2)}`, 100),
};

/** Milliseconds of a work on each target, in turns, so that whatever else the machine does falls on all alike. */
async function measure(targets: Target[], work: (target: Target) => Promise<unknown>): Promise<Figures> {
  const times = targets.map(() => [] as number[]);
  for (let round = -2; round < ROUNDS; round += 1) {
    for (const [i, target] of targets.entries()) {
      const begin = performance.now();
      await work(target);
      if (round >= 0) times[i]!.push(performance.now() - begin);
    }
  }
  const median = (list: number[]) => list.slice().sort((a, b) => a - b)[ROUNDS >> 1]!;
  const series = targets.map(({ size }, i): [number, number] => [size, median(times[i]!)]);
  // The medians only: one run that met a checkpoint says nothing of the size.
  return { unit: 'ms', ours: [series.at(-1)![1]], bare: [series[0]![1]], series };
}

async function open(stage: Stage, database: string): Promise<Client> {
  const bus = await AtomMQ.open({ database, pageSize: 1000, cacheBytes: 0 }, {});
  stage.lastly(() => bus.close());
  return inProcess(bus.app);
}

/** Feeds of ten thousand entries, of ten times as many, and so on, in one database. */
async function bySize(stage: Stage): Promise<Target[]> {
  const database = stage.database('growth');
  const most = stage.settings.quick ? stage.settings.entries : 10_000_000;
  const sizes: number[] = [];
  for (let size = FEW; size <= Math.max(most, 10 * FEW); size *= 10) sizes.push(size);
  for (const size of sizes) await fillFeed(database, `of-${size}`, size);
  const ask = await open(stage, database);
  return sizes.map((size) => ({ ask, feed: `of-${size}`, size, entries: size }));
}

/** The same feed alone, and beside a hundred thousand others. */
async function byFeeds(stage: Stage): Promise<Target[]> {
  const targets: Target[] = [];
  for (const size of [1, stage.settings.quick ? 10_000 : 100_000]) {
    const database = stage.database(`beside-${size}`);
    await fillFeed(database, 'full', FEW);
    if (size > 1) await fillFeeds(database, size);
    targets.push({ ask: await open(stage, database), feed: 'full', size, entries: FEW });
  }
  return targets;
}

const kinds = [
  { kind: 'entries', against: '10,000 entries', targets: bySize },
  { kind: 'feeds', against: '1 feed', targets: byFeeds },
];

export const rows: Row[] = kinds.flatMap(({ kind, against, targets }) =>
  Object.entries(WORKS).map(([work, run]) => ({
    name: `growth by ${kind}: ${work}`,
    against,
    mark: 1.25,
    less: true as const,
    measure: async (stage: Stage) => measure(await stage.once(`growth ${kind}`, () => targets(stage)), run),
  })),
);
