/** Who reads page after page finds the next one made; who reads one page, or jumps, has nothing made for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../client/server.js';
import type { Client } from '../fixture.js';
import { withHook } from './hooked.js';

/** Brings the feed to nine entries, a to i, at positions from 1 on. */
async function fill(ask: Client): Promise<void> {
  for (const id of 'defghi') {
    await ask('POST', '/feed=f', { body: `<entry><id>urn:x:${id}</id><title>${id}</title></entry>` });
  }
}

/** Until whatever was begun by an answer has begun. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 20));

test('page after page', () =>
  withHook(async ({ ask, from }) => {
    await fill(ask);
    await ask('GET', '/feed=f?page_size=2');
    await turn();
    assert.deepEqual(from, [0]);
    await ask('GET', '/feed=f?page_size=2&start_after=urn:x:b');
    await until(async () => from.length === 3);
    assert.deepEqual(from, [0, 2, 4]);
    const third = await ask('GET', '/feed=f?page_size=2&start_after=urn:x:d');
    assert.match(third.body, /urn:x:e.*urn:x:f/s);
    await until(async () => from.length === 4);
    await ask('GET', '/feed=f?page_size=2&start_after=urn:x:f');
    // After this one comes the last, which entries that come will change.
    await turn();
    assert.deepEqual(from, [0, 2, 4, 6]);
    // What was read ahead is as it would have been.
    const again = await ask('GET', '/feed=f?page_size=2&start_after=urn:x:d&x=1');
    assert.equal(third.body, again.body.replace('&amp;x=1', ''));
  }));

test('pages in no order', () =>
  withHook(async ({ ask, from }) => {
    await fill(ask);
    for (const id of ['e', 'c', 'a', 'd']) {
      await ask('GET', `/feed=f?page_size=2&start_after=urn:x:${id}`);
      await turn();
    }
    assert.deepEqual(from, [5, 3, 1, 4]);
  }));

test('what was read ahead is not shown when it was revised since', () =>
  withHook(async ({ ask, from }) => {
    await fill(ask);
    await ask('GET', '/feed=f?page_size=2');
    await ask('GET', '/feed=f?page_size=2&start_after=urn:x:b');
    await until(async () => from.length === 3);
    await ask('PUT', '/feed=f/entries/urn%3Ax%3Ae', { body: '<entry><title>other</title></entry>' });
    const page = await ask('GET', '/feed=f?page_size=2&start_after=urn:x:d');
    assert.match(page.body, /<title>other</);
  }));
