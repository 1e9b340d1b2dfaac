/** What caches and pollers are given (section 3): compressed forms, deltas, final pages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { eachDoor } from '../doors/all.js';
import { entry, feedOf, linkHeader, pathOf, problemOf, publish, TYPE, titlesOf } from './atom.js';

const FEEDS = [{ match: 'log-*', append_only: true }];
const LONG = 'words that repeat themselves, '.repeat(80);

eachDoor(
  (at, kind) => {
    test('pages are compressed for those who take it', async () => {
      const door = at();
      await publish(door, 'zip', `<title>${LONG}</title>`);
      const plain = await door.ask('GET', '/atommq/feed=zip');
      assert.equal(plain.headers['content-encoding'], undefined);
      for (const [accepted, coding, decode] of [
        ['gzip', 'gzip', gunzipSync],
        ['gzip, deflate, br', 'br', brotliDecompressSync],
        ['br;q=0.5, gzip;q=0.8', 'gzip', gunzipSync],
        ['br;q=0, *', 'gzip', gunzipSync],
      ] as const) {
        const packed = await door.ask('GET', '/atommq/feed=zip', { headers: { 'accept-encoding': accepted } });
        assert.equal(packed.status, 200);
        assert.equal(packed.headers['content-encoding'], coding, accepted);
        assert.equal(decode(packed.body).toString(), plain.text);
        assert.ok(packed.body.length < plain.body.length);
        assert.notEqual(packed.headers.etag, plain.headers.etag, 'other bytes, another strong tag');
        assert.match(packed.headers.vary ?? '', /Accept-Encoding/);
        for (const tag of [packed.headers.etag, `W/${packed.headers.etag}`, plain.headers.etag]) {
          const headers = { 'accept-encoding': accepted, 'if-none-match': tag ?? '' };
          assert.equal((await door.ask('GET', '/atommq/feed=zip', { headers })).status, 304, tag);
        }
        const head = await door.ask('HEAD', '/atommq/feed=zip', { headers: { 'accept-encoding': accepted } });
        assert.equal(head.headers.etag, packed.headers.etag);
      }
      for (const accepted of ['identity', 'gzip;q=0', 'deflate', 'gzip;q=0.2, identity;q=1']) {
        const got = await door.ask('GET', '/atommq/feed=zip', { headers: { 'accept-encoding': accepted } });
        assert.equal(got.headers['content-encoding'], undefined, accepted);
      }
    });

    test('the tag of a compressed page or entry is good for a condition', async () => {
      const door = at();
      const created = await publish(door, 'zip-match', `<title>${LONG}</title>`);
      const gzip = { 'accept-encoding': 'gzip' };
      const page = await door.ask('GET', '/atommq/feed=zip-match', { headers: gzip });
      const match = { 'if-match': page.headers.etag ?? '' };
      const post = () => door.ask('POST', '/atommq/feed=zip-match', { body: entry(), headers: { ...TYPE, ...match } });
      assert.equal((await post()).status, 201);
      problemOf(await post(), 412);
      const path = pathOf(created.headers.location);
      const member = await door.ask('GET', path, { headers: gzip });
      assert.equal(member.headers['content-encoding'], 'gzip');
      const headers = { ...TYPE, 'if-match': member.headers.etag ?? '' };
      assert.equal((await door.ask('PUT', path, { body: entry(), headers })).status, 200);
      problemOf(await door.ask('PUT', path, { body: entry(), headers }), 412);
    });

    test('a delta is only what came since (RFC 3229)', async () => {
      const door = at();
      await publish(door, 'delta', '<title>a</title>');
      const old = await door.ask('GET', '/atommq/feed=delta');
      const ask = (headers = {}, query = '') =>
        door.ask('GET', `/atommq/feed=delta${query}`, {
          headers: { 'a-im': 'feed', 'if-none-match': old.headers.etag ?? '', ...headers },
        });
      assert.equal((await ask()).status, 304);
      await publish(door, 'delta', '<title>b</title>');
      await publish(door, 'delta', '<title>c</title>');
      const delta = await ask({ 'a-im': 'vcdiff, feed;q=0.5' });
      assert.equal(delta.status, 226);
      assert.equal(delta.headers.im, 'feed');
      const whole = await door.ask('GET', '/atommq/feed=delta');
      assert.equal(delta.headers.etag, whole.headers.etag, 'the tag of the whole as it now is');
      assert.deepEqual(await titlesOf({ ...delta, status: 200 }), ['b', 'c']);
      assert.deepEqual(await titlesOf(whole), ['a', 'b', 'c']);
      assert.equal((await ask({ 'if-none-match': delta.headers.etag ?? '' })).status, 304);
      assert.equal((await ask({ 'a-im': 'gzip' })).status, 200, 'only for those who ask for it');
      assert.equal((await ask({ 'if-none-match': '"p.unknown"' })).status, 200);
      assert.equal((await ask({}, '?order=desc')).status, 200);
      const path = pathOf((await feedOf(whole)).entries[0]?.links.edit);
      await door.ask('PUT', path, { body: entry('<title>A</title>'), headers: TYPE });
      const all = await ask();
      assert.equal(all.status, 200, 'a revision is not in a delta, so it is the whole');
      assert.deepEqual(await titlesOf(all), ['A', 'b', 'c']);
    });

    test('a delta goes on by next where the page ends', async () => {
      const door = at();
      await publish(door, 'delta-pages', '<title>0</title>');
      const old = await door.ask('GET', '/atommq/feed=delta-pages?page_size=2');
      for (const title of ['1', '2', '3']) await publish(door, 'delta-pages', `<title>${title}</title>`);
      const headers = { 'a-im': 'feed', 'if-none-match': old.headers.etag ?? '' };
      const delta = await door.ask('GET', '/atommq/feed=delta-pages?page_size=2', { headers });
      assert.equal(delta.status, 226);
      assert.deepEqual(await titlesOf({ ...delta, status: 200 }), ['1']);
      const next = await door.ask('GET', pathOf(linkHeader(delta).next));
      assert.deepEqual(await titlesOf(next), ['2', '3']);
    });

    test('a page of an append-only feed that has a next is final', async () => {
      const door = at();
      for (const title of ['a', 'b', 'c']) await publish(door, 'log-x', `<title>${title}</title>`);
      const first = await door.ask('GET', '/atommq/feed=log-x?page_size=2');
      assert.equal(first.headers['cache-control'], 'public, max-age=31536000, immutable');
      const last = await door.ask('GET', pathOf(linkHeader(first).next));
      assert.equal(last.headers['cache-control'], 'no-cache');
      await publish(door, 'log-x', '<title>d</title>');
      await publish(door, 'log-x', '<title>e</title>');
      const again = await door.ask('GET', '/atommq/feed=log-x?page_size=2');
      assert.equal(again.text, first.text);
      assert.equal(again.headers.etag, first.headers.etag);
      for (const moving of ['?order=desc&page_size=2', '?start_at=last&page_size=2', '?start_after=now']) {
        assert.equal(
          (await door.ask('GET', `/atommq/feed=log-x${moving}`)).headers['cache-control'],
          'no-cache',
          moving,
        );
      }
      for (const title of ['a', 'b', 'c']) await publish(door, 'not-a-log', `<title>${title}</title>`);
      const other = await door.ask('GET', '/atommq/feed=not-a-log?page_size=2');
      assert.equal(other.headers['cache-control'], 'no-cache');
    });

    test('and nothing in it is changed', async () => {
      const door = at();
      const path = pathOf((await publish(door, 'log-y', '<title>a</title>')).headers.location);
      for (const [method, address] of [
        ['PUT', path],
        ['DELETE', path],
        ['PUT', `${path}/media`],
        ['DELETE', '/atommq/feed=log-y'],
      ] as const) {
        const answer = await door.ask(method, address, method === 'PUT' ? { body: entry(), headers: TYPE } : {});
        problemOf(answer, 405);
        const allow = (answer.headers.allow ?? '').split(/,\s*/);
        assert.ok(allow.includes('GET') && !allow.includes(method), `${kind.name}: ${allow}`);
      }
      assert.deepEqual(await titlesOf(await door.ask('GET', '/atommq/feed=log-y')), ['a']);
    });
  },
  { feeds: FEEDS },
);
