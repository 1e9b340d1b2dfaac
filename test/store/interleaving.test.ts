/** A property: however publishers of several processes interleave, everybody reads the same log, and nothing is missed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { KnexStore } from '../../src/store/knex.js';
import { Publisher } from '../../src/store/publisher.js';
import { eachDatabase } from './databases.js';
import { append, entry, idsOf, openStore } from './stores.js';

/** What one publisher does next. */
const step = fc.record({
  feed: fc.nat({ max: 1 }),
  entries: fc.integer({ min: 1, max: 4 }),
  pause: fc.nat({ max: 3 }),
  /** By the builder, because of a condition that always holds. */
  checked: fc.boolean(),
  /** Sends again what it sent last. */
  repeats: fc.boolean(),
});
const publishers = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 5 });

eachDatabase((kind) => {
  let stores: KnexStore[];
  let runs = 0;
  before(async () => {
    const name = await kind.create();
    stores = [];
    for (let i = 0; i < 3; i += 1) stores.push((await openStore(name, { poolSize: 4 })).store);
  });
  after(() => Promise.all(stores.map((store) => store.close())));

  test('one order for all', async () => {
    await fc.assert(
      fc.asyncProperty(publishers, async (plans) => {
        runs += 1;
        const feeds = [`${runs}-0`, `${runs}-1`];
        let over = false;
        const views = feeds.map((feed, i) => watch(stores[i % 3]!, feed, () => over));
        const sent = await Promise.all(plans.map((plan, who) => publish(stores[who % 3]!, plan, who, feeds)));
        over = true;
        const seen = await Promise.all(views);
        for (const [i, feed] of feeds.entries()) {
          const all = await idsOf(stores[2]!, feed);
          assert.deepEqual(seen[i], all, 'who read meanwhile read something else');
          for (const ids of sent.map((of) => of[i]!)) {
            assert.deepEqual(
              all.filter((id) => ids.includes(id)),
              ids,
              'a publisher’s own order is lost',
            );
          }
          assert.equal(
            all.length,
            sent.reduce((sum, of) => sum + of[i]!.length, 0),
          );
        }
      }),
      { numRuns: 12 },
    );
  });
});

/** @returns what was acknowledged for each feed, in the order in which it was */
async function publish(
  store: KnexStore,
  plan: { feed: number; entries: number; pause: number; checked: boolean; repeats: boolean }[],
  who: number,
  feeds: string[],
): Promise<string[][]> {
  const publisher = new Publisher(store, 1e6);
  const sent: string[][] = feeds.map(() => []);
  for (const [n, { feed, entries, pause, checked, repeats }] of plan.entries()) {
    await sleep(pause);
    const made = Array.from({ length: entries }, (_, i) => entry(`urn:${who}:${n}:${i}`));
    const expect = checked ? [{ kind: 'exists' as const }, { kind: 'empty' as const }] : undefined;
    const result = await publisher.publish(append(feeds[feed]!, made, expect));
    assert.equal(result.kind, 'appended');
    sent[feed]!.push(...made.map(({ atomId }) => atomId));
    if (repeats) assert.equal((await publisher.publish(append(feeds[feed]!, made))).kind, 'repeated');
  }
  return sent;
}

/** Reads on from the last position seen until all is over and nothing is left; a gap in positions is a failure. */
async function watch(store: KnexStore, name: string, isOver: () => boolean): Promise<string[]> {
  const seen: string[] = [];
  for (;;) {
    const last = isOver();
    const feed = await store.feed(name);
    if (feed !== undefined) {
      const range = { from: seen.length, descending: false, limit: 3, bytes: 1e6 };
      const page = await store.page(feed.feedId, range);
      for (const { position, atomId } of page) {
        assert.equal(position, seen.length + 1, 'a position is missing');
        seen.push(atomId);
      }
      assert.ok(seen.length >= Math.min(feed.head, range.from + 3), 'the head was ahead of the entries');
    }
    if (last && (feed === undefined || seen.length >= feed.head)) return seen;
    await sleep(1);
  }
}
