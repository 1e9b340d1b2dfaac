/** Publishing inside a transaction of the application's own: both are stored, or neither is. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import knexModule, { type Knex } from 'knex';
import { AtomMQ } from '../../src/bus.js';
import { parseDatabase } from '../../src/config/database.js';
import { eachDatabase } from './databases.js';

eachDatabase((kind) => {
  let bus: AtomMQ;
  let knex: Knex;
  before(async () => {
    const database = await kind.create();
    bus = await AtomMQ.open({ database }, {});
    const { client, connection } = parseDatabase(database);
    knex = knexModule.knex({ client, connection, useNullAsDefault: true });
    await knex.schema.createTable('orders', (table) => {
      table.increments('id');
      table.string('what', 40);
    });
  });
  after(async () => {
    await knex.destroy();
    await bus.close();
  });
  const titles = async (feed: string) => (await bus.read(feed)).entries.map(({ title }) => title);

  test('with the commit, and not without it', async () => {
    await knex.transaction(async (transaction) => {
      await transaction('orders').insert({ what: 'kept' });
      const entry = await bus.publish('within', { title: 'kept' }, { transaction });
      assert.match(entry.id, /^urn:uuid:/);
    });
    await assert.rejects(
      knex.transaction(async (transaction) => {
        await transaction('orders').insert({ what: 'lost' });
        await bus.publish('within', { title: 'lost' }, { transaction });
        throw new Error('changed my mind');
      }),
      /changed my mind/,
    );
    await knex.transaction((transaction) => bus.publish('within', { title: 'kept too' }, { transaction }));
    assert.deepEqual(await titles('within'), ['kept', 'kept too']);
    assert.deepEqual(await knex('orders').pluck('what'), ['kept']);
  });

  test('an id is stored once here as well, and the transaction goes on', async () => {
    const publish = (title: string) =>
      knex.transaction(async (transaction) => {
        const said = await bus
          .publish('once', `<entry><id>urn:x:1</id><title>${title}</title></entry>`, { transaction })
          .then(({ id }) => id, String);
        await transaction('orders').insert({ what: `after ${title}` });
        return said;
      });
    assert.equal(await publish('a'), 'urn:x:1');
    assert.equal(await publish('a'), 'urn:x:1');
    assert.match(await publish('b'), /holds another entry/);
    assert.deepEqual(await titles('once'), ['a']);
    assert.equal((await knex('orders').where('what', 'like', 'after %')).length, 3);
  });

  test('beside other publishers the order has no gaps', async () => {
    // Who makes a feed may meet others who do; in a transaction that is not ours to try again.
    await bus.publish('beside', { title: 'first' });
    const own = Array.from({ length: 20 }, (_, i) =>
      knex.transaction((transaction) => bus.publish('beside', { title: `own ${i}` }, { transaction })),
    );
    const others = Array.from({ length: 60 }, (_, i) => bus.publish('beside', { title: `other ${i}` }));
    await Promise.all([...own, ...others]);
    const { entries } = await bus.read('beside');
    assert.equal(new Set(entries.map(({ title }) => title)).size, 81);
  });

  test('who waits is woken by the commit', async () => {
    const { id } = await bus.publish('woken', { title: 'first' });
    const controller = new AbortController();
    const request = {
      method: 'GET',
      base: 'http://localhost',
      path: '/feed=woken',
      search: `start_after=${id}`,
      headers: { prefer: 'wait=30' },
      body: (async function* () {})(),
      nature: { runOnce: false, multiprocess: false },
      makeSignal: () => controller.signal,
    };
    const { HttpRequest } = await import('../../src/http.js');
    const waiting = bus.app(new HttpRequest(request));
    await knex.transaction((transaction) => bus.publish('woken', { title: 'second' }, { transaction }));
    assert.match(String((await waiting).body), /<title>second<\/title>/);
  });
});
