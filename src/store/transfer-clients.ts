/** Who comes to a bus, as rows: tokens, and subscriptions of the hub, for moving them between databases. */
import type { Knex } from 'knex';
import type { RawFeed } from './transfer-rows.js';

/** A row with numbers for numbers, whatever the driver gives. */
export type RawToken = { token_id: string; hash: string; revoked_at: number } & Row;
/** The same; the number of the feed is this database's own, and its place that in the feed as it now is. */
export type RawSubscription = { subscription_id: string; feed: string; position: number } & Omit<Row, 'feed_id'>;

type Row = Record<string, string | number | null>;

const TOKENS = 'mq_token';
const SUBSCRIPTIONS = 'mq_subscription';
/** Columns that some drivers give as texts. */
const NUMBERS = new Set(['created_at', 'expires_at', 'revoked_at', 'feed_id', 'position', 'lease_until', 'failures']);
for (const name of ['failing_since', 'next_at', 'dead', 'pending_at', 'pending_lease']) NUMBERS.add(name);
/** Rows that are read at a time. */
const MOST = 500;

export class RawClients {
  readonly #knex: Knex;

  constructor(writer: Knex) {
    this.#knex = writer;
  }

  /** All tokens by their ids. */
  tokens(): Promise<RawToken[]> {
    return this.#all<RawToken>(TOKENS, 'token_id');
  }

  /** Writes tokens over those of the same ids. One that was revoked there stays so. */
  async putTokens(tokens: RawToken[]): Promise<void> {
    await this.#knex.transaction(async (trx) => {
      for (const token of tokens) {
        const { token_id } = token;
        const [held]: Row[] = await trx(TOKENS).where({ token_id }).select('revoked_at');
        if (held === undefined) await trx(TOKENS).insert(token);
        else {
          const revoked_at = Number(held.revoked_at) || token.revoked_at;
          await trx(TOKENS)
            .where({ token_id })
            .update({ ...token, revoked_at });
        }
      }
    });
  }

  /** All subscriptions by their ids, to feeds that there are or not. */
  async subscriptions(feeds: RawFeed[]): Promise<RawSubscription[]> {
    const ids = new Map(feeds.map(({ name, feedId }) => [name, feedId]));
    const rows = await this.#all<RawSubscription & { feed_id: number }>(SUBSCRIPTIONS, 'subscription_id');
    return rows.map(({ feed_id, ...row }) => ({
      ...row,
      // One that has not come to the feed as it now is begins there where that begins.
      position: ids.get(row.feed) === feed_id ? row.position : 0,
    }));
  }

  /** Makes the subscriptions to these feeds these, and no others. */
  async putSubscriptions(subscriptions: RawSubscription[], feeds: RawFeed[]): Promise<void> {
    const ids = new Map(feeds.map(({ name, feedId }) => [name, feedId]));
    const wanted = new Set(subscriptions.map(({ subscription_id }) => subscription_id));
    const held = await this.subscriptions(feeds);
    await this.#knex.transaction(async (trx) => {
      for (const { subscription_id, feed } of held) {
        if (ids.has(feed) || wanted.has(subscription_id)) await trx(SUBSCRIPTIONS).where({ subscription_id }).delete();
      }
      const rows = subscriptions.map((row) => ({ ...row, feed_id: ids.get(row.feed) ?? 0 }));
      if (rows.length > 0) await trx.batchInsert(SUBSCRIPTIONS, rows, 20);
    });
  }

  async #all<R extends Row>(table: string, key: string): Promise<R[]> {
    const all: R[] = [];
    for (let after = ''; ; ) {
      const rows: Row[] = await this.#knex(table).where(key, '>', after).orderBy(key).limit(MOST);
      all.push(...rows.map((row) => asNumbers(row) as R));
      if (rows.length < MOST) return all;
      after = String(rows.at(-1)![key]);
    }
  }
}

function asNumbers(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value !== null && NUMBERS.has(name) ? Number(value) : value]),
  );
}
