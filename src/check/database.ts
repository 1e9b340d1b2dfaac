/** The configured database: whether it can be opened, its schema, its settings, its place, and a sample of what it holds. */
import { existsSync } from 'node:fs';
import { type Database, inspectDatabase, type OpenOptions, openDatabase, type Remark } from '../store/dialect.js';
import { readMarks } from '../store/migrate.js';
import { SCHEMA_VERSION } from '../store/schema.js';
import { RawBus, type RawFeed } from '../store/transfer.js';
import type { Bench } from './bench.js';
import { inspectEntry } from './entry.js';
import { inspectPlace } from './place.js';

/** Entries of a feed that are read: the first, the last, and as many in between. */
const SAMPLE = 10;
const MOST_SAMPLES = 2000;

/** Opens the database as it is; where it is of use the bench gets it. */
export async function findDatabase(bench: Bench, options: OpenOptions): Promise<Remark[]> {
  const { database: settings, databaseName } = bench.settings;
  const { filename } = settings.connection;
  const isFile = typeof filename === 'string' && filename !== ':memory:';
  if (isFile && !existsSync(filename)) {
    const text = `there is no database ${databaseName}`;
    return [
      {
        name: 'database',
        level: 'problem',
        text,
        fix: 'atommq migrate makes it, as the first start of a server does.',
      },
    ];
  }
  const remarks = isFile ? await inspectPlace(filename) : [];
  let database: Database | undefined;
  try {
    database = await openDatabase(settings, { ...options, asIs: true });
    const said = await inspectDatabase(settings, database);
    const schema = schemaRemark((await readMarks(database.writer)).version);
    if (schema.level !== 'problem') bench.database = database;
    const [first, ...rest] = said;
    const named = first?.name === 'database' ? [{ ...first, text: `${first.text}, ${databaseName}` }, ...rest] : said;
    return [...named, schema, ...remarks];
  } catch (error) {
    return [unreachable(error, databaseName, isFile), ...remarks];
  } finally {
    if (bench.database === undefined) await database?.close();
  }
}

function unreachable(error: unknown, databaseName: string, isFile: boolean): Remark {
  const { message, code } = error as NodeJS.ErrnoException;
  const text = `${databaseName} cannot be opened: ${(message || String(code)).replace(/\s*\n\s*/g, ' ')}`;
  const fix = isFile
    ? 'See the permissions below; a file that is not a database must be moved away.'
    : 'Is the server running, do host, port, user and password hold, and does the database exist?';
  return { name: 'database', level: 'problem', text, fix };
}

export function schemaRemark(version: number): Remark {
  const name = 'schema';
  const fix = 'atommq migrate brings it up to date, as the next start of a server does.';
  if (version === SCHEMA_VERSION) return { name, level: 'ok', text: `schema version ${version}` };
  if (version === 0)
    return { name, level: 'problem', text: 'there are no tables of AtomMQ', fix: 'atommq migrate makes them.' };
  const text = `schema version ${version}; this program knows ${SCHEMA_VERSION}`;
  if (version > SCHEMA_VERSION)
    return { name, level: 'problem', text, fix: 'Use the newer AtomMQ that has brought it there.' };
  return { name, level: 'problem', text, fix };
}

/** Positions of every feed, and what some of its entries look like. */
export async function integrity(bench: Bench): Promise<Remark[]> {
  const name = 'integrity';
  const bus = new RawBus(bench.database!.writer);
  const feeds = (await bus.feeds()).filter((feed) => feed.name !== bench.feed);
  const remarks: Remark[] = [];
  let samples = 0;
  for (const feed of feeds) {
    const fix = `atommq verify ${feed.name} tells all; restore what is missing from a backup.`;
    const gap = await positionFault(bus, feed);
    if (gap !== undefined) remarks.push({ name, level: 'problem', text: `${feed.name}: ${gap}`, fix });
    if (samples >= MOST_SAMPLES) continue;
    const { read, faults } = await sample(bus, feed);
    samples += read;
    for (const fault of faults) remarks.push({ name, level: 'problem', text: `${feed.name}, ${fault}`, fix });
  }
  if (remarks.length > 0) return remarks;
  const text = `${feeds.length} feeds have positions without gaps, and ${samples} entries that were looked at are as they were stored`;
  return [{ name, level: 'ok', text }];
}

async function positionFault(bus: RawBus, feed: RawFeed): Promise<string | undefined> {
  // Others go on publishing: what is to be compared must be of one moment.
  for (let tries = 0; tries < 5; tries += 1) {
    const before = await bus.feed(feed.name);
    const { entries, first, last } = await bus.extent(feed.feedId);
    const after = await bus.feed(feed.name);
    if (after === undefined || after.feedId !== feed.feedId) return undefined;
    const { head, floor } = after;
    if (before?.head !== head || before.floor !== floor) continue;
    if (entries === 0 && head === floor) return undefined;
    if (first === floor + 1 && last === head && entries === head - floor) return undefined;
    return `positions ${floor + 1} to ${head} should be there; there are ${entries}, from ${first} to ${last}`;
  }
  return undefined;
}

async function sample(
  bus: RawBus,
  { name, feedId, head, floor }: RawFeed,
): Promise<{ read: number; faults: string[] }> {
  const length = head - floor;
  const wanted = new Set<number>();
  for (let i = 0; i < Math.min(SAMPLE, length); i += 1) {
    for (const position of [floor + 1 + i, head - i, floor + 1 + Math.floor(Math.random() * length)])
      wanted.add(position);
  }
  const keys = async () => new Set((await bus.categories(feedId)).map(({ key }) => key));
  let categories = await keys();
  const faults: string[] = [];
  let read = 0;
  // One by one: a sample of large entries must not fill the memory.
  for (const position of wanted) {
    const [entry] = await bus.entries(feedId, [position]);
    if (entry === undefined) continue;
    read += 1;
    if ((await inspectEntry(bus, entry, categories)).faults.length === 0) continue;
    categories = await keys();
    const [again] = await bus.entries(feedId, [position]);
    if (again === undefined) continue;
    const found = (await inspectEntry(bus, again, categories)).faults;
    faults.push(...found.map((what) => `position ${position} (${again.atomId}): ${what}`));
  }
  if (faults.length > 0 && (await bus.feed(name))?.feedId !== feedId) return { read, faults: [] };
  return { read, faults };
}
