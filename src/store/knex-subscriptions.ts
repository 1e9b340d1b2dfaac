/** The subscriptions of the WebSub hub by Knex's builder, which says the same to every database. */
import type { Knex } from 'knex';
import type { NewRequest, Progress, Subscription, Subscriptions } from './subscription.js';

type Work<R> = (knex: Knex) => Promise<R>;
type Write = <R>(work: (trx: Knex.Transaction, again: boolean) => Promise<R>) => Promise<R>;

interface SubscriptionRow {
  subscription_id: string;
  topic: string;
  base: string;
  feed: string;
  callback: string;
  secret: string | null;
  created_at: number | string;
  feed_id: number;
  position: number | string;
  lease_until: number | string;
  failures: number;
  failing_since: number | string;
  next_at: number | string;
  dead: number;
  last_error: string | null;
  pending_id: string | null;
  pending_mode: string | null;
  pending_lease: number | string | null;
  pending_secret: string | null;
}

const TABLE = 'mq_subscription';
/** A request that is verified, or is not to be. */
const NOT_PENDING = {
  pending_id: null,
  pending_at: null,
  pending_mode: null,
  pending_lease: null,
  pending_secret: null,
};
/** Nothing has failed. */
const FRESH = { failures: 0, failing_since: 0, next_at: 0, dead: 0, last_error: null };

export class KnexSubscriptions implements Subscriptions {
  readonly #read: <R>(work: Work<R>) => Promise<R>;
  readonly #write: Write;

  /** @param read runs a question, @param write runs work in a transaction; both again where that may help */
  constructor(read: <R>(work: Work<R>) => Promise<R>, write: Write) {
    this.#read = read;
    this.#write = write;
  }

  async count(): Promise<number> {
    const [row] = await this.#read<{ n: number | string }[]>(async (knex) => knex(TABLE).count({ n: '*' }));
    return Number(row?.n ?? 0);
  }

  async find(id: string): Promise<Subscription | undefined> {
    const [row] = await this.#read<SubscriptionRow[]>(async (knex) => knex(TABLE).where({ subscription_id: id }));
    return row && asSubscription(row);
  }

  request(asked: NewRequest): Promise<boolean> {
    const { id, topic, base, feed, callback, at } = asked;
    const pending = {
      pending_id: asked.requestId,
      pending_at: at,
      pending_mode: asked.mode,
      pending_lease: asked.lease,
      pending_secret: asked.secret ?? null,
    };
    const place = { feed_id: asked.feedId, position: asked.position };
    return this.#write(async (trx) => {
      const row = await locked(trx, id);
      if (row === undefined) {
        if (asked.mode === 'unsubscribe') return false;
        const made = { subscription_id: id, topic, base, feed, callback, created_at: at, lease_until: 0 };
        await trx(TABLE).insert({ ...made, ...place, ...pending });
        return true;
      }
      const until = Number(row.lease_until);
      // One whose lease has ended begins anew, whether or not its row is gone yet.
      const anew = asked.mode === 'subscribe' && until > 0 && until <= at ? { ...place, ...FRESH, lease_until: 0 } : {};
      await trx(TABLE)
        .where({ subscription_id: id })
        .update({ ...anew, ...pending });
      return true;
    });
  }

  async pending(limit: number): Promise<Subscription[]> {
    const rows = await this.#read<SubscriptionRow[]>(async (knex) =>
      knex(TABLE).whereNotNull('pending_at').orderBy('pending_at').limit(limit),
    );
    return rows.map(asSubscription);
  }

  confirm(id: string, requestId: string, leaseUntil: number): Promise<Subscription | undefined> {
    return this.#write(async (trx, again) => {
      const row = await locked(trx, id);
      if (row === undefined) return undefined;
      if (row.pending_id !== requestId) {
        // It was stored and the answer got lost, or another request has come.
        return again && Number(row.lease_until) === leaseUntil ? asSubscription(row) : undefined;
      }
      if (row.pending_mode === 'unsubscribe') {
        await trx(TABLE).where({ subscription_id: id }).delete();
        return undefined;
      }
      const confirmed = { lease_until: leaseUntil, secret: row.pending_secret, ...FRESH, ...NOT_PENDING };
      await trx(TABLE).where({ subscription_id: id }).update(confirmed);
      return asSubscription({ ...row, ...confirmed });
    });
  }

  refuse(id: string, requestId: string): Promise<void> {
    return this.#write(async (trx) => {
      await trx(TABLE).where({ subscription_id: id, pending_id: requestId, lease_until: 0 }).delete();
      await trx(TABLE).where({ subscription_id: id, pending_id: requestId }).update(NOT_PENDING);
    });
  }

  async list(after: string, limit: number): Promise<Subscription[]> {
    const rows = await this.#read<SubscriptionRow[]>(async (knex) =>
      knex(TABLE)
        .where('subscription_id', '>', after)
        .where('lease_until', '>', 0)
        .orderBy('subscription_id')
        .limit(limit),
    );
    return rows.map(asSubscription);
  }

  async record(progress: Progress[]): Promise<void> {
    // In one order, so that two processes cannot lock each other out.
    const sorted = progress.slice().sort((a, b) => (a.id < b.id ? -1 : 1));
    await this.#write(async (trx) => {
      for (const { id, feedId, position, failures, failingSince, nextAt, dead, error } of sorted) {
        await trx(TABLE)
          .where({ subscription_id: id })
          .where((was) =>
            was
              .where('feed_id', '<', feedId)
              .orWhere((same) => same.where({ feed_id: feedId }).where('position', '<=', position)),
          )
          .update({
            feed_id: feedId,
            position,
            failures,
            failing_since: failingSince,
            next_at: nextAt,
            dead: dead ? 1 : 0,
            last_error: error ?? null,
          });
      }
    });
  }

  end(id: string): Promise<void> {
    return this.#write(async (trx) => {
      await trx(TABLE).where({ subscription_id: id, pending_id: null }).delete();
      await trx(TABLE).where({ subscription_id: id }).update({ lease_until: 0 });
    });
  }

  async removeEnded(time: number): Promise<void> {
    await this.#write((trx) =>
      trx(TABLE).where('lease_until', '>', 0).where('lease_until', '<=', time).whereNull('pending_id').delete(),
    );
  }
}

async function locked(trx: Knex.Transaction, id: string): Promise<SubscriptionRow | undefined> {
  const [row]: SubscriptionRow[] = await trx(TABLE).where({ subscription_id: id }).forUpdate();
  return row;
}

function asSubscription(row: SubscriptionRow): Subscription {
  const { pending_id: requestId, pending_mode: mode } = row;
  return {
    id: row.subscription_id,
    topic: row.topic,
    base: row.base,
    feed: row.feed,
    callback: row.callback,
    secret: row.secret ?? undefined,
    createdAt: Number(row.created_at),
    leaseUntil: Number(row.lease_until),
    progress: {
      id: row.subscription_id,
      feedId: Number(row.feed_id),
      position: Number(row.position),
      failures: Number(row.failures),
      failingSince: Number(row.failing_since),
      nextAt: Number(row.next_at),
      dead: Number(row.dead) === 1,
      error: row.last_error ?? undefined,
    },
    pending:
      requestId === null
        ? undefined
        : {
            requestId,
            mode: mode === 'unsubscribe' ? 'unsubscribe' : 'subscribe',
            lease: Number(row.pending_lease),
            secret: row.pending_secret ?? undefined,
          },
  };
}
