/**
 * What size costs: publishing and reading at 10,000 entries and at many more in one feed, and beside many feeds.
 * `node dist/test/bench/growth.js [sqlite|postgresql] [ENTRIES] [FEEDS]`; ten million entries take some minutes and 10 GB.
 */
import { AtomMQ } from '../../src/bus.js';
import { parseDatabase } from '../../src/config/database.js';
import { openDatabase } from '../../src/store/dialect.js';
import { inProcess } from '../fixture.js';
import { databases } from '../store/databases.js';

const [wanted = 'sqlite', many = '10000000', feeds = '100000'] = process.argv.slice(2);
const FEW = 10_000;
const ROUNDS = 9;
const XML = `<entry xmlns="http://www.w3.org/2005/Atom"><id>urn:uuid:KEY</id><title>t</title><content>${'y'.repeat(330)}</content></entry>`;

/** Ids as we make them: they grow with time. */
const KEYS = {
  sqlite3: (n: string) => `printf('%08x-0000-7000-8000-000000000000', ${n})`,
  pg: (n: string) => `lpad(to_hex(${n}), 8, '0') || '-0000-7000-8000-000000000000'`,
};
const SERIES = {
  sqlite3: (from: number, to: number) =>
    `(WITH RECURSIVE s(n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM s WHERE n < ${to}) SELECT n FROM s)`,
  pg: (from: number, to: number) => `(SELECT generate_series(${from}, ${to}) AS n)`,
};

const kind = databases.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
if (kind === undefined) throw new Error(`no database ${wanted}`);
const name = await kind.create();
const settings = parseDatabase(name);
const client = settings.client as keyof typeof KEYS;
const bus = await AtomMQ.open({ database: name, pageSize: 1000, cacheBytes: 0 }, {});
const ask = inProcess(bus.app);
const raw = await openDatabase(settings, { busyTimeout: 60, poolSize: 2, connectTimeout: 10, queryTimeout: 3600 });

/** Fills a feed up to a number of entries by statements of the database's own. */
async function fill(feed: string, entries: number): Promise<void> {
  const row = await raw.writer('mq_feed').where({ name: feed }).first();
  for (let from = Number(row.head) + 1; from <= entries; from += 250_000) {
    const to = Math.min(entries, from + 249_999);
    const key = KEYS[client]('s.n');
    await raw.writer.raw(
      `INSERT INTO mq_entry (feed_id, position, entry_key, atom_id, digest, published_at, edited_at, has_author, size, xml)
       SELECT ${row.feed_id}, s.n, ${key}, 'urn:uuid:' || ${key}, 'x', s.n, s.n, 0, ${XML.length}, '${XML}' FROM ${SERIES[client](from, to)} s`,
    );
    await raw.writer('mq_feed').where({ name: feed }).update({ head: to });
  }
}

const all = (feed: string, count: number) => {
  const body = XML.replace('<id>urn:uuid:KEY</id>', '');
  return Promise.all(Array.from({ length: count }, () => ask('POST', `/feed=${feed}`, { body })));
};

/** The work that is measured, on a feed that was filled to so many entries. */
const WORKS: Record<string, (feed: string, entries: number) => Promise<unknown>> = {
  publish1000: (feed) => all(feed, 1000),
  firstPage: (feed) => ask('GET', `/feed=${feed}`),
  middlePage: (feed, entries) => {
    const middle = Math.floor(entries / 2)
      .toString(16)
      .padStart(8, '0');
    return ask('GET', `/feed=${feed}?start_after=urn:uuid:${middle}-0000-7000-8000-000000000000`);
  },
  lastPage: (feed) => ask('GET', `/feed=${feed}?start_at=last`),
};

/** Median milliseconds of each work on each feed, in turns, so that whatever else the machine does falls on all alike. */
async function measure(sizes: Record<string, number>): Promise<Record<string, Record<string, number>>> {
  const results: Record<string, Record<string, number>> = {};
  for (const [work, run] of Object.entries(WORKS)) {
    const times: Record<string, number[]> = Object.fromEntries(Object.keys(sizes).map((feed) => [feed, []]));
    for (let round = -2; round < ROUNDS; round += 1) {
      for (const [feed, entries] of Object.entries(sizes)) {
        const begin = performance.now();
        await run(feed, entries);
        if (round >= 0) times[feed]!.push(performance.now() - begin);
      }
    }
    results[work] = Object.fromEntries(
      Object.entries(times).map(([feed, list]) => [feed, list.sort((x, y) => x - y)[Math.floor(ROUNDS / 2)]!]),
    );
  }
  return results;
}

const started = Date.now();
const sizes = { few: FEW, many: Number(many) };
for (const [feed, entries] of Object.entries(sizes)) {
  await ask('POST', `/feed=${feed}`, { body: XML.replace('KEY', 'ffffffff-0000-7000-8000-000000000000') });
  await fill(feed, entries);
}
if (client === 'pg') await raw.writer.raw('ANALYZE');
console.log(`${many} entries after ${Math.round((Date.now() - started) / 1000)} s`);
for (const [work, { few = 0, many: large = 0 }] of Object.entries(await measure(sizes))) {
  console.log({ work, few, many: large, ratio: large / few });
}
const alone = await measure({ few: FEW });
await raw.writer.raw(
  `INSERT INTO mq_feed (name, atom_id, created_at) SELECT 'feed-' || s.n, 'urn:x:' || s.n, s.n FROM ${SERIES[client](1, Number(feeds))} s`,
);
for (const [work, { few = 0 }] of Object.entries(await measure({ few: FEW }))) {
  console.log({ work, alone: alone[work]!.few, besideManyFeeds: few, ratio: few / alone[work]!.few! });
}
await raw.close();
await bus.close();
process.exit(0);
