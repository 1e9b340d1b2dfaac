/** What happens to a feed between two looks at the database by one request: it shows one state or the other, no mixture. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withHook } from './hooked.js';

/** The titles of a page's entries, without its own. */
const titles = (body: string) =>
  [...body.matchAll(/<title>(\w)</g)]
    .map(([, title]) => title)
    .join('')
    .slice(1);

test('entries that retention takes while a page is read are not missing from one that says it has them', () =>
  withHook(async ({ ask, store, before }) => {
    const whole = await ask('GET', '/feed=f');
    before(async () => store.prune((await store.feed('f'))!.feedId, { maxEntries: 1 }));
    const page = await ask('GET', '/feed=f?x=1');
    assert.equal(titles(page.body), 'c');
    assert.notEqual(page.headers.etag, whole.headers.etag);
    assert.equal(page.headers.etag, (await ask('GET', '/feed=f?x=1')).headers.etag);
    before(async () => {
      await ask('POST', '/feed=f', { body: '<entry><title>d</title></entry>' });
      await store.prune((await store.feed('f'))!.feedId, { maxEntries: 1 });
    });
    assert.equal((await ask('GET', '/feed=f?start_at=urn:x:c')).status, 410);
  }));

test('a feed that is removed while a page is read is not an empty one', () =>
  withHook(async ({ ask, before }) => {
    before(() => ask('DELETE', '/feed=f'));
    assert.equal((await ask('GET', '/feed=f')).status, 404);
  }));

test('one that is made again meanwhile is shown as it is', () =>
  withHook(async ({ ask, before }) => {
    before(async () => {
      await ask('DELETE', '/feed=f');
      await ask('POST', '/feed=f', { body: '<entry><title>z</title></entry>' });
    });
    const page = await ask('GET', '/feed=f');
    assert.equal(titles(page.body), 'z');
    assert.equal((await ask('GET', '/feed=f')).headers.etag, page.headers.etag);
    before(async () => {
      await ask('DELETE', '/feed=f');
      await ask('POST', '/feed=f', { body: '<entry><title>y</title></entry>' });
    });
    assert.equal(titles((await ask('GET', '/feed=f?order=desc')).body), 'y');
  }));

test('media that is replaced or deleted while it is read is answered whole, or as gone', () =>
  withHook(async ({ ask, before }) => {
    const type = { 'content-type': 'text/plain' };
    const made = await ask('POST', '/feed=m', { body: 'before', headers: type });
    const path = `${new URL(String(made.headers.location)).pathname.slice('/atommq'.length)}/media`;
    before(() => ask('PUT', path, { body: 'after', headers: type }));
    assert.equal((await ask('GET', path)).body, 'after');
    before(() => ask('DELETE', path));
    assert.equal((await ask('GET', path)).status, 410);
  }));

test('an entry that is revised while a page is read does not come under the tag of the page before', () =>
  withHook(async ({ ask, before }) => {
    const page = await ask('GET', '/feed=f');
    const put = (title: string) =>
      ask('PUT', '/feed=f/entries/urn%3Ax%3Ab', { body: `<entry><title>${title}</title></entry>` });
    before(() => put('B'));
    const mixed = await ask('GET', '/feed=f?x=1');
    assert.equal(titles(mixed.body), 'aBc');
    assert.notEqual(mixed.headers.etag, page.headers.etag);
  }));
