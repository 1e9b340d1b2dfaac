/** Tokens and subscriptions from one database to another: who could come to a bus still can, and gets what is next. */
import type { RawBus } from '../store/transfer.js';
import type { RawClients, RawSubscription, RawToken } from '../store/transfer-clients.js';
import { Refused } from './copy.js';

/** A database, and what of it this is about. */
export interface Side {
  bus: RawBus;
  clients: RawClients;
}

/** Those of a source, before its feeds are copied: nobody has then come further than the copies will. */
export interface Clients {
  tokens: RawToken[];
  subscriptions: RawSubscription[];
}

/** @throws Refused when the target has another token of an id */
export async function clientsFor({ bus, clients }: Side, to: Side): Promise<Clients> {
  const held = new Map((await to.clients.tokens()).map(({ token_id, hash }) => [token_id, hash]));
  const tokens = await clients.tokens();
  for (const { token_id, hash } of tokens) {
    if ((held.get(token_id) ?? hash) !== hash) throw new Refused(`the target has another token ${token_id}`);
  }
  return { tokens, subscriptions: await clients.subscriptions(await bus.feeds()) };
}

/** Writes them; the feeds are there. */
export async function copyClients({ tokens, subscriptions }: Clients, from: Side, to: Side): Promise<void> {
  await to.clients.putTokens(tokens);
  const names = new Set((await from.bus.feeds()).map(({ name }) => name));
  const feeds = (await to.bus.feeds()).filter(({ name }) => names.has(name));
  await to.clients.putSubscriptions(subscriptions, feeds);
}

/** What is not the same in both, for people. */
export async function compareClients(from: Side, to: Side): Promise<string[]> {
  const sides = [from, to].map(async ({ bus, clients }) => {
    const tokens = (await clients.tokens()).map((row): [string, unknown] => [`token ${row.token_id}`, row]);
    const subscriptions = (await clients.subscriptions(await bus.feeds())).map((row): [string, unknown] => [
      `subscription of ${row.callback} to ${row.topic}`,
      row,
    ]);
    return new Map([...tokens, ...subscriptions].map(([name, row]) => [name, sorted(row as object)]));
  });
  const [here, there] = (await Promise.all(sides)) as [Map<string, string>, Map<string, string>];
  return [...here]
    .filter(([name, row]) => there.get(name) !== row)
    .map(([name]) => `the ${name} ${there.has(name) ? 'is another' : 'is not there'}`);
}

/** A row as a text, whatever order its columns come in. */
function sorted(row: object): string {
  return JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
}
