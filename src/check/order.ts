/** The order promise, tried out: several publish at once, through the server and into the database, and readers follow. */
import { newAtomId, now } from '../atom/ids.js';
import { parseDocument } from '../atom/parse.js';
import type { Remark } from '../store/dialect.js';
import { newEntryOf } from '../transfer/legacy-entry.js';
import { saidBy } from './ask.js';
import { ATOM, type Bench } from './bench.js';

const PUBLISHERS = 4;
const READERS = 2;
/** Most entries of a publisher, and most milliseconds that it takes. */
const MOST = 40;
const TIME = 2500;
/** A reader that has not seen everything by then has missed something, in milliseconds. */
const PATIENCE = 20_000;

const XML = '<entry xmlns="http://www.w3.org/2005/Atom"><title>order</title></entry>';

/** What the database has in the end is what readers are compared with, where it can be read here. */
export async function order(bench: Bench): Promise<Remark> {
  const name = 'order';
  const { id: start } = await bench.publish();
  const acknowledged = new Set<string>();
  const all = { done: false };
  const readers = Promise.all(Array.from({ length: READERS }, () => follow(bench, start, acknowledged, all)));
  readers.catch(() => {});
  const until = Date.now() + TIME;
  const publishers = Array.from({ length: PUBLISHERS }, () => publishSome(bench, until, acknowledged));
  if (bench.isSame) publishers.push(storeSome(bench, until, acknowledged), storeSome(bench, until, acknowledged));
  try {
    await Promise.all(publishers);
  } finally {
    all.done = true;
  }
  const sequences = await readers;
  const stored = bench.isSame ? await storedAfter(bench, start) : sequences[0]!;
  const faults = sequences.flatMap((seen) => faultsOf(seen, stored, acknowledged));
  const text = `${acknowledged.size} entries of ${publishers.length} publishers at once`;
  if (faults.length === 0)
    return { name, level: 'ok', text: `${text}: ${READERS} readers got each once, in one order` };
  return {
    name,
    level: 'problem',
    text: `${text}: ${faults.join(', ')}`,
    fix: 'A cache before AtomMQ that does not ask again, a replica that is taken for the database, or a server whose transactions are not READ COMMITTED; else please report it.',
  };
}

/** What one reader got that is not as it should be. */
export function faultsOf(seen: string[], stored: string[], acknowledged: ReadonlySet<string>): string[] {
  const faults = [];
  const once = new Set(seen);
  const missed = [...acknowledged].filter((id) => !once.has(id)).length;
  if (missed > 0) faults.push(`a reader missed ${missed}`);
  if (once.size < seen.length) faults.push(`a reader got ${seen.length - once.size} twice`);
  const held = new Set(stored);
  const lost = [...acknowledged].filter((id) => !held.has(id)).length;
  if (lost > 0) faults.push(`${lost} were acknowledged and are not there`);
  const first = [...once].filter((id) => held.has(id));
  const second = stored.filter((id) => once.has(id));
  if (first.some((id, index) => id !== second[index])) faults.push('a reader got them in another order than they have');
  return faults;
}

async function publishSome(bench: Bench, until: number, acknowledged: Set<string>): Promise<void> {
  for (let count = 0; count < MOST && Date.now() < until; count += 1) {
    const answer = await bench.at.ask('POST', bench.path, { headers: ATOM, body: XML });
    const pause = Number(answer.headers['retry-after']);
    if ((answer.status === 429 || answer.status === 503) && pause > 0) {
      // A limit is no fault: whoever keeps to it is served.
      await sleep(Math.min(pause, 5) * 1000);
      continue;
    }
    if (answer.status !== 201) throw new Error(`publishing is answered with ${saidBy(answer)}`);
    acknowledged.add(/<id>([^<]*)<\/id>/.exec(answer.body.toString())?.[1] ?? '');
  }
}

async function storeSome({ store, feed }: Bench, until: number, acknowledged: Set<string>): Promise<void> {
  for (let count = 0; count < MOST && Date.now() < until; count += 1) {
    const at = now();
    const entry = newEntryOf({ sent: parseDocument(XML).entries[0]!, atomId: newAtomId(at) }, at);
    await store.append([{ feed, feedAtomId: newAtomId(at), entries: [entry] }]);
    acknowledged.add(entry.atomId);
  }
}

/** Goes on after the last id that it has, until it has everything or it is clear that something is missing. */
async function follow(
  bench: Bench,
  start: string,
  acknowledged: Set<string>,
  all: { done: boolean },
): Promise<string[]> {
  const seen: string[] = [];
  let after = start;
  let late = Number.POSITIVE_INFINITY;
  for (;;) {
    if (all.done && late === Number.POSITIVE_INFINITY) late = Date.now() + PATIENCE;
    if (all.done && [...acknowledged].every((id) => seen.includes(id))) return seen;
    if (Date.now() > late) return seen;
    const { body, status, headers } = await bench.at.ask(
      'GET',
      `${bench.path}?start_after=${encodeURIComponent(after)}`,
      {
        headers: { accept: 'application/atom+xml' },
      },
    );
    if (status !== 200) await sleep(Math.min(Number(headers['retry-after'] ?? 1), 5) * 1000);
    else {
      const ids = [...body.toString().matchAll(/<entry[^>]*>.*?<id>([^<]*)<\/id>/gs)].map(([, id]) => id!);
      seen.push(...ids);
      after = ids.at(-1) ?? after;
      if (ids.length === 0) await sleep(20);
    }
  }
}

async function storedAfter({ store, feed: name }: Bench, start: string): Promise<string[]> {
  const feed = (await store.feed(name))!;
  const ids: string[] = [];
  for (let from = 0; ; ) {
    const page = await store.page(feed.feedId, { from, descending: false, limit: 500, bytes: 4 * 1024 * 1024 });
    if (page.length === 0) return ids.slice(ids.indexOf(start) + 1);
    ids.push(...page.map(({ atomId }) => atomId));
    from = page.at(-1)!.position;
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
