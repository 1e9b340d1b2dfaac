/** Leases: one holder at a time, and none for ever because a clock was wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachDatabase } from './databases.js';
import { openStore } from './stores.js';

eachDatabase((kind) => {
  test('a lease has one holder, and one that was taken by a clock far ahead is taken over', async () => {
    const { store } = await openStore(await kind.create());
    assert.equal(await store.lease('a', 'one', 60), true);
    assert.equal(await store.lease('a', 'two', 60), false);
    assert.equal(await store.lease('a', 'one', 60), true);
    // As if its clock had been a year ahead.
    assert.equal(await store.lease('b', 'one', 365 * 86_400), true);
    assert.equal(await store.lease('b', 'two', 60), true);
    assert.equal(await store.lease('b', 'one', 60), false);
    await store.close();
  });
});
