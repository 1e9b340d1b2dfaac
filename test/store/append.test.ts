/** The append on every database: one statement, one order, feeds apart, names apart. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { appendOne } from '../../src/store/append.js';
import { appendJson } from '../../src/store/append-json.js';
import { Publisher } from '../../src/store/publisher.js';
import { eachDatabase } from './databases.js';
import { append, entry, idsOf, type OpenStore, openStore } from './stores.js';

/** How a program of somebody else's appends inside its own transaction. */
const STATEMENTS: Record<string, string> = {
  SQLite: 'INSERT INTO mq_append (entries, tags) VALUES (?, ?)',
  'better-sqlite3': 'INSERT INTO mq_append (entries, tags) VALUES (?, ?)',
  PostgreSQL: 'SELECT mq_append(?, ?)',
  MariaDB: 'CALL mq_append(?, ?)',
};

eachDatabase((kind) => {
  let open: OpenStore;
  before(async () => {
    open = await openStore(await kind.create());
  });
  after(() => open.store.close());

  test('the statement stores what the builder stores', async () => {
    const { store, database } = open;
    assert.ok(database.appendAtOnce, 'there is no statement');
    const categories = [{ term: 'A' }, { term: 'a', scheme: 'urn:s', label: 'Ä' }, { term: 'A' }];
    const entries = ['x', 'é€😀"\\\n\t', 'z'.repeat(70_000)].map((text, i) =>
      entry(`urn:e:${i}`, text, { categories }),
    );
    for (const [feed, expect] of [
      ['one', undefined],
      ['two', [{ kind: 'empty' as const }]],
    ] as const) {
      assert.deepEqual(await store.append([append(feed, entries, expect && [...expect])]), [
        { kind: 'appended', ...(expect && { repeated: new Map() }) },
      ]);
    }
    const [one, two] = await Promise.all(['one', 'two'].map((name) => store.feed(name)));
    assert.deepEqual([one!.head, one!.bytes], [two!.head, two!.bytes]);
    assert.equal(one!.head, 3);
    for (const { key, xml } of entries) {
      const stored = await store.entry('one', key);
      assert.deepEqual(stored, await store.entry('two', key));
      assert.equal(stored!.xml, xml);
    }
    const used = await store.categories(one!.feedId, 10);
    assert.deepEqual(used, await store.categories(two!.feedId, 10));
    assert.deepEqual(used, [{ term: 'A' }, { term: 'a', scheme: 'urn:s', label: 'Ä' }]);
  });

  test('names and ids that differ by a case, an accent or a space are others', async () => {
    const { store } = open;
    const names = ['e', 'é', 'e\u0301', 'e ', ' e', 'ß', 'ss', 'E', '%', '_', "'", '\\', '😀', '😁', 'x'.repeat(255)];
    await store.append(names.map((name) => append(name, [entry(`urn:${name}`), entry('urn:a'), entry('urn:A')])));
    for (const name of names) assert.deepEqual(await idsOf(store, name), [`urn:${name}`, 'urn:a', 'urn:A'], name);
    const all = (await store.feeds()).map(({ name }) => name);
    assert.deepEqual(all.filter((name) => names.includes(name)).length, names.length);
    assert.deepEqual(
      all,
      all.slice().sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
  });

  test('a program appends by that statement in its own transaction', async () => {
    const { store, database } = open;
    const call = (id: string, commit: boolean) =>
      database.writer
        .transaction(async (trx) => {
          const { entries, tags } = appendJson([append('own', [entry(id, id, { categories: [{ term: 't' }] })])]);
          await trx.raw(STATEMENTS[kind.name]!, [entries, tags ?? '']);
          if (!commit) throw new Error('changed its mind');
        })
        .catch((error: Error) => error.message);
    assert.equal(await call('urn:no', false), 'changed its mind');
    assert.equal(await store.feed('own'), undefined);
    assert.equal(await call('urn:yes', true), undefined);
    assert.deepEqual(await idsOf(store, 'own'), ['urn:yes']);
    assert.match(String(await call('urn:yes', true)), /unique|duplicate/i);
    assert.deepEqual(await idsOf(store, 'own'), ['urn:yes']);
  });

  const whereRowsAreLocked: typeof test | (() => void) = kind.server !== undefined ? test : () => {};
  whereRowsAreLocked('numbers of the database become visible out of order, and a reader misses one', async () => {
    const { writer } = open.database;
    await writer.schema.createTable('plain', (table) => void table.increments('id'));
    const slow = await writer.transaction();
    await slow('plain').insert({});
    await writer('plain').insert({});
    const first: { id: number }[] = await writer('plain').orderBy('id');
    const last = first.at(-1)!.id;
    await slow.commit();
    const later: { id: number }[] = await writer('plain').where('id', '>', last);
    const all: { id: number }[] = await writer('plain');
    assert.equal(first.length + later.length, all.length - 1, 'the reader saw all');
  });

  test('positions do not: a delayed commit delays those behind it', async () => {
    const { store, database } = open;
    await store.append([append('delayed', [entry('urn:0')])]);
    const slow = await database.writer.transaction();
    await appendOne(slow, append('delayed', [entry('urn:1')]));
    let done = false;
    const behind = store.append([append('delayed', [entry('urn:2')])]).then(() => {
      done = true;
    });
    await sleep(300);
    assert.equal(done, false, 'the later one came first');
    assert.deepEqual(await idsOf(store, 'delayed'), ['urn:0']);
    await slow.commit();
    await behind;
    assert.deepEqual(await idsOf(store, 'delayed'), ['urn:0', 'urn:1', 'urn:2']);
  });

  whereRowsAreLocked('a feed that is held up holds up no other', async () => {
    const { store, database } = open;
    const publisher = new Publisher(store, 1e6);
    await store.append([append('held', [entry('urn:0')])]);
    const slow = await database.writer.transaction();
    await appendOne(slow, append('held', [entry('urn:1')]));
    const held = publisher.publish(append('held', [entry('urn:2')]));
    const others = Array.from({ length: 50 }, (_, i) =>
      publisher.publish(append(`free-${i % 10}`, [entry(`urn:${i}`)])),
    );
    for (const { kind: what } of await Promise.all(others)) assert.equal(what, 'appended');
    await slow.commit();
    assert.equal((await held).kind, 'appended');
    assert.deepEqual(await idsOf(store, 'held'), ['urn:0', 'urn:1', 'urn:2']);
  });

  whereRowsAreLocked('whoever locks in another order costs nobody an answer', async () => {
    const { store, database } = open;
    await store.append(['p', 'q'].map((feed) => append(feed, [entry('urn:0')])));
    const other = await database.writer.transaction();
    await other('mq_feed').where({ name: 'q' }).forUpdate();
    const exists = [{ kind: 'exists' as const }];
    const appended = store.append(['p', 'q'].map((feed) => append(feed, [entry('urn:1')], exists)));
    await sleep(200);
    // One of the two is the victim; if it is this one, that is the other program's business.
    await other('mq_feed')
      .where({ name: 'p' })
      .forUpdate()
      .then(
        () => other.commit(),
        () => other.rollback(),
      )
      .catch(() => {});
    assert.deepEqual(
      (await appended).map(({ kind: what }) => what),
      ['appended', 'appended'],
    );
  });

  test('an append that waits for a removal goes to a new feed', async () => {
    const { store, database } = open;
    await store.append([append('going', [entry('urn:0')])]);
    const removal = await database.writer.transaction();
    await removal('mq_feed').where({ name: 'going' }).update({ name: '/gone' });
    const behind = store.append([append('going', [entry('urn:1')])]);
    await sleep(200);
    await removal.commit();
    assert.equal((await behind)[0]!.kind, 'appended');
    assert.deepEqual(await idsOf(store, 'going'), ['urn:1']);
  });

  test('many at once make the same feed, once', async () => {
    const { store } = open;
    const publishers = Array.from({ length: 8 }, () => new Publisher(store, 1e6));
    const all = publishers.flatMap((publisher, i) => [
      publisher.publish(append('new', [entry(`urn:plain:${i}`)])),
      publisher.publish(append('new', [entry(`urn:tagged:${i}`, 'x', { categories: [{ term: 'same' }] })])),
      publisher.publish(append('new', [entry(`urn:checked:${i}`)], [{ kind: 'empty' }, { kind: 'exists' }])),
    ]);
    for (const { kind: what } of await Promise.all(all)) assert.equal(what, 'appended');
    assert.equal(new Set(await idsOf(store, 'new')).size, 24);
    assert.deepEqual(await store.categories((await store.feed('new'))!.feedId, 10), [{ term: 'same' }]);
  });
});
