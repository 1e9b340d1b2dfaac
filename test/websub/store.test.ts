/** What the hub keeps, on each database: requests until they are verified, places that only go forward, ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDatabase } from '../../src/config/database.js';
import { openDatabase } from '../../src/store/dialect.js';
import { KnexStore } from '../../src/store/knex.js';
import type { NewRequest, Progress, Subscription, Subscriptions } from '../../src/store/subscription.js';
import { eachDatabase } from '../store/databases.js';

const OPTIONS = { busyTimeout: 10, poolSize: 6, connectTimeout: 5, queryTimeout: 20 };
/** Microseconds, as the store counts. */
const HOUR = 3600 * 1e6;

const asked = (id: string, more: Partial<NewRequest> = {}): NewRequest => ({
  id,
  requestId: `${id}-1`,
  mode: 'subscribe',
  topic: 'http://localhost/atommq/feed=wídgets?format=json',
  base: 'http://localhost/atommq',
  feed: 'wídgets',
  callback: `http://localhost/${id}?a=b`,
  lease: 100,
  secret: 'a secret, ünïcode \u{1F600}',
  feedId: 7,
  position: 2 ** 40,
  at: 1000,
  ...more,
});

const progress = (id: string, position: number, more: Partial<Progress> = {}): Progress => ({
  ...{ id, feedId: 7, position, failures: 0, failingSince: 0, nextAt: 0, dead: false, error: undefined },
  ...more,
});

eachDatabase((kind) => {
  const inStore = (name: string, work: (kept: Subscriptions) => Promise<void>) =>
    test(name, async () => {
      const database = await openDatabase(parseDatabase(await kind.create()), OPTIONS);
      const store = new KnexStore(database, { retryDeadline: 10 });
      try {
        await work(store.subscriptions);
      } finally {
        await store.close();
      }
    });
  const all = (kept: Subscriptions) => kept.list('', 1000);
  const confirmed = async (kept: Subscriptions, id: string, more: Partial<NewRequest> = {}): Promise<Subscription> => {
    const request = asked(id, more);
    assert.equal(await kept.request(request), true);
    const subscription = await kept.confirm(id, request.requestId, 2000 + HOUR);
    assert.ok(subscription !== undefined);
    return subscription;
  };

  inStore('a request waits until it is confirmed, and comes back as it was', async (kept) => {
    assert.equal(await kept.count(), 0);
    assert.equal(await kept.request(asked('a')), true);
    assert.deepEqual(await all(kept), []);
    const [pending] = await kept.pending(10);
    assert.equal(pending?.leaseUntil, 0);
    const { requestId, mode, lease, secret } = asked('a');
    assert.deepEqual(pending?.pending, { requestId, mode, lease, secret });
    assert.equal(await kept.confirm('a', 'another', 5), undefined);
    await kept.confirm('a', 'a-1', 2000 + HOUR);
    assert.deepEqual(await kept.pending(10), []);
    const { topic, base, feed, callback } = asked('a');
    const expected = { id: 'a', topic, base, feed, callback, secret, createdAt: 1000, leaseUntil: 2000 + HOUR };
    assert.deepEqual(await all(kept), [{ ...expected, progress: progress('a', 2 ** 40), pending: undefined }]);
    assert.deepEqual(await kept.find('a'), (await all(kept))[0]);
    assert.equal(await kept.count(), 1);
  });

  inStore('the oldest request is the first, and the latest for one subscription is the one', async (kept) => {
    await kept.request(asked('b', { at: 2000 }));
    await kept.request(asked('c', { at: 1000 }));
    await kept.request(asked('c', { at: 3000, requestId: 'c-2', secret: undefined }));
    const ids = (await kept.pending(10)).map(({ pending }) => pending?.requestId);
    assert.deepEqual(ids, ['b-1', 'c-2']);
    assert.equal((await kept.pending(1)).length, 1);
    assert.equal(await kept.confirm('c', 'c-1', 9000), undefined);
    await kept.refuse('c', 'c-1');
    assert.equal((await kept.confirm('c', 'c-2', 9000))?.secret, undefined);
  });

  inStore('what is refused is gone if it was new, and otherwise as it was', async (kept) => {
    await kept.request(asked('new'));
    await kept.refuse('new', 'new-1');
    assert.equal(await kept.find('new'), undefined);
    const before = await confirmed(kept, 'old');
    await kept.request(asked('old', { requestId: 'old-2', secret: 'other', position: 1, at: 3000 }));
    await kept.refuse('old', 'old-2');
    assert.deepEqual(await kept.find('old'), before);
  });

  inStore('a renewal keeps the place and forgets failures; after the end of a lease it begins anew', async (kept) => {
    await confirmed(kept, 'a');
    const failing = { failures: 9, failingSince: 5, nextAt: 6, dead: true, error: 'x' };
    await kept.record([progress('a', 2 ** 40 + 5, failing)]);
    assert.deepEqual((await kept.find('a'))?.progress, progress('a', 2 ** 40 + 5, failing));
    const renewed = await confirmed(kept, 'a', { requestId: 'a-2', position: 2 ** 41, at: 3000 });
    assert.deepEqual(renewed.progress, progress('a', 2 ** 40 + 5));
    await kept.request(asked('a', { requestId: 'a-3', position: 2 ** 41, at: 3000 + 2 * HOUR }));
    assert.deepEqual((await kept.find('a'))?.progress, progress('a', 2 ** 41));
    assert.deepEqual(await all(kept), []);
  });

  inStore('a place never goes back', async (kept) => {
    await confirmed(kept, 'a');
    await confirmed(kept, 'b');
    await kept.record([progress('b', 2 ** 40 + 2), progress('a', 2 ** 40 + 1)]);
    await kept.record([progress('a', 2 ** 40), progress('b', 2 ** 40 + 3), progress('nobody', 1)]);
    const places = (await all(kept)).map(({ progress: { position } }) => position - 2 ** 40);
    assert.deepEqual(places, [1, 3]);
    // But into a feed that was made after the one that it is of.
    await kept.record([progress('a', 1, { feedId: 8 })]);
    await kept.record([progress('a', 2 ** 40 + 9)]);
    assert.deepEqual((await kept.find('a'))?.progress, progress('a', 1, { feedId: 8 }));
  });

  inStore('an end is confirmed, comes from a callback that is gone, or with the lease', async (kept) => {
    assert.equal(await kept.request(asked('a', { mode: 'unsubscribe' })), false);
    for (const id of ['a', 'b', 'c', 'd']) await confirmed(kept, id);
    await kept.request(asked('a', { mode: 'unsubscribe', requestId: 'a-2', secret: undefined, at: 3000 }));
    assert.equal((await all(kept)).length, 4);
    assert.equal(await kept.confirm('a', 'a-2', 0), undefined);
    assert.equal(await kept.find('a'), undefined);
    await kept.end('b');
    assert.equal(await kept.find('b'), undefined);
    await kept.request(asked('c', { requestId: 'c-2', at: 3000 }));
    await kept.end('c');
    assert.equal((await kept.find('c'))?.pending?.requestId, 'c-2');
    await kept.removeEnded(2000 + HOUR - 1);
    assert.notEqual(await kept.find('d'), undefined);
    await kept.removeEnded(2000 + HOUR);
    assert.equal(await kept.find('d'), undefined);
    assert.equal(await kept.count(), 1);
  });

  inStore('they are listed by id, some at a time', async (kept) => {
    for (const id of ['c', 'a', 'e', 'b', 'd']) await confirmed(kept, id);
    const ids = async (after: string) => (await kept.list(after, 2)).map(({ id }) => id);
    assert.deepEqual(
      [await ids(''), await ids('b'), await ids('d'), await ids('e')],
      [['a', 'b'], ['c', 'd'], ['e'], []],
    );
  });

  inStore('the same asked for by many at once is there once', async (kept) => {
    const requests = Array.from({ length: 8 }, (_, n) => asked('a', { requestId: `a-${n}`, at: 1000 + n }));
    await Promise.all(requests.map((request) => kept.request(request)));
    assert.equal(await kept.count(), 1);
    const [{ pending }] = (await kept.pending(10)) as [Subscription];
    const won = await Promise.all(requests.map(({ requestId }) => kept.confirm('a', requestId, 9000)));
    assert.deepEqual(
      won.map((subscription) => subscription !== undefined),
      requests.map(({ requestId }) => requestId === pending?.requestId),
    );
  });
});
