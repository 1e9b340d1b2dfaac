/** Entries at their own addresses (section 2): revised, deleted, and what stays of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Door, eachDoor } from '../doors/all.js';
import { entry, entryOf, feedOf, pathOf, problemOf, publish, revalidated, TYPE, titlesOf } from './atom.js';

const put = (door: Door, path: string, children: string, headers = {}) =>
  door.ask('PUT', path, { body: entry(children), headers: { ...TYPE, ...headers } });

eachDoor((at) => {
  test('PUT revises an entry in place', async () => {
    const door = at();
    const created = await publish(door, 'revised', '<title>a</title>');
    await publish(door, 'revised', '<title>b</title>');
    const path = pathOf(created.headers.location);
    const before = await entryOf(created);
    const revised = await put(door, path, '<title>A</title>');
    assert.equal(revised.status, 200, revised.text);
    const after = await entryOf(revised);
    assert.equal(after.id, before.id);
    assert.equal(after.published, before.published);
    assert.ok(after.edited > before.edited, 'app:edited moves');
    assert.ok(after.updated > before.updated, 'and updated, where the publisher does not set it');
    assert.notEqual(revised.headers.etag, created.headers.etag);
    assert.equal((await door.ask('GET', path)).headers.etag, revised.headers.etag);
    assert.deepEqual(await titlesOf(await door.ask('GET', '/atommq/feed=revised')), ['A', 'b']);
    const dated = await put(door, path, '<title>A</title><updated>2001-01-01T00:00:00Z</updated>');
    assert.equal((await entryOf(dated)).updated, '2001-01-01T00:00:00Z');
  });

  test('PUT keeps to its conditions', async () => {
    const door = at();
    const created = await publish(door, 'conditions', '<title>a</title>');
    const path = pathOf(created.headers.location);
    const tag = { 'if-match': created.headers.etag ?? '' };
    assert.equal((await put(door, path, '<title>b</title>', tag)).status, 200);
    problemOf(await put(door, path, '<title>c</title>', tag), 412);
    const long = { 'if-unmodified-since': 'Mon, 01 Jan 2001 00:00:00 GMT' };
    problemOf(await put(door, path, '<title>c</title>', long), 412);
    problemOf(await door.ask('DELETE', path, { headers: tag }), 412);
    problemOf(await door.ask('DELETE', path, { headers: long }), 412);
    assert.deepEqual(await titlesOf(await door.ask('GET', '/atommq/feed=conditions')), ['b']);
    assert.equal((await put(door, path, '<title>c</title>', { 'if-match': '*' })).status, 200);
  });

  test('a revision that is not an entry changes nothing', async () => {
    const door = at();
    const path = pathOf((await publish(door, 'bad-revision', '<title>a</title>')).headers.location);
    problemOf(await door.ask('PUT', path, { body: '<entry><title>', headers: TYPE }), 400);
    problemOf(await door.ask('PUT', path, { body: '<html/>', headers: TYPE }), 422);
    const other = await put(door, path, '<id>urn:x:another</id><title>b</title>');
    assert.ok(other.status >= 400 || (await entryOf(other)).id !== 'urn:x:another', 'an entry keeps its id');
    assert.equal((await feedOf(await door.ask('GET', '/atommq/feed=bad-revision'))).entries.length, 1);
  });

  test('a deleted entry leaves its place and a tombstone', async () => {
    const door = at();
    const [, second] = [
      await publish(door, 'deleted', '<title>a</title>'),
      await publish(door, 'deleted', '<title>b</title>'),
      await publish(door, 'deleted', '<title>c</title>'),
    ];
    const path = pathOf(second.headers.location);
    const { id } = await entryOf(second);
    assert.equal((await door.ask('DELETE', path, { headers: { 'if-match': second.headers.etag ?? '' } })).status, 200);
    problemOf(await door.ask('GET', path), 410);
    problemOf(await put(door, path, '<title>back</title>'), 410);
    const feed = await feedOf(await door.ask('GET', '/atommq/feed=deleted'));
    assert.deepEqual(
      feed.entries.map(({ title }) => title),
      ['a', 'c'],
    );
    assert.deepEqual(
      feed.deleted.map(({ ref }) => ref),
      [id],
    );
    assert.match(feed.deleted[0]?.when ?? '', /^\d{4}-\d\d-\d\dT.*Z$/);
    const after = await door.ask('GET', `/atommq/feed=deleted?start_after=${id}`);
    assert.deepEqual(await titlesOf(after), ['c'], 'its position stays');
  });

  test('an entry that was deleted is still the one that was published', async () => {
    const door = at();
    const children = '<id>urn:x:deleted</id><title>a</title>';
    const { headers } = await publish(door, 'deleted-twice', children);
    assert.equal((await door.ask('DELETE', pathOf(headers.location))).status, 200);
    const again = await publish(door, 'deleted-twice', children);
    assert.equal(again.headers['idempotency-replayed'], 'true');
    assert.equal(again.headers.location, headers.location);
    // There is no entry to be shown as one.
    assert.match(again.headers['content-type'] ?? '', /^application\/atomdeleted\+xml/);
    assert.match(again.text, /<at:deleted-entry[^>]* ref="urn:x:deleted"/);
    assert.equal(again.headers.etag, undefined);
    assert.equal(again.headers['content-location'], undefined);
    assert.deepEqual(await titlesOf(await door.ask('GET', '/atommq/feed=deleted-twice')), []);
  });

  test('an entry is read on conditions too', async () => {
    const door = at();
    const created = await publish(door, 'member', '<title>a</title>');
    const path = pathOf(created.headers.location);
    const got = await door.ask('GET', path);
    revalidated(got);
    const same = await door.ask('GET', path, { headers: { 'if-none-match': got.headers.etag ?? '' } });
    assert.equal(same.status, 304);
    revalidated(same);
    assert.equal(same.text, '');
    const head = await door.ask('HEAD', path);
    assert.equal(head.status, 200);
    assert.equal(head.text, '');
    assert.equal(head.headers.etag, got.headers.etag);
  });

  test('what is not there cannot be read, revised or deleted', async () => {
    const door = at();
    await publish(door, 'there', '<title>a</title>');
    for (const path of [
      '/atommq/feed=there/entries/01234567-89ab-7def-8123-456789abcdef',
      '/atommq/feed=there/entries/urn%3Ax%3Anothing',
      '/atommq/feed=not-there/entries/01234567-89ab-7def-8123-456789abcdef',
    ]) {
      problemOf(await door.ask('GET', path), 404);
      problemOf(await put(door, path, ''), 404);
      problemOf(await door.ask('DELETE', path), 404);
    }
  });

  test('DELETE of a feed takes all of it', async () => {
    const door = at();
    const path = pathOf((await publish(door, 'gone', '<title>a</title>')).headers.location);
    assert.equal((await door.ask('DELETE', '/atommq/feed=gone')).status, 200);
    problemOf(await door.ask('GET', '/atommq/feed=gone'), 404);
    problemOf(await door.ask('GET', path), 404);
    problemOf(await door.ask('DELETE', '/atommq/feed=gone'), 404);
    await publish(door, 'gone', '<title>b</title>');
    assert.deepEqual(await titlesOf(await door.ask('GET', '/atommq/feed=gone')), ['b']);
  });
});
