/** Whoever publishes as he should is served while others abuse the server; how fast is measured by `abuse.js` alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { abuse } from './abuse.js';

test('slow connections and over-large bodies keep nobody out', { timeout: 120_000 }, async () => {
  const { rounds, failed } = await abuse({ seconds: 2, rounds: 1, slow: 100, large: 8, publishers: 4 });
  const { calm, abused, refused } = rounds[0]!;
  assert.ok(calm.wall > 0 && abused.wall > 0, `${calm.wall} ${abused.wall}`);
  assert.equal(failed, 0);
  assert.ok((refused['413'] ?? 0) > 0, JSON.stringify(refused));
});
