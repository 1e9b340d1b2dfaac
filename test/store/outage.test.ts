/** A database that ends and comes back amid publishing: nothing acknowledged is lost, nothing doubled, nobody restarts us. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Attempts } from '../../src/store/attempts.js';
import { Circuit } from '../../src/store/circuit.js';
import { Publisher } from '../../src/store/publisher.js';
import { StoreUnavailable } from '../../src/store/store.js';
import { databases, lackingFor } from './databases.js';
import { append, entry, idsOf, openStore } from './stores.js';

for (const kind of databases.filter(({ server }) => server !== undefined)) {
  for (const signal of [undefined, 'SIGKILL'] as const) {
    const how = signal ?? 'an orderly end';
    test(`${kind.name} comes back after ${how}`, { skip: lackingFor(kind) }, async (t) => {
      const { store } = await openStore(await kind.create(), { connectTimeout: 2 });
      t.after(() => store.close());
      const server = await kind.server!();
      let over = false;
      t.after(() => {
        over = true;
      });
      let refusals = 0;
      const publisher = new Publisher(store, 1e6);
      const publishing = Array.from({ length: 8 }, async (_, who) => {
        const acknowledged: string[] = [];
        for (let n = 0; !over; n += 1) {
          // Every other one by the builder.
          const one = append(`f${who % 3}`, [entry(`urn:${who}:${n}`)], n % 2 ? [{ kind: 'exists' }] : undefined);
          for (;;) {
            try {
              const { kind: what } = await publisher.publish(one);
              assert.ok(what === 'appended' || what === 'repeated', what);
              acknowledged.push(one.entries[0]!.atomId);
              break;
            } catch (error) {
              if (!(error instanceof StoreUnavailable)) throw error;
              refusals += 1;
              await sleep(20);
            }
          }
        }
        return acknowledged;
      });
      await sleep(500);
      await server.stop(signal);
      await assert.rejects(store.ping(), StoreUnavailable);
      await sleep(700);
      await server.start();
      while (
        !(await store.ping().then(
          () => true,
          () => false,
        ))
      )
        await sleep(50);
      await sleep(500);
      over = true;
      const acknowledged = await Promise.all(publishing);
      for (const feed of [0, 1, 2]) {
        const ids = await idsOf(store, `f${feed}`);
        assert.equal(new Set(ids).size, ids.length, 'an entry is there twice');
        const expected = acknowledged.filter((_, who) => who % 3 === feed);
        for (const own of expected)
          assert.deepEqual(
            ids.filter((id) => own.includes(id)),
            own,
          );
        assert.equal(ids.length, expected.flat().length);
      }
      t.diagnostic(`${acknowledged.flat().length} acknowledged, ${refusals} refused while it was away`);
    });
  }
}

test('the circuit lets one in of those who come while a database is away', async () => {
  const circuit = new Circuit();
  const attempts = new Attempts({ trouble: () => 'away', patience: 10_000, circuit });
  let asked = 0;
  const ask = () =>
    attempts.run(async () => {
      asked += 1;
      throw new Error('refused');
    });
  await assert.rejects(ask(), StoreUnavailable);
  await Promise.all(Array.from({ length: 20 }, () => assert.rejects(ask(), StoreUnavailable)));
  assert.equal(asked, 1);
  await sleep(600);
  await Promise.all(Array.from({ length: 20 }, () => assert.rejects(ask(), StoreUnavailable)));
  assert.equal(asked, 2);
  await sleep(600);
  await attempts.run(async () => 1);
  await assert.rejects(ask(), StoreUnavailable);
  assert.equal(asked, 3);
});

test('what others keep from happening is tried again until the deadline, and a fault of ours is not', async () => {
  const attempts = (kind: 'conflict' | undefined, patience: number) => new Attempts({ trouble: () => kind, patience });
  let tries = 0;
  const work = (until: number) => async () => {
    tries += 1;
    if (tries < until) throw new TypeError('x');
    return tries;
  };
  assert.equal(await attempts('conflict', 10_000).run(work(4)), 4);
  await assert.rejects(attempts('conflict', 0).run(work(99)), StoreUnavailable);
  await assert.rejects(attempts(undefined, 10_000).run(work(99)), TypeError);
});
