/** `atommq verify`: whether feeds are as they were stored, entry by entry. */
import { type Fault, type Verified, verifyFeed } from '../check/feed.js';
import { maskDatabase } from '../config/database.js';
import { ConfigError } from '../config.js';
import { feedName } from '../resource/address.js';
import { type Database, openDatabase } from '../store/dialect.js';
import { readMarks, refuseOlder } from '../store/migrate.js';
import { RawBus, type RawFeed } from '../store/transfer.js';
import { type Paint, paintFor } from './colour.js';
import type { Input } from './command.js';
import { mustExist, opening } from './databases.js';
import { Failed } from './failed.js';
import { withProgress } from './progress.js';

/** With `--json` so many faults are listed; all of them are counted. */
const MOST_FAULTS = 10_000;

/** @returns the exit code: 1 when something is wrong */
export async function verify({ resolved: { settings }, words, flags }: Input): Promise<number> {
  const json = flags.json === true;
  if (flags.all === true ? words.length > 0 : words.length === 0) {
    throw new ConfigError('verify needs either the names of feeds or --all');
  }
  const name = settings.databaseName;
  mustExist(name, settings.database);
  const database = await opening(name, () => openDatabase(settings.database, { ...settings, asIs: true }));
  try {
    await asItIs(database, name);
    const bus = new RawBus(database.writer);
    return await verifyAll(bus, await feedsOf(bus, words), json, paintFor(process.stdout, flags.color));
  } catch (error) {
    if (database.dialect.trouble(error) === undefined) throw error;
    throw new Failed(`the database cannot read it (${(error as Error).message})`);
  } finally {
    await database.close();
  }
}

async function feedsOf(bus: RawBus, words: string[]): Promise<RawFeed[]> {
  if (words.length === 0) return bus.feeds();
  const feeds = [];
  for (const word of new Set(words.map(nameOf))) {
    const feed = await bus.feed(word);
    if (feed === undefined) throw new Failed(`there is no feed named ${JSON.stringify(word)}`);
    feeds.push(feed);
  }
  return feeds;
}

async function verifyAll(bus: RawBus, feeds: RawFeed[], json: boolean, paint: Paint): Promise<number> {
  const results: Verified[] = [];
  const faults: Fault[] = [];
  const total = feeds.reduce((sum, { head, floor }) => sum + head - floor, 0);
  await withProgress('verify', total, async (onEntries, progress) => {
    const onFault = (fault: Fault) => {
      if (!json) progress.above(() => process.stdout.write(`${paint('red', lineOf(fault))}\n`));
      else if (faults.length < MOST_FAULTS) faults.push(fault);
    };
    for (const feed of feeds) {
      const result = await verifyFeed(bus, feed, { onEntries, onFault });
      if (result !== undefined) results.push(result);
    }
  });
  if (json) process.stdout.write(`${JSON.stringify({ feeds: results, faults })}\n`);
  else
    for (const result of results)
      process.stdout.write(`${paint(result.faults === 0 ? 'green' : 'red', summaryOf(result))}\n`);
  return results.every((result) => result.faults === 0) ? 0 : 1;
}

function lineOf({ feed, position, id, what }: Fault): string {
  const where = position === undefined ? '' : `, position ${position}${id === undefined ? '' : ` (${id})`}`;
  return `${feed}${where}: ${what}`;
}

function summaryOf({ feed, entries, media, uncovered, faults }: Verified): string {
  const files = media === 0 ? '' : `, ${media} of them media`;
  const old = uncovered === 0 ? '' : `; ${uncovered} of them were changed before there were digests of changed entries`;
  const found = faults === 0 ? 'all as they were stored' : `${faults} ${faults === 1 ? 'FAULT' : 'FAULTS'}`;
  return `${feed}: ${entries} entries${files}, ${found}${old}`;
}

/** Nothing is changed by looking: not even the tables of an older version. */
async function asItIs({ writer }: Database, name: string): Promise<void> {
  const marks = await readMarks(writer);
  try {
    refuseOlder(marks, maskDatabase(name));
  } catch (error) {
    throw new Failed((error as Error).message);
  }
}

/** @throws ConfigError for what no feed can be named */
function nameOf(word: string): string {
  try {
    return feedName(word);
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}
