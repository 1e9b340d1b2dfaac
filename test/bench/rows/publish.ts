/** Publishing: many clients, one client, and batches. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PATH } from '../../doors/children.js';
import { load } from '../load.js';
import { diskRate, pinned } from '../machine.js';
import type { Row } from '../row.js';
import { ATOM, entryOf, type Figures, type Stage } from '../stage.js';

const run = promisify(execFile);
const ENTRIES = 1000;

/** By 64 clients. */
export async function publish(stage: Stage, feeds: string[], database = 'publish'): Promise<Figures> {
  const server = await stage.server(database);
  const paths = feeds.map((feed) => `/atommq/feed=${feed}`);
  return stage.againstBare(server, { method: 'POST', paths, headers: ATOM, body: entryOf(), clients: 64 });
}

/** By one client. */
export async function alone(stage: Stage, database = 'publish'): Promise<Figures> {
  const server = await stage.server(database);
  const work = { port: server.port, method: 'POST' as const, headers: ATOM, body: entryOf(), clients: 1 };
  const figures = await stage.compare(
    async (seconds) => (await load({ ...work, paths: ['/atommq/feed=alone'], seconds })).rate,
    async (seconds) => diskRate(stage.folder, 500, seconds),
    server,
  );
  return { unit: 'entries/s', ...figures };
}

async function batch(stage: Stage, prefer: Record<string, string>): Promise<Figures> {
  const server = await stage.server('batch');
  const body = `<feed xmlns="http://www.w3.org/2005/Atom">${entryOf().repeat(ENTRIES)}</feed>`;
  const work = { port: server.port, method: 'POST' as const, headers: { ...ATOM, ...prefer }, body, clients: 4 };
  const figures = await stage.compare(
    async (seconds) => (await load({ ...work, paths: ['/atommq/feed=batch'], seconds })).rate * ENTRIES,
    (seconds) => rawInserts(stage, seconds),
    server,
  );
  return { unit: 'entries/s', ...figures };
}

/** What the `sqlite3` package inserts by itself. */
async function rawInserts(stage: Stage, seconds: number): Promise<number> {
  const program = fileURLToPath(new URL('../raw.js', import.meta.url));
  const argv = [program, join(stage.folder, 'raw.db'), entryOf(), String(ENTRIES), String(seconds)];
  const { command, args } = pinned('server', process.execPath, argv);
  return Number((await run(command, args, { env: { PATH } })).stdout);
}

const sixteen = Array.from({ length: 16 }, (_, i) => `load-${i}`);

export const rows: Row[] = [
  {
    name: 'publish, 64 clients, one feed',
    against: 'bare POST',
    mark: 0.4,
    measure: (stage) => publish(stage, ['load']),
  },
  {
    name: 'publish, 64 clients, 16 feeds',
    against: 'bare POST',
    mark: 0.35,
    measure: (stage) => publish(stage, sixteen),
  },
  { name: 'publish, 1 client', against: 'append + fdatasync', mark: 0.5, measure: (stage) => alone(stage) },
  {
    name: 'batch of 1,000 entries',
    against: 'raw sqlite3 inserts',
    mark: 0.5,
    floor: 40_000,
    measure: (stage) => batch(stage, {}),
  },
  {
    name: 'batch of 1,000 entries, return=minimal',
    against: 'raw sqlite3 inserts',
    measure: (stage) => batch(stage, { Prefer: 'return=minimal' }),
  },
];
