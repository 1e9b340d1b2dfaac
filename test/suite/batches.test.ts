/** Batches (section 2): a feed document is appended whole, in its order, or not at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Door, eachDoor } from '../doors/all.js';
import { ATOM, entry, feedOf, problemOf, publish, TYPE, titlesOf } from './atom.js';

const batch = (...entries: string[]) => `<feed xmlns="${ATOM}">\n${entries.join('\n')}\n</feed>`;
const item = (id: string, title: string) => `<entry><id>${id}</id><title>${title}</title></entry>`;
const post = (door: Door, name: string, body: string, headers = {}) =>
  door.ask('POST', `/atommq/feed=${name}`, { body, headers: { ...TYPE, ...headers } });

eachDoor((at) => {
  test('which entry is wrong is said, and none is stored', async () => {
    const door = at();
    const many = Array.from({ length: 20 }, (_, i) => item(`urn:b:${i}`, String(i)));
    many[17] = '<entry><updated>yesterday</updated></entry>';
    const wrong = problemOf(await post(door, 'wrong', batch(...many)), 422);
    assert.equal(wrong.index, 17);
    assert.equal(wrong.line, 19);
    assert.equal(typeof wrong.column, 'number');
    const malformed = problemOf(await post(door, 'wrong', batch('<entry/>', '<entry><title></entry>')), 400);
    assert.equal(malformed.line, 3);
    problemOf(await door.ask('GET', '/atommq/feed=wrong'), 404);
  });

  test('an entry that is there with other content refuses all', async () => {
    const door = at();
    await publish(door, 'conflict', '<id>urn:c:1</id><title>one</title>');
    const answer = problemOf(
      await post(door, 'conflict', batch(item('urn:c:0', 'zero'), item('urn:c:1', 'other'))),
      409,
    );
    assert.equal(answer.index, 1);
    problemOf(await post(door, 'conflict', batch(item('urn:c:8', 'a'), item('urn:c:8', 'b'))), 409);
    assert.deepEqual(await titlesOf(await door.ask('GET', '/atommq/feed=conflict')), ['one']);
  });

  test('those that are there already are not stored again, and are shown as they are', async () => {
    const door = at();
    const first = await post(door, 'partly', batch(item('urn:p:1', 'one'), item('urn:p:2', 'two')));
    assert.equal(first.status, 201, first.text);
    assert.equal(first.headers['idempotency-replayed'], undefined);
    const edited = (text: string, id: string) =>
      new RegExp(`<app:edited[^>]*>([^<]*)</app:edited><id>${id}</id>`).exec(text)?.[1];
    const more = await post(door, 'partly', batch(item('urn:p:2', 'two'), item('urn:p:3', 'three')));
    assert.equal(more.status, 201, more.text);
    assert.equal(edited(more.text, 'urn:p:2'), edited(first.text, 'urn:p:2'));
    assert.notEqual(edited(more.text, 'urn:p:3'), undefined);
    assert.deepEqual(await titlesOf(await door.ask('GET', '/atommq/feed=partly')), ['one', 'two', 'three']);
    const again = await post(door, 'partly', batch(item('urn:p:1', 'one'), item('urn:p:3', 'three')));
    assert.equal(again.headers['idempotency-replayed'], 'true');
    const { entries } = await feedOf({ ...again, status: 200 });
    assert.deepEqual(
      entries.map(({ id }) => id),
      ['urn:p:1', 'urn:p:3'],
    );
  });

  test('an expected position holds for all of a batch', async () => {
    const door = at();
    await publish(door, 'expected', '<title>0</title>');
    const { etag = '' } = (await door.ask('GET', '/atommq/feed=expected')).headers;
    const two = batch(entry('<title>1</title>'), entry('<title>2</title>'));
    assert.equal((await post(door, 'expected', two, { 'if-match': etag })).status, 201);
    problemOf(await post(door, 'expected', two, { 'if-match': etag }), 412);
    assert.deepEqual(await titlesOf(await door.ask('GET', '/atommq/feed=expected')), ['0', '1', '2']);
  });

  test('an empty one stores nothing', async () => {
    const door = at();
    problemOf(await post(door, 'empty', batch()), 422);
    problemOf(await post(door, 'empty', `<feed xmlns="${ATOM}"/>`), 422);
    problemOf(await door.ask('GET', '/atommq/feed=empty'), 404);
  });
});
