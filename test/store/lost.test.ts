/** Answers that are lost after the commit: what was stored is acknowledged, once, and not taken for somebody else's. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Knex } from 'knex';
import type { Database } from '../../src/store/dialect.js';
import { KnexStore } from '../../src/store/knex.js';
import { eachDatabase } from './databases.js';
import { append, entry, idsOf, type OpenStore, openStore } from './stores.js';

class AnswerLost extends Error {}

/** A database that does what it is told, and whose answers are lost where `loses()` says so. */
function losing(database: Database, loses: () => boolean): Database {
  const afterwards = async <R>(work: Promise<R>): Promise<R> => {
    const result = await work;
    if (loses()) throw new AnswerLost();
    return result;
  };
  const writer = new Proxy(database.writer, {
    get: (knex, name) =>
      name === 'transaction'
        ? (work: (trx: Knex.Transaction) => Promise<unknown>) => afterwards(knex.transaction(work))
        : Reflect.get(knex, name),
  });
  return {
    dialect: {
      ...database.dialect,
      trouble: (error) => (error instanceof AnswerLost ? 'lost' : database.dialect.trouble(error)),
    },
    isRemote: database.isRemote,
    lanes: database.lanes,
    pace: database.pace,
    flushBytes: database.flushBytes,
    questions: database.questions,
    writer,
    appendAtOnce: (appends) => afterwards(database.appendAtOnce!(appends)),
    close: () => database.close(),
  };
}

eachDatabase((kind) => {
  let open: OpenStore;
  let store: KnexStore;
  let left = 0;
  before(async () => {
    open = await openStore(await kind.create());
    const loses = () => {
      left -= 1;
      return left >= 0;
    };
    store = new KnexStore(losing(open.database, loses), { retryDeadline: 10 });
  });
  after(() => open.store.close());

  /** Runs work that loses so many answers before one gets through. */
  async function through<R>(losses: number, work: () => Promise<R>): Promise<R> {
    left = losses;
    const result = await work();
    assert.ok(left <= 0, 'no answer was lost');
    left = 0;
    return result;
  }

  test('an append by the statement', async () => {
    const [result] = await through(2, () => store.append([append('a', [entry('urn:1'), entry('urn:2')])]));
    assert.equal(result!.kind, 'appended');
    assert.deepEqual(await idsOf(store, 'a'), ['urn:1', 'urn:2']);
  });

  test('an append by the builder, whose condition no longer holds', async () => {
    const conditional = append('b', [entry('urn:1')], [{ kind: 'empty' }]);
    assert.equal((await through(2, () => store.append([conditional])))[0]!.kind, 'appended');
    assert.deepEqual(await idsOf(store, 'b'), ['urn:1']);
  });

  test('a repeat stays a repeat, and a conflict a conflict', async () => {
    await store.append([append('c', [entry('urn:1', 'first')])]);
    const again = append('c', [entry('urn:1', 'first')]);
    assert.equal((await through(1, () => store.append([again])))[0]!.kind, 'repeated');
    const other = append('c', [entry('urn:1', 'second')]);
    assert.equal((await through(1, () => store.append([other])))[0]!.kind, 'conflict');
    const batch = append('c', [entry('urn:1', 'first'), entry('urn:2')]);
    const [result] = await through(1, () => store.append([batch]));
    assert.deepEqual(result!.kind === 'appended' && [...result!.repeated!.keys()], [0]);
    assert.deepEqual(await idsOf(store, 'c'), ['urn:1', 'urn:2']);
  });

  test('a revision counts once', async () => {
    const first = entry('urn:1');
    await store.append([append('d', [first])]);
    const revise = (xml: string | undefined) =>
      store.revise({
        feed: 'd',
        key: first.key,
        at: first.at + 10,
        change: () => (xml === undefined ? undefined : { xml, hasAuthor: false, categories: [] }),
      });
    const revised = await through(1, () => revise('<entry/>'));
    assert.deepEqual(revised, await store.entry('d', first.key));
    assert.equal((await store.feed('d'))!.edits, 1);
    const deleted = await through(1, () => revise(undefined));
    assert.equal(deleted!.deleted, true);
    assert.equal((await store.feed('d'))!.edits, 2);
  });

  test('metadata make a feed once, a feed is removed, a blob has its chunks once', async () => {
    const change = () => ({ metadata: '<feed/>', title: 'T' });
    const made = await through(1, () => store.setMetadata({ feed: 'e', feedAtomId: 'urn:e', change, at: 5 }));
    assert.equal(made.created, true);
    assert.equal((await store.feed('e'))!.edits, 0);
    assert.equal(await through(1, () => store.removeFeed('e')), true);
    assert.equal(await store.feed('e'), undefined);
    const chunks = [Buffer.from([0, 255, 39]), Buffer.from('zwei')];
    await through(1, () => store.writeBlob('blob', 0, chunks));
    await through(1, () => store.writeBlob('blob', 2, chunks));
    assert.deepEqual(await store.readBlob('blob', 0, 10), [...chunks, ...chunks]);
    assert.equal(await through(1, () => store.lease('l', 'me', 60)), true);
  });
});
