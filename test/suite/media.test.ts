/** Media resources (section 2, RFC 5023 §9.6): any bytes in, the same bytes out, and the entry that links to them. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Answered } from '../client.js';
import { type Door, eachDoor } from '../doors/all.js';
import { ATOM, entry, entryOf, feedOf, pathOf, problemOf, TYPE } from './atom.js';

const PNG = { 'content-type': 'image/png' };
const BYTES = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0xff, 0x0d, 0x0a]);

async function create(door: Door, feed: string, body: Uint8Array = BYTES, headers = {}): Promise<Answered> {
  const answer = await door.ask('POST', `/atommq/feed=${feed}`, { body, headers: { ...PNG, ...headers } });
  assert.equal(answer.status, 201, answer.text);
  return answer;
}

/** The paths of a media link entry and of its media resource. */
const paths = (created: Answered) => {
  const member = pathOf(created.headers.location);
  return { member, media: `${member}/media` };
};

eachDoor((at, kind) => {
  test('a media resource gets an entry that links to it', async () => {
    const door = at();
    const created = await create(door, 'media', BYTES, { slug: 'The%20Beach%20at%20S%C3%A8te' });
    assert.equal(created.headers['content-location'], created.headers.location);
    const shown = await entryOf(created);
    assert.equal(shown.title, 'The Beach at Sète');
    assert.equal(shown.links['edit-media'], `${created.headers.location}/media`);
    assert.match(
      created.text,
      new RegExp(`<content type="image/png" src="${created.headers.location}/media"/>`),
      'content points to the media resource',
    );
    assert.match(created.text, /<summary/, 'which RFC 4287 wants beside such a content');
    const page = await feedOf(await door.ask('GET', '/atommq/feed=media'));
    assert.equal(page.entries[0]?.links['edit-media'], `${created.headers.location}/media`);
  });

  test('its bytes come back as they were sent, and cannot act in our origin', async () => {
    const door = at();
    const { media } = paths(await create(door, 'bytes'));
    const got = await door.ask('GET', media);
    assert.equal(got.status, 200);
    assert.deepEqual(got.body, BYTES);
    assert.equal(got.headers['content-type'], 'image/png');
    assert.equal(got.headers['content-length'], String(BYTES.length));
    assert.equal(got.headers['x-content-type-options'], 'nosniff');
    assert.match(got.headers['content-security-policy'] ?? '', /sandbox/);
    const head = await door.ask('HEAD', media);
    assert.equal(head.status, 200);
    assert.equal(head.body.length, 0);
    assert.equal(head.headers.etag, got.headers.etag);
    assert.equal(head.headers['content-length'], String(BYTES.length));
    const same = await door.ask('GET', media, { headers: { 'if-none-match': got.headers.etag ?? '' } });
    assert.equal(same.status, 304);
    assert.equal(same.body.length, 0);
  });

  test('a large one too, whatever pieces it comes in', async () => {
    const door = at();
    const large = randomBytes(2_500_000);
    const pieces = [large.subarray(0, 1), large.subarray(1, 50_000), large.subarray(50_000)];
    const answer = await door.ask('POST', '/atommq/feed=large', {
      body: pieces,
      headers: { 'content-type': 'application/octet-stream' },
    });
    assert.equal(answer.status, 201, answer.text);
    const { media } = paths(answer);
    assert.ok((await door.ask('GET', media)).body.equals(large));
    const part = await door.ask('GET', media, { headers: { range: 'bytes=49151-1000000' } });
    assert.equal(part.status, 206);
    assert.ok(part.body.equals(large.subarray(49_151, 1_000_001)));
  });

  test('an empty one is a media resource as well', async () => {
    const door = at();
    const { media } = paths(await create(door, 'empty', Buffer.alloc(0)));
    const got = await door.ask('GET', media);
    assert.equal(got.status, 200);
    assert.equal(got.body.length, 0);
  });

  test('ranges', async () => {
    const door = at();
    const { media } = paths(await create(door, 'ranges', Buffer.from('0123456789')));
    const get = (range: string, headers = {}) => door.ask('GET', media, { headers: { range, ...headers } });
    for (const [range, text, where] of [
      ['bytes=0-3', '0123', 'bytes 0-3/10'],
      ['bytes=4-', '456789', 'bytes 4-9/10'],
      ['bytes=-2', '89', 'bytes 8-9/10'],
      ['bytes=8-100', '89', 'bytes 8-9/10'],
      ['bytes=-100', '0123456789', 'bytes 0-9/10'],
    ] as const) {
      const part = await get(range);
      assert.equal(part.status, 206, range);
      assert.equal(part.text, text, range);
      assert.equal(part.headers['content-range'], where);
    }
    for (const range of ['bytes=5-2', 'lines=1-2', 'bytes=', 'bytes=a-b', 'bytes=0-1,4-5']) {
      const whole = await get(range);
      // lighttpd looks at the ranges of whole answers itself, and refuses or serves what we ignore (RFC 9110 §14.2).
      if (kind.name.startsWith('lighttpd') && [206, 416].includes(whole.status)) continue;
      assert.equal(whole.text, '0123456789', `${range}: ${whole.status}`);
    }
    const beyond = await get('bytes=10-');
    problemOf(beyond, 416);
    assert.equal(beyond.headers['content-range'], 'bytes */10');
    const { etag = '' } = (await door.ask('HEAD', media)).headers;
    assert.equal((await get('bytes=0-0', { 'if-range': etag })).status, 206);
    assert.equal((await get('bytes=0-0', { 'if-range': '"another"' })).status, 200);
  });

  test('PUT replaces the bytes, and the entry says so', async () => {
    const door = at();
    const created = await create(door, 'replaced');
    const { member, media } = paths(created);
    const before = await entryOf(created);
    const { etag = '' } = (await door.ask('GET', media)).headers;
    const text = { 'content-type': 'text/plain;charset=utf-8' };
    const put = await door.ask('PUT', media, { body: 'größer', headers: { ...text, 'if-match': etag } });
    assert.equal(put.status, 200, put.text);
    const got = await door.ask('GET', media);
    assert.equal(got.text, 'größer');
    assert.equal(got.headers['content-type'], 'text/plain;charset=utf-8');
    assert.notEqual(got.headers.etag, etag);
    assert.equal(put.headers.etag, undefined, 'AtomPub clients would take the entry for the media resource');
    problemOf(await door.ask('PUT', media, { body: 'stale', headers: { ...text, 'if-match': etag } }), 412);
    assert.equal((await door.ask('GET', media)).text, 'größer');
    const shown = await door.ask('GET', member);
    const after = await entryOf(shown);
    assert.ok(after.edited > before.edited && after.updated > before.updated);
    assert.equal(after.id, before.id);
    assert.match(shown.text, /<content type="text\/plain;charset=utf-8" src=/);
    assert.equal(shown.text.match(/<content/g)?.length, 1);
  });

  test('PUT of its entry keeps the link to it', async () => {
    const door = at();
    const { member, media } = paths(await create(door, 'described'));
    const body = entry(
      '<title>A beach</title><summary>Sand.</summary><content type="text/html" src="http://elsewhere.example/"/><link rel="edit-media" href="http://elsewhere.example/"/>',
    );
    const put = await door.ask('PUT', member, { body, headers: TYPE });
    assert.equal(put.status, 200, put.text);
    assert.doesNotMatch(put.text, /elsewhere/);
    assert.match(put.text, /<summary>Sand\.<\/summary>/);
    assert.match(put.text, /<content type="image\/png" src="[^"]*\/media"\/>/);
    assert.deepEqual((await door.ask('GET', media)).body, BYTES);
  });

  test('DELETE of either takes both', async () => {
    const door = at();
    for (const which of ['member', 'media'] as const) {
      const both = paths(await create(door, 'gone'));
      const answer = await door.ask('DELETE', both[which]);
      assert.equal(answer.status, 200, answer.text);
      problemOf(await door.ask('GET', both.media), 410);
      problemOf(await door.ask('GET', both.member), 410);
      problemOf(await door.ask('PUT', both.media, { body: 'x', headers: PNG }), 410);
    }
    assert.equal((await feedOf(await door.ask('GET', '/atommq/feed=gone'))).deleted.length, 2);
  });

  test('what is no media resource has none', async () => {
    const door = at();
    const created = await door.ask('POST', '/atommq/feed=none', { body: entry(), headers: TYPE });
    problemOf(await door.ask('GET', `${pathOf(created.headers.location)}/media`), 404);
    problemOf(await door.ask('PUT', `${pathOf(created.headers.location)}/media`, { body: 'x', headers: PNG }), 404);
    problemOf(await door.ask('GET', '/atommq/feed=none/entries/urn:x:none/media'), 404);
    problemOf(await door.ask('POST', '/atommq/feed=none', { body: 'x', headers: { 'content-type': 'nonsense' } }), 415);
  });

  test('an Idempotency-Key keeps it from being stored twice', async () => {
    const door = at();
    const key = { 'idempotency-key': 'k1' };
    const first = await create(door, 'once', BYTES, key);
    const second = await create(door, 'once', BYTES, key);
    assert.equal(second.headers['idempotency-replayed'], 'true');
    assert.equal(second.headers.location, first.headers.location);
    const other = await door.ask('POST', '/atommq/feed=once', { body: 'another', headers: { ...PNG, ...key } });
    problemOf(other, 409);
    assert.equal((await feedOf(await door.ask('GET', '/atommq/feed=once'))).entries.length, 1);
  });

  test('a Slug is a title, whatever is in it', async () => {
    const door = at();
    for (const [slug, title] of [
      ['plain words', 'plain words'],
      ['100%', '100%'],
      ['a%0D%0Ax-injected:%20yes%00', 'a  x-injected: yes'],
      ['%3Cscript%3E&amp;', '<script>&amp;'],
      ['%F0%9F%98%80', '😀'],
      ['%EF%BF%BF%FF', '%EF%BF%BF%FF'],
      ['x%EF%BF%BFy', 'x y'],
    ] as const) {
      const created = await create(door, 'slugs', BYTES, { slug });
      assert.equal((await entryOf(created)).title, title, slug);
      assert.equal(created.headers['x-injected'], undefined);
    }
  });

  test('markup that was sent as something else is still only bytes', async () => {
    const door = at();
    const html = '<!DOCTYPE html><script>alert(1)</script>';
    const answer = await door.ask('POST', '/atommq/feed=html', {
      body: html,
      headers: { 'content-type': 'text/html' },
    });
    assert.equal(answer.status, 201, answer.text);
    const got = await door.ask('GET', `${pathOf(answer.headers.location)}/media`);
    assert.equal(got.text, html);
    assert.match(got.headers['content-security-policy'] ?? '', /sandbox/);
    assert.ok(answer.text.includes(ATOM));
  });
});
