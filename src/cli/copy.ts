/** `atommq copy`: a whole bus from one database to another, compared at the end. */
import { resolve } from 'node:path';
import { ConfigError, type Resolved } from '../config.js';
import { openDatabase } from '../store/dialect.js';
import type { DatabaseSettings } from '../store/store.js';
import { RawBus } from '../store/transfer.js';
import { RawClients } from '../store/transfer-clients.js';
import { clientsFor, compareClients, copyClients, type Side } from '../transfer/clients.js';
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
      return await copyBetween(sideOf(reading), sideOf(writing), json);
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

async function copyBetween(from: Side, to: Side, json: boolean): Promise<number> {
  const total = await sizeOf(from.bus);
  const clients = await clientsFor(from, to);
  const copied = await withProgress('copy', total, (onEntries) => copyBus(from.bus, to.bus, onEntries));
  await copyClients(clients, from, to);
  const differences = await withProgress('check', total * 2, (onEntries) => compare(from.bus, to.bus, onEntries));
  const others = await compareClients(from, to);
  for (const { feed, what } of differences) process.stderr.write(`atommq: the feed ${JSON.stringify(feed)} ${what}\n`);
  for (const other of others) process.stderr.write(`atommq: ${other}\n`);
  const [tokens, subscriptions] = [clients.tokens.length, clients.subscriptions.length];
  if (json) process.stdout.write(`${JSON.stringify({ ...copied, tokens, subscriptions, differences, others })}\n`);
  else {
    const { feeds, entries, written, media } = copied;
    const wrong = [
      ...(differences.length === 0 ? [] : [`${differences.length} feeds`]),
      ...(others.length === 0 ? [] : [`${others.length} tokens or subscriptions`]),
    ];
    process.stdout.write(
      `${entries} entries of ${feeds} feeds: ${written} written, ${media} of them media; ` +
        `${tokens} tokens and ${subscriptions} subscriptions; ` +
        `${wrong.length === 0 ? 'both are the same by count and digest' : `${wrong.join(' and ')} DIFFER`}\n`,
    );
  }
  return differences.length + others.length === 0 ? 0 : 1;
}

function sideOf({ writer }: Awaited<ReturnType<typeof openDatabase>>): Side {
  return { bus: new RawBus(writer), clients: new RawClients(writer) };
}

function placeOf({ client, connection }: DatabaseSettings): string {
  const { filename, host, port, socketPath, database } = connection;
  return typeof filename === 'string' ? resolve(filename) : JSON.stringify([client, host, port, socketPath, database]);
}
