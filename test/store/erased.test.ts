/** What a deletion leaves behind: nothing of what was published, in any table. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SOURCE_SCHEME } from '../../src/atom/model.js';
import { RawBus } from '../../src/store/transfer.js';
import { eachDatabase } from './databases.js';
import { append, entry, type OpenStore, openStore } from './stores.js';

const category = (term: string) => ({ term, scheme: undefined, label: `${term}!` });

eachDatabase((kind) => {
  let open: OpenStore;
  before(async () => {
    open = await openStore(await kind.create());
  });
  after(() => open.store.close());

  /** The terms that a feed's dictionary has, used or not. */
  async function terms(name: string): Promise<string[]> {
    const { feedId } = (await open.store.feed(name))!;
    return (await new RawBus(open.database.writer).categories(feedId)).map(({ term }) => term).sort();
  }

  test('categories that no entry has any more go with a deletion and a revision', async () => {
    const { store } = open;
    const [first, second] = [['jane', 'both'].map(category), ['joe', 'both'].map(category)].map((categories, i) =>
      entry(`urn:c:${i}`, 't', { categories }),
    );
    await store.append([append('people', [first!, second!])]);
    assert.deepEqual(await terms('people'), ['both', 'jane', 'joe']);
    await store.revise({ feed: 'people', key: first!.key, at: first!.at + 10, change: () => undefined });
    assert.deepEqual(await terms('people'), ['both', 'joe']);
    const revised = { xml: '<entry/>', hasAuthor: false, categories: [category('both')] };
    await store.revise({ feed: 'people', key: second!.key, at: second!.at + 10, change: () => revised });
    assert.deepEqual(await terms('people'), ['both']);
  });

  test('the source of an event stays, by which a reader goes on', async () => {
    const { store } = open;
    const source = { term: '/inventory', scheme: SOURCE_SCHEME, label: undefined };
    const event = entry('urn:e:0', 't', { categories: [source, category('jane')] });
    await store.append([append('events', [event])]);
    await store.revise({ feed: 'events', key: event.key, at: event.at + 10, change: () => undefined });
    assert.deepEqual(await terms('events'), ['/inventory']);
  });

  test('and with retention', async () => {
    const { store } = open;
    const many = Array.from({ length: 1100 }, (_, i) => category(`c${i}`));
    const entries = [many, [category('kept'), category('c0')]].map((categories, i) =>
      entry(`urn:r:${i}`, 't', { categories }),
    );
    await store.append([append('short', entries)]);
    await store.prune((await store.feed('short'))!.feedId, { maxEntries: 1 });
    assert.deepEqual(await terms('short'), ['c0', 'kept']);
    await store.append([append('short', [entry('urn:r:2', 't', { categories: [category('c1')] })])]);
    assert.deepEqual(await terms('short'), ['c0', 'c1', 'kept']);
  });
});
