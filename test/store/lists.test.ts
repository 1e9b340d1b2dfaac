/** What pages for people ask of every database: some feeds at a time, and when entries came. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eachDatabase } from './databases.js';
import { append, entry, type OpenStore, openStore } from './stores.js';

eachDatabase((kind) => {
  let open: OpenStore;
  before(async () => {
    open = await openStore(await kind.create());
  });
  after(() => open.store.close());

  test('feeds after a name, whose name holds a text', async () => {
    const { store } = open;
    const names = ['50%', '50%_off', '500', 'a!b', 'b', 'ä', 'gone'];
    await store.append(names.map((name) => append(name, [entry(`urn:e:${name}`)])));
    await store.removeFeed('gone');
    const listed = async (after: string, holding: string, limit = 10) =>
      (await store.feedsAfter(after, holding, limit)).map(({ name }) => name);
    assert.deepEqual(await listed('', ''), ['50%', '500', '50%_off', 'a!b', 'b', 'ä'].sort());
    assert.deepEqual(await listed('50%', ''), ['500', '50%_off', 'a!b', 'b', 'ä'].sort());
    assert.deepEqual(await listed('', '', 2), ['50%', '50%_off']);
    assert.deepEqual(await listed('', '50%'), ['50%', '50%_off']);
    assert.deepEqual(await listed('', '_'), ['50%_off']);
    assert.deepEqual(await listed('', '!'), ['a!b']);
    assert.deepEqual(await listed('', 'ä'), ['ä']);
    assert.deepEqual(await listed('z', 'b'), []);
  });

  test('when entries came, in the order of their positions', async () => {
    const { store } = open;
    const entries = Array.from({ length: 10 }, (_, i) => entry(`urn:t:${i}`, 't', { at: 1e15 + i }));
    await store.append([append('times', entries)]);
    const { feedId } = (await store.feed('times'))!;
    await store.prune(feedId, { maxEntries: 8 });
    assert.deepEqual(await store.times(feedId, [10, 4, 1, 99, 4]), [
      { position: 4, publishedAt: 1e15 + 3 },
      { position: 10, publishedAt: 1e15 + 9 },
    ]);
    assert.deepEqual(await store.times(feedId, []), []);
  });
});
