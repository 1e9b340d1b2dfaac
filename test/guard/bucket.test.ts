/** Token buckets, by a clock of the test's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Buckets } from '../../src/guard/bucket.js';
import { whoAsks } from '../../src/guard/rate.js';
import { HttpRequest } from '../../src/http.js';

test('so many at once, then as many as come by', () => {
  const buckets = new Buckets(10, 5);
  const now = 1000;
  assert.deepEqual(
    [0, 0, 0, 0, 0, 0].map(() => buckets.take('a', now)),
    [0, 0, 0, 0, 0, 100],
  );
  assert.equal(buckets.take('b', now), 0, 'another has a bucket of its own');
  assert.equal(buckets.take('a', now + 99), 1);
  assert.equal(buckets.take('a', now + 100), 0);
  assert.equal(buckets.take('a', now + 101), 99);
  // Full again, and no fuller.
  assert.deepEqual(
    [0, 0, 0, 0, 0, 0].map(() => buckets.take('a', now + 60_000)),
    [0, 0, 0, 0, 0, 100],
  );
});

test('over a long time the rate holds, whatever the steps', () => {
  const buckets = new Buckets(7, 3);
  let taken = 0;
  for (let now = 0; now < 100_000; now += 13) if (buckets.take('a', now) === 0) taken += 1;
  assert.ok(taken >= 695 && taken <= 703, String(taken));
});

test('those who are gone are forgotten, and those who stay are not', () => {
  const buckets = new Buckets(1, 10);
  for (let i = 0; i < 200_000; i += 1) buckets.take(`x${i}`, i);
  assert.ok(buckets.size <= 100_000, String(buckets.size));
  for (let i = 0; i < 10; i += 1) buckets.take('busy', 300_000);
  assert.ok(buckets.take('busy', 300_000) > 0);
  // A generation later it is known still.
  for (let i = 0; i < 60_000; i += 1) buckets.take(`y${i}`, 300_001);
  assert.ok(buckets.take('busy', 300_002) > 0);
});

test('who asks: a user by name, others by address, of IPv6 by network', () => {
  const who = (remoteAddress?: string, user?: string) =>
    whoAsks(
      new HttpRequest({
        method: 'GET',
        base: '',
        path: '',
        search: '',
        headers: {},
        body: (async function* () {})(),
        nature: { runOnce: false, multiprocess: false },
        remoteAddress,
        user,
      }),
    );
  assert.equal(who('10.0.0.1'), '10.0.0.1');
  assert.equal(who('10.0.0.1', 'joe'), 'user joe');
  assert.equal(who('2001:db8:1:2:3:4:5:6'), who('2001:db8:1:2::9'));
  assert.notEqual(who('2001:db8:1:2::9'), who('2001:db8:1:3::9'));
  assert.equal(who('::1'), '0:0:0:0');
  assert.equal(who('2001:db8::1'), '2001:db8:0:0');
});
