/** Whoever publishes as he should is served while others abuse the server; how fast is measured by `abuse.js` alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { abuse } from './abuse.js';

test('slow connections and over-large bodies keep nobody out', { timeout: 120_000 }, async () => {
  const { before, during, failed, refused } = await abuse({ seconds: 2, slow: 100, large: 8, publishers: 4 });
  assert.ok(before > 0 && during > 0, `${before} ${during}`);
  assert.equal(failed, 0);
  assert.ok((refused['413'] ?? 0) > 0, JSON.stringify(refused));
});
