/** Who fails too often must wait: from when on, for how long, until when, and who is taken for one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from '../../src/guard/backoff.js';
import { placeOf } from '../../src/guard/place.js';
import type { Siblings } from '../../src/guard/siblings.js';

test('waits grow with each failure after the limit, and are forgotten a minute after the last', () => {
  let now = 1e12;
  const backoff = new Backoff(3, () => now);
  const fail = () => {
    backoff.failed('a');
    return backoff.wait('a');
  };
  assert.deepEqual([fail(), fail()], [0, 0]);
  assert.equal(fail(), 1);
  assert.equal(backoff.wait('b'), 0, 'one does not make another wait');
  now += 1000;
  assert.equal(backoff.wait('a'), 0);
  const waits = [];
  for (let i = 0; i < 12; i += 1) {
    waits.push(fail());
    now += waits.at(-1)! * 1000;
  }
  assert.deepEqual(waits, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]);
  now += 60_000;
  assert.deepEqual([fail(), fail()], [0, 0]);
});

test('failures that are far from one another do not add up', () => {
  let now = 1e12;
  const backoff = new Backoff(2, () => now);
  for (let i = 0; i < 10; i += 1) {
    backoff.failed('a');
    assert.equal(backoff.wait('a'), 0);
    now += 60_000;
  }
});

test('a limit of 0 makes nobody wait', () => {
  const backoff = new Backoff(0);
  for (let i = 0; i < 100; i += 1) backoff.failed('a');
  assert.equal(backoff.wait('a'), 0);
});

/** Processes that hear each other at once. */
function together(count: number): Siblings[] {
  const heard: Map<string, (said: unknown) => void>[] = Array.from({ length: count }, () => new Map());
  return heard.map((own) => ({
    count,
    tell: (topic, said) => {
      for (const other of heard) if (other !== own) other.get(topic)?.(said);
    },
    hear: (topic, listener) => own.set(topic, listener),
  }));
}

test('several processes count together, and what they let try at once is waited for one after the other', () => {
  let now = 1e12;
  const processes = together(4).map((siblings) => new Backoff(2, () => now).share(siblings, 'logins'));
  const waits = () => processes.map((one) => one.wait('a'));
  processes[0]!.failed('a');
  assert.deepEqual(waits(), [0, 0, 0, 0]);
  processes[3]!.failed('a');
  assert.deepEqual(waits(), [1, 1, 1, 1]);
  // One process would let 1 try in 1, 2, 4, 8 seconds; four that try at the same moment take as long for theirs.
  now += 1000;
  for (const one of processes) one.failed('a');
  assert.deepEqual(waits(), Array(4).fill(2 + 4 + 8 + 16));
  assert.equal(processes[1]!.wait('b'), 0);
});

test('what is remembered is bounded, and whoever failed last stays', () => {
  const backoff = new Backoff(1);
  for (let i = 0; i < 20_000; i += 1) backoff.failed(`10.0.0.${i}`);
  assert.equal(backoff.wait('10.0.0.0'), 0);
  assert.equal(backoff.wait('10.0.0.19999'), 1);
});

test('an address of IPv6 stands for its network', () => {
  const places = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:DB8:1:2::7', '2001:db8:1:2'],
    ['2001:0db8:0001:0002::', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    [undefined, ''],
  ];
  for (const [address, place] of places) assert.equal(placeOf(address), place, address);
});
