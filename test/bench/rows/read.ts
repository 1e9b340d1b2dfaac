/** Reading: polls that find nothing new, pages, single entries, and a feed from its start to its end. */
import { execFile } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PATH } from '../../doors/children.js';
import { fillFeed, keyAt } from '../fill.js';
import { pinned } from '../machine.js';
import type { Row } from '../row.js';
import type { Figures, Running, Stage } from '../stage.js';

const run = promisify(execFile);
const PAGE = 1000;

/** A server on a feed of 2,000 entries, whose pages fit into its cache. */
export async function small(stage: Stage): Promise<Running> {
  await stage.once('small', () => fillFeed(stage.database('small'), 'full', 2 * PAGE));
  return stage.server('small');
}

async function fillLarge(stage: Stage): Promise<void> {
  const file = stage.database('large');
  await fillFeed(file, 'full', stage.settings.entries);
  // CGI scripts of a web server run as its user, not as ours.
  chmodSync(file, 0o666);
}

/** A server on the large feed. */
export async function large(stage: Stage): Promise<Running> {
  return stage.server(await largeFile(stage));
}

/** The large feed's database. */
export async function largeFile(stage: Stage): Promise<string> {
  await stage.once('large', () => fillLarge(stage));
  return stage.database('large');
}

export const AT_END = (entries: number) => `/atommq/feed=full?start_after=urn:uuid:${keyAt(entries)}`;

async function poll(stage: Stage): Promise<Figures> {
  return stage.againstBare(await small(stage), { paths: [AT_END(2 * PAGE)], clients: 64 });
}

async function pollByTag(stage: Stage): Promise<Figures> {
  const server = await small(stage);
  const path = AT_END(2 * PAGE - 1);
  const { etag = '' } = (await server.ask('GET', path)).headers;
  return stage.againstBare(server, { paths: [path], headers: { 'If-None-Match': etag }, clients: 64 }, '/304');
}

/** Pages that are read anew each time. */
export async function uncached(stage: Stage, driver = ''): Promise<Figures> {
  const { entries } = stage.settings;
  // Every page another one, so that no two requests can share an answer.
  const count = Math.min(997, Math.floor(entries / PAGE) - 1);
  const paths = Array.from(
    { length: count },
    (_, i) => `/atommq/feed=full?start_after=urn:uuid:${keyAt(1 + Math.floor((i * (entries - PAGE - 1)) / count))}`,
  );
  const server = await stage.server(driver + (await largeFile(stage)), '--cache-bytes', '0');
  return stage.againstBare(server, { paths, clients: 8 });
}

async function replay(stage: Stage): Promise<Figures> {
  const server = await large(stage);
  const bare = await stage.bare();
  const { entries } = stage.settings;
  const page = await server.ask('GET', '/atommq/feed=full');
  const read = async (port: number, path: string, most: number) => {
    const program = fileURLToPath(new URL('../replay.js', import.meta.url));
    const { command, args } = pinned('load', process.execPath, [program, String(port), path, String(most)]);
    const { stdout } = await run(command, args, { env: { PATH } });
    const { pages, ms } = JSON.parse(/RESULT (.*)/.exec(stdout)![1]!);
    if (pages !== most) throw new Error(`${pages} pages of a feed that has ${most}`);
    return (pages * PAGE * 1000) / ms;
  };
  const pages = Math.ceil(entries / PAGE);
  const figures = await stage.compare(
    () => read(server.port, '/atommq/feed=full', pages),
    () => read(bare.port, `/${page.body.length}`, pages),
    server,
  );
  return { unit: 'entries/s', ...figures };
}

export const rows: Row[] = [
  { name: 'poll, nothing new, by start_after', against: 'bare GET', mark: 0.8, measure: poll },
  { name: 'poll, nothing new, by ETag', against: 'bare 304', mark: 0.8, measure: pollByTag },
  {
    name: 'page of 1,000, in cache',
    against: 'bare GET',
    mark: 0.85,
    measure: async (stage) => stage.againstBare(await small(stage), { paths: ['/atommq/feed=full'], clients: 8 }),
  },
  { name: 'page of 1,000, not in cache', against: 'bare GET', mark: 0.25, measure: (stage) => uncached(stage) },
  { name: 'replay by one consumer', against: 'bare GET', floor: 180_000, measure: replay },
  {
    name: 'one entry, 64 clients',
    against: 'bare GET',
    mark: 0.6,
    measure: async (stage) =>
      stage.againstBare(await small(stage), { paths: [`/atommq/feed=full/entries/${keyAt(700)}`], clients: 64 }),
  },
];
