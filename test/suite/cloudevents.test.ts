/** CloudEvents and http-feeds: events in and out of the same feeds as entries, by the official SDK too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { CloudEvent, type CloudEventV1, HTTP } from 'cloudevents';
import type { Answered } from '../client.js';
import { eachDoor } from '../doors/all.js';
import { readEvents } from '../events.js';
import { entryOf, feedOf, pathOf, problemOf, publish, revalidated, TYPE } from './atom.js';

const EVENT = { 'content-type': 'application/cloudevents+json' };
const BATCH = { 'content-type': 'application/cloudevents-batch+json' };
const least = (id: string, more = {}) => ({
  specversion: '1.0',
  id,
  source: '/shop',
  type: 'com.example.sold',
  ...more,
});

type Event = CloudEventV1<unknown>;

/** The events of an answer, which is a batch of them. */
function eventsIn(answer: Answered): Event[] {
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers['content-type'], BATCH['content-type']);
  return JSON.parse(answer.text) as Event[];
}
const idsIn = (answer: Answered) => eventsIn(answer).map(({ id }) => id);

eachDoor(
  (at, kind) => {
    const runsOnce = /CGI/.test(kind.name);
    const post = (feed: string, body: string | Uint8Array, headers: Record<string, string>) =>
      at().ask('POST', `/atommq/feed=${feed}`, { body, headers });
    const send = (feed: string, event: object, headers = {}) =>
      post(feed, JSON.stringify(event), { ...EVENT, ...headers });
    const get = (feed: string, query = '', headers = {}) =>
      at().ask('GET', `/atommq/feed=${feed}?format=cloudevents${query}`, { headers });

    test('an event comes back as it was sent, and is an entry for readers of Atom', async () => {
      const event = least('A 1', {
        subject: 'shoes & socks',
        time: '2018-04-05T17:31:00Z',
        comexample: 5,
        flag: true,
        datacontenttype: 'application/json',
        data: { sku: '9521234567899', quantity: 5 },
      });
      const created = await send('shop', event);
      assert.equal(created.status, 201, created.text);
      assert.equal(created.headers['content-type'], EVENT['content-type']);
      assert.deepEqual(JSON.parse(created.text), event);
      assert.deepEqual(eventsIn(await get('shop')), [event]);
      const address = pathOf(created.headers.location);
      const one = await at().ask('GET', address, { headers: { accept: 'application/cloudevents+json' } });
      assert.deepEqual(JSON.parse(one.text), event);
      assert.equal(one.headers['content-type'], EVENT['content-type']);
      assert.equal(one.headers.etag, created.headers.etag);
      const { entries } = await feedOf(await at().ask('GET', '/atommq/feed=shop'));
      assert.equal(entries[0]?.title, 'shoes & socks');
      assert.equal(entries[0]?.updated, '2018-04-05T17:31:00Z');
      assert.equal((await entryOf(await at().ask('GET', address))).id, 'urn:atommq:event:/shop:A%201');
    });

    test('what the SDK sends, alone, in fields and in a batch, is what it gets', async () => {
      const made: CloudEvent<unknown>[] = [
        new CloudEvent({ type: 'com.example.json', source: '/sdk', id: '1', data: { a: ['ä', null, 1.5] }, ext: 'x' }),
        new CloudEvent({
          type: 'com.example.text',
          source: '/sdk',
          id: '2',
          datacontenttype: 'text/plain',
          data: 'a\n b',
        }),
        new CloudEvent({ type: 'com.example.none', source: '/sdk', id: '3', subject: 'a subject' }),
      ];
      const sent = (feed: string, { headers, body }: ReturnType<typeof HTTP.structured>) => {
        const fields = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]);
        return post(feed, (body as string | undefined) ?? '', Object.fromEntries(fields));
      };
      for (const event of made) {
        assert.equal((await sent('sdk-structured', HTTP.structured(event))).status, 201);
        const binary = await sent('sdk-binary', HTTP.binary(event));
        assert.equal(binary.status, 201, binary.text);
      }
      const batch = await post('sdk-batch', `[${made.join(',')}]`, BATCH);
      assert.equal(batch.status, 201, batch.text);
      assert.equal(batch.headers['content-type'], BATCH['content-type']);
      for (const feed of ['sdk-structured', 'sdk-batch']) {
        const { headers, text } = await get(feed);
        assert.deepEqual(HTTP.toEvent({ headers, body: text }), made, feed);
      }
      const { headers, text } = await get('sdk-binary');
      // In fields everything is a string, and the type of the data is said.
      const seen = HTTP.toEvent({ headers, body: text }) as Event[];
      assert.deepEqual(
        seen.map(({ id, type, source, subject, data, ext }) => ({ id, type, source, subject, data, ext })),
        made.map(({ id, type, source, subject, data, ext }) => ({ id, type, source, subject, data, ext })),
      );
    });

    test('bytes in fields are kept, whatever their type', async () => {
      const fields = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' };
      const body = Buffer.from([0, 255, 10, 13]);
      assert.equal((await post('bytes', body, { ...fields, 'content-type': 'image/png' })).status, 201);
      const [event] = eventsIn(await get('bytes'));
      assert.equal(event?.data_base64, body.toString('base64'));
      assert.equal(event?.datacontenttype, 'image/png');
    });

    test('an event that was published is not published again', async () => {
      const event = least('once', { data: 1 });
      assert.equal((await send('once', event)).headers['idempotency-replayed'], undefined);
      const again = await send('once', Object.fromEntries(Object.entries(event).reverse()));
      assert.deepEqual([again.status, again.headers['idempotency-replayed']], [201, 'true']);
      assert.deepEqual(JSON.parse(again.text), event);
      problemOf(await send('once', { ...event, data: 2 }), 409);
      assert.equal((await send('once', { ...event, source: '/other' })).status, 201);
      const batch = [least('twice'), event];
      assert.equal((await post('once', JSON.stringify(batch), BATCH)).status, 201);
      assert.equal(
        problemOf(await post('once', JSON.stringify([least('no'), { ...event, data: 3 }]), BATCH), 409).index,
        1,
      );
      assert.deepEqual(idsIn(await get('once')), ['once', 'once', 'twice']);
      const minimal = await send('once', least('minimal'), { prefer: 'return=minimal' });
      assert.deepEqual([minimal.status, minimal.text], [201, '']);
    });

    test('what is not an event is refused, and nothing is stored', async () => {
      assert.equal(problemOf(await send('refused', { ...least('1'), source: undefined }), 422).attribute, 'source');
      const batch = JSON.stringify([least('1'), { ...least('2'), time: 'now' }]);
      const wrong = problemOf(await post('refused', batch, BATCH), 422);
      assert.deepEqual([wrong.index, wrong.attribute], [1, 'time']);
      assert.equal(problemOf(await post('refused', '{"a":1,\n"a":2}', EVENT), 400).line, 2);
      problemOf(await post('refused', '['.repeat(100_000), BATCH), 400);
      problemOf(await post('refused', Buffer.from([0x22, 0xff]), EVENT), 400);
      problemOf(await post('refused', '[]', BATCH), 422);
      problemOf(await post('refused', 'x', { 'content-type': 'application/cloudevents+avro' }), 415);
      problemOf(await post('refused', JSON.stringify([1, 2, 3, 4, 5].map((i) => least(`${i}`))), BATCH), 413);
      problemOf(await post('refused', 'x', { 'ce-specversion': '1.0', 'content-type': 'text/plain' }), 422);
      problemOf(await at().ask('GET', '/atommq/feed=refused'), 404);
    });

    test('an entry is an event of its feed, a deleted one says so, and an event may be revised', async () => {
      const { ask, base } = at();
      await publish(at(), 'mixed', '<id>urn:m:1</id><title>one</title><content>text</content>');
      const event = await send('mixed', least('2', { data: 'two' }));
      await publish(at(), 'mixed', '<id>urn:m:3</id>');
      const address = pathOf(event.headers.location);
      const revised = await ask('PUT', address, {
        body: JSON.stringify(least('2', { data: 'again' })),
        headers: { ...EVENT, 'if-match': event.headers.etag ?? '' },
      });
      assert.equal(revised.status, 200, revised.text);
      problemOf(await ask('PUT', address, { body: JSON.stringify(least('other')), headers: EVENT }), 422);
      assert.equal((await ask('DELETE', '/atommq/feed=mixed/entries/urn:m:3')).status, 200);
      const [first, second, third] = eventsIn(await get('mixed'));
      const { time, ...rest } = first!;
      const source = `${base}/feed=mixed`;
      assert.deepEqual(rest, {
        ...{ specversion: '1.0', id: 'urn:m:1', source, type: 'org.ietf.atom.entry', subject: 'one' },
        ...{ datacontenttype: 'text/plain', data: 'text' },
      });
      assert.match(time ?? '', /^\d{4}-/);
      assert.deepEqual(second, least('2', { data: 'again' }));
      assert.deepEqual([third?.id, third?.subject, third?.method], ['urn:m:3', 'urn:m:3', 'DELETE']);
    });

    test('http-feeds: a reader goes on after the last event that it has seen, to an empty array', async () => {
      for (let i = 1; i <= 5; i += 1) await send('poll', least(`${i}`, i > 3 ? { source: '/other' } : {}));
      const seen: string[] = [];
      let last = 'null';
      for (let turns = 0; turns < 5; turns += 1) {
        const page = await get('poll', `&lastEventId=${last}`);
        const ids = idsIn(page);
        assert.equal(page.headers['atommq-up-to-date'], ids.length < 4 ? 'true' : undefined);
        if (ids.length === 0) break;
        seen.push(...ids);
        last = ids.at(-1)!;
      }
      assert.deepEqual(seen, ['1', '2', '3', '4', '5']);
      assert.deepEqual(eventsIn(await get('poll', '&lastEventId=5')), []);
      const next = /<([^>]*)>; rel="next"/.exec((await get('poll')).headers.link ?? '')?.[1];
      assert.deepEqual(idsIn(await at().ask('GET', pathOf(next))), ['5']);
      // An address that a reader began with has its place beaten by the last event.
      assert.deepEqual(idsIn(await get('poll', '&start_after=now&lastEventId=4')), ['5']);
      problemOf(await get('poll', '&lastEventId=never'), 400);
    });

    test('an id that two sources have is asked for with its source', async () => {
      await send('sources', least('1'));
      await send('sources', least('1', { source: '/other' }));
      await send('sources', least('2'));
      const { detail } = problemOf(await get('sources', '&lastEventId=1'), 400);
      assert.match(String(detail), /Several sources/);
      assert.deepEqual(idsIn(await get('sources', '&lastEventId=1&source=/other')), ['2']);
      assert.deepEqual(idsIn(await get('sources', '&lastEventId=urn:atommq:event:/shop:1')), ['1', '2']);
    });

    test('a place stays good when its event is deleted', async () => {
      const first = await send('deleted', least('1'));
      await publish(at(), 'deleted', '<id>urn:d:2</id>');
      assert.equal((await at().ask('DELETE', pathOf(first.headers.location))).status, 200);
      assert.deepEqual(idsIn(await get('deleted', '&lastEventId=1')), ['urn:d:2']);
      const [gone] = eventsIn(await get('deleted'));
      assert.deepEqual([gone?.source, gone?.subject, gone?.method], ['/shop', '1', 'DELETE']);
      assert.deepEqual(idsIn(await get('deleted', `&lastEventId=${encodeURIComponent(gone!.id)}`)), ['urn:d:2']);
    });

    test('a timeout is waited for, and an event ends it', async () => {
      await send('wait', least('1'));
      assert.deepEqual(idsIn(await get('wait', '&timeout=60000')), ['1']);
      assert.deepEqual(eventsIn(await get('wait', '&lastEventId=1&timeout=1')), []);
      problemOf(await get('wait', '&timeout=soon'), 400);
      if (runsOnce) return;
      const heard = get('wait', '&lastEventId=1&timeout=60000');
      await send('wait', least('2'));
      const answer = await heard;
      assert.deepEqual(idsIn(answer), ['2']);
      assert.equal(answer.headers['preference-applied'], undefined);
    });

    test('pages of events have tags and codings of their own, and others get what they got', async () => {
      await post('cached', JSON.stringify([1, 2, 3, 4].map((i) => least(`${i}`, { data: 'x'.repeat(500) }))), BATCH);
      const page = await get('cached');
      revalidated(page);
      assert.equal((await get('cached', '', { 'if-none-match': page.headers.etag ?? '' })).status, 304);
      const zipped = await get('cached', '', { 'accept-encoding': 'gzip' });
      assert.equal(gunzipSync(zipped.body).toString(), page.text);
      assert.notEqual(zipped.headers.etag, page.headers.etag);
      const accepted = await at().ask('GET', '/atommq/feed=cached', {
        headers: { accept: 'application/cloudevents-batch+json' },
      });
      assert.deepEqual([accepted.text, accepted.headers.etag], [page.text, page.headers.etag]);
      for (const [accept, type] of [
        ['*/*', /^application\/atom\+xml/],
        ['application/*', /^application\/atom\+xml/],
        ['application/json', /^application\/json$/],
        ['application/json, application/cloudevents-batch+json;q=0.9', /^application\/json$/],
      ] as const) {
        const other = await at().ask('GET', '/atommq/feed=cached', { headers: { accept } });
        assert.match(other.headers['content-type'] ?? '', type);
        assert.notEqual(other.headers.etag, page.headers.etag);
      }
    });

    test('a stream has events as they were sent', { skip: !kind.overHttp }, async () => {
      const event = least('1', { data: 'a\r\nb' });
      const created = await send('stream', event);
      assert.equal((await at().ask('DELETE', pathOf((await send('stream', least('2'))).headers.location))).status, 200);
      const stream = await readEvents(`http://127.0.0.1:${at().port}/atommq/feed=stream?format=cloudevents`);
      const events = await stream.until(2);
      stream.close();
      assert.deepEqual(JSON.parse(events[0]!.data), event);
      assert.deepEqual([events[1]?.event, JSON.parse(events[1]!.data).method], ['deleted', 'DELETE']);
      assert.equal(created.status, 201);
      problemOf(
        await at().ask('GET', '/atommq/feed=stream?format=csv', { headers: { accept: 'text/event-stream' } }),
        400,
      );
    });

    test('an event may be the last that an append expects', async () => {
      const first = await send('expected', least('1'));
      const match = { 'if-match': first.headers.etag ?? '' };
      assert.equal((await send('expected', least('2'), match)).status, 201);
      problemOf(await send('expected', least('3'), match), 412);
      problemOf(await send('expected', least('3'), { 'if-none-match': '*' }), 412);
      assert.equal((await at().ask('POST', '/atommq/feed=expected', { body: '<entry/>', headers: TYPE })).status, 201);
    });
  },
  { pageSize: 4, configuration: { 'max-batch-entries': 4 } },
);
