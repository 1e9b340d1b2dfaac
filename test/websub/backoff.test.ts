/** Pauses between deliveries that fail, when to give up, and how many things happen at the same time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Slots } from '../../src/slots.js';
import { isGivenUp, pauseAfter } from '../../src/websub/backoff.js';

test('pauses double up to an hour, and are spread', () => {
  assert.equal(pauseAfter(1, undefined, 1), 500);
  assert.equal(pauseAfter(1, undefined, 0), 250);
  assert.equal(pauseAfter(4, undefined, 1), 4000);
  assert.equal(pauseAfter(1_000_000, undefined, 1), 3_600_000);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), (failures) => {
      const [least, most] = [pauseAfter(failures, undefined, 0), pauseAfter(failures, undefined, 1)];
      assert.equal(least * 2, most);
      const pause = pauseAfter(failures, undefined);
      assert.ok(pause >= least && pause <= most);
    }),
  );
});

test('a subscriber that asks for a longer pause gets it, up to an hour', () => {
  assert.equal(pauseAfter(1, '120', 0), 120_000);
  assert.equal(pauseAfter(1, '86400', 0), 3_600_000);
  assert.equal(pauseAfter(4, '1', 1), 4000);
  const soon = pauseAfter(1, new Date(Date.now() + 600_000).toUTCString(), 0);
  assert.ok(soon > 500_000 && soon <= 600_000);
  for (const nonsense of ['soon', '-1', '', 'Thu, 01 Jan 1970 00:00:00 GMT'])
    assert.equal(pauseAfter(1, nonsense, 1), 500);
});

test('given up is who failed both often enough and for long enough', () => {
  const limits = { attempts: 3, patience: 60 };
  assert.equal(isGivenUp(3, 0, 60e6, limits), true);
  assert.equal(isGivenUp(2, 0, 1e15, limits), false);
  assert.equal(isGivenUp(1000, 0, 60e6 - 1, limits), false);
});

test('so many at the same time and no more, each in its turn, whatever becomes of it', async () => {
  const slots = new Slots(3);
  const order: number[] = [];
  let now = 0;
  let most = 0;
  const work = (n: number) => async () => {
    order.push(n);
    now += 1;
    most = Math.max(most, now);
    await new Promise(setImmediate);
    now -= 1;
    if (n % 2 === 1) throw new Error('odd');
    return n;
  };
  const numbers = Array.from({ length: 20 }, (_, n) => n);
  const results = await Promise.allSettled(numbers.map((n) => slots.run(work(n))));
  assert.deepEqual(order, numbers);
  assert.equal(most, 3);
  assert.deepEqual(
    results.map(({ status }) => status === 'fulfilled'),
    numbers.map((n) => n % 2 === 0),
  );
  assert.equal(await slots.run(async () => 'still'), 'still');
});
