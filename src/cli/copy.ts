/** `atommq copy`: a whole bus from one database to another, compared at the end. */
import { resolve } from 'node:path';
import { ConfigError, type Resolved } from '../config.js';
import { openDatabase } from '../store/dialect.js';
import type { DatabaseSettings } from '../store/store.js';
import { RawBus } from '../store/transfer.js';
import { compare, copyBus, Refused, sizeOf } from '../transfer/copy.js';
import { brokenOff, databaseOf, mustExist, opening } from './databases.js';
import { Failed } from './failed.js';
import { withProgress } from './progress.js';

export interface CopyFlags {
  from: string | undefined;
  to: string | undefined;
  json: boolean;
}

/** @returns the exit code: 1 when the two are not the same in the end */
export async function copyAll({ settings }: Resolved, { from, to, json }: CopyFlags): Promise<number> {
  const source = databaseOf('from', from);
  const target = databaseOf('to', to);
  if (placeOf(source) === placeOf(target)) throw new ConfigError('--from and --to are the same database');
  mustExist(from!, source);
  const reading = await opening(from!, () => openDatabase(source, settings));
  try {
    const writing = await opening(to!, () => openDatabase(target, settings));
    try {
      return await copyBetween(new RawBus(reading.writer), new RawBus(writing.writer), json);
    } catch (error) {
      if (error instanceof Refused) throw new Failed(error.message);
      throw [reading, writing].some(({ dialect }) => dialect.trouble(error) !== undefined) ? brokenOff(error) : error;
    } finally {
      await writing.close();
    }
  } finally {
    await reading.close();
  }
}

async function copyBetween(from: RawBus, to: RawBus, json: boolean): Promise<number> {
  const total = await sizeOf(from);
  const copied = await withProgress('copy', total, (onEntries) => copyBus(from, to, onEntries));
  const differences = await withProgress('check', total * 2, (onEntries) => compare(from, to, onEntries));
  for (const { feed, what } of differences) process.stderr.write(`atommq: the feed ${JSON.stringify(feed)} ${what}\n`);
  if (json) process.stdout.write(`${JSON.stringify({ ...copied, differences })}\n`);
  else {
    const { feeds, entries, written, media } = copied;
    process.stdout.write(
      `${entries} entries of ${feeds} feeds: ${written} written, ${media} of them media; ` +
        `${differences.length === 0 ? 'both are the same by count and digest' : `${differences.length} feeds DIFFER`}\n`,
    );
  }
  return differences.length === 0 ? 0 : 1;
}

function placeOf({ client, connection }: DatabaseSettings): string {
  const { filename, host, port, socketPath, database } = connection;
  return typeof filename === 'string' ? resolve(filename) : JSON.stringify([client, host, port, socketPath, database]);
}
