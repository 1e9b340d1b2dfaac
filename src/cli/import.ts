/** `atommq import`: feeds and entries of AtomMQ 1.x or AtomBus come into the configured database. */
import { maskDatabase } from '../config/database.js';
import type { Resolved, Settings } from '../config.js';
import { openDatabase } from '../store/dialect.js';
import { KnexStore } from '../store/knex.js';
import { LegacySource } from '../store/legacy.js';
import { StoreUnavailable } from '../store/store.js';
import { type Imported, importLegacy } from '../transfer/import.js';
import { brokenOff, databaseOf, mustExist, opening } from './databases.js';
import { Failed } from './failed.js';
import { Progress } from './progress.js';

/** Lines about single rows are many where something is wrong with all; these are enough to see what. */
const MOST_NOTES = 100;

export interface ImportFlags {
  from: string | undefined;
  asIs: boolean;
  json: boolean;
}

/** @returns the exit code: 1 when a row could not be taken over */
export async function importFrom({ settings }: Resolved, { from, asIs, json }: ImportFlags): Promise<number> {
  const notes: string[] = [];
  let more = 0;
  const { source, store } = await open(settings, from);
  try {
    const total = source.tables.reduce((sum, { rows }) => sum + rows, 0);
    const progress = new Progress('import', total);
    const onNote = (line: string) => {
      if (notes.length >= MOST_NOTES) more += 1;
      else {
        notes.push(line);
        progress.note(line);
      }
    };
    const { author } = settings;
    const done = await importLegacy(source, store, { author, asIs, onRow: () => progress.add(), onNote })
      .catch((error) => {
        throw error instanceof StoreUnavailable ? brokenOff(error.cause) : error;
      })
      .finally(() => progress.end());
    if (more > 0) process.stderr.write(`… and ${more} more lines like these\n`);
    const tables = source.tables.map(({ name, rows }) => ({ name, rows }));
    process.stdout.write(json ? `${JSON.stringify({ ...done, tables, notes })}\n` : summary(done));
    return done.conflicts + done.skipped === 0 ? 0 : 1;
  } finally {
    await source.close();
    await store.close();
  }
}

async function open(settings: Settings, from: string | undefined): Promise<{ source: LegacySource; store: KnexStore }> {
  const database = databaseOf('from', from);
  mustExist(from!, database);
  const source = await opening(from!, () => LegacySource.open(database));
  try {
    if (source.tables.length === 0) {
      throw new Failed(`${maskDatabase(from!)} has no table of AtomMQ 1.x (atommq_entry) or AtomBus (atombus_entry)`);
    }
    const target = await opening(settings.databaseName, () => openDatabase(settings.database, settings));
    return { source, store: new KnexStore(target, settings) };
  } catch (error) {
    await source.close();
    throw error;
  }
}

function summary(done: Imported): string {
  const counts: [number, string][] = [
    [done.stored, 'stored'],
    [done.there, 'there already'],
    [done.removed, 'removed by retention since'],
    [done.conflicts, 'in conflict with what the feed has'],
    [done.skipped, 'left out'],
  ];
  const changes: [number, string][] = [
    [done.escaped, 'contents are not well-formed and are kept as escaped text'],
    [done.binary, 'contents are not text and are kept in base64'],
    [done.mended, 'entries were encoded in UTF-8 twice and are no more'],
    [done.repaired, 'entries had something else that could not stay'],
  ];
  const said = counts.filter(([count], i) => i === 0 || count > 0).map(([count, what]) => `${count} ${what}`);
  const lines = [`${done.rows} rows of ${done.feeds} feeds: ${said.join(', ')}`];
  for (const [count, what] of changes) if (count > 0) lines.push(`${count} ${what}`);
  return `${lines.join('\n')}\n`;
}
