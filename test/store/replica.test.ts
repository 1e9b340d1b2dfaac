/** Reads from a replica that lags, is away or is up to date: a consumer never notices. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDatabase } from '../../src/config/database.js';
import { type Database, openDatabase } from '../../src/store/dialect.js';
import { KnexStore } from '../../src/store/knex.js';
import { Replica } from '../../src/store/replica.js';
import { eachDatabase } from './databases.js';
import { append, entry, idsOf, OPTIONS, openStore } from './stores.js';

/** Makes one database what the other is now. */
async function catchUp(replica: Database, primary: Database): Promise<void> {
  for (const table of ['mq_entry', 'mq_feed']) await replica.writer(table).delete();
  for (const table of ['mq_feed', 'mq_entry']) {
    const rows: object[] = await primary.writer(table);
    if (rows.length > 0) await replica.writer(table).insert(rows);
  }
}

eachDatabase((kind) => {
  test('pages come from the replica when it has them, and from the database when not', async (t) => {
    const name = await kind.create();
    const copyName = await kind.create();
    const [primary, copy] = [await openStore(name), await openStore(copyName)];
    let asked = 0;
    let served = 0;
    const errors: unknown[] = [];
    const replica = new Replica(
      async () => {
        const database = await openDatabase(parseDatabase(copyName), { ...OPTIONS, asIs: true });
        const { pageAt } = database.questions;
        database.questions.pageAt = async (feedId, range) => {
          asked += 1;
          const page = await pageAt!(feedId, range);
          served += page?.entries.length ?? 0;
          return page;
        };
        return database;
      },
      (error) => errors.push(error),
    );
    const store = new KnexStore(await openDatabase(parseDatabase(name), OPTIONS), { retryDeadline: 10 }, replica);
    t.after(() => Promise.all([store.close(), primary.store.close(), copy.store.close()]));

    const ids = Array.from({ length: 10 }, (_, i) => `urn:${i}`);
    const first = entry('urn:0');
    await store.append([append('f', [first, ...ids.slice(1, 5).map((id) => entry(id))])]);
    // It knows nothing yet.
    assert.deepEqual(await idsOf(store, 'f'), ids.slice(0, 5));
    await catchUp(copy.database, primary.database);
    await store.append([
      append(
        'f',
        ids.slice(5).map((id) => entry(id)),
      ),
    ]);
    const feed = (await store.feed('f'))!;
    const pageOf = async (from: number, limit: number, descending = false) => {
      const before = served;
      const page = await store.page(feed.feedId, { from, limit, descending, bytes: 1e9 });
      return { ids: page.map(({ atomId }) => atomId), fromReplica: served > before };
    };
    // It has the first half.
    assert.deepEqual(await pageOf(0, 5), { ids: ids.slice(0, 5), fromReplica: true });
    assert.deepEqual((await pageOf(3, 4)).ids, ids.slice(3, 7));
    assert.deepEqual((await pageOf(11, 4, true)).ids, ids.slice(6).reverse());
    assert.deepEqual(await idsOf(store, 'f'), ids);
    // It has all, and then an entry is revised.
    await catchUp(copy.database, primary.database);
    assert.deepEqual(await pageOf(0, 100), { ids, fromReplica: true });
    assert.deepEqual(await pageOf(11, 3, true), { ids: ids.slice(7).reverse(), fromReplica: true });
    const change = () => ({ xml: '<entry>new</entry>', hasAuthor: false, categories: [] });
    await store.revise({ feed: 'f', key: first.key, at: first.at, change });
    await store.feed('f');
    const [revised] = await store.page(feed.feedId, { from: 0, limit: 1, descending: false, bytes: 1e9 });
    assert.equal(revised!.xml, '<entry>new</entry>');
    // Retention has removed what the replica still has.
    await store.prune(feed.feedId, { maxEntries: 4 });
    assert.deepEqual(await idsOf(store, 'f'), ids.slice(6));
    await catchUp(copy.database, primary.database);
    assert.deepEqual(await pageOf(0, 100), { ids: ids.slice(6), fromReplica: true });
    assert.deepEqual(errors, []);
    assert.ok(asked > 5);
  });

  test('a replica that does not open is missed by nobody', async (t) => {
    const errors: unknown[] = [];
    const replica = new Replica(
      () => openDatabase(parseDatabase('postgres://127.0.0.1:1/none'), { ...OPTIONS, asIs: true }),
      (error) => errors.push(error),
    );
    const database = await openDatabase(parseDatabase(await kind.create()), OPTIONS);
    const store = new KnexStore(database, { retryDeadline: 10 }, replica);
    t.after(() => store.close());
    for (const id of ['urn:1', 'urn:2', 'urn:3']) {
      await store.append([append('f', [entry(id)])]);
      assert.equal((await idsOf(store, 'f')).at(-1), id);
    }
    assert.equal(errors.length, 1);
  });
});
