/** Publishing by the client: shared requests, order, attempts after lost answers, and whose fault a refusal is. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Client, connect, type Entry, Refused, Unavailable } from '../../src/client/client.js';
import { endAll } from '../server.js';
import { losingProxy } from './losing-proxy.js';
import { Server } from './server.js';

let server: Server;
before(async () => {
  server = await Server.start('--max-entry-bytes', '200000');
});
after(endAll);

/** A client whose requests are counted. */
function counted(options: Parameters<typeof connect>[1] = {}): { client: Client; bodies: string[] } {
  const bodies: string[] = [];
  const fetch: typeof globalThis.fetch = (url, init) => {
    if (init?.method === 'POST') bodies.push(String(init.body));
    return globalThis.fetch(url, init);
  };
  return { client: connect(server.url, { ...options, fetch }), bodies };
}

async function read(client: Client, name: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of client.feed(name).entries()) entries.push(entry);
  return entries;
}

const texts = (entries: Entry[]) => entries.map(({ content }) => content.value);

test('calls that wait share requests, within their bounds, and keep their order', async () => {
  const { client, bodies } = counted({ batch: { entries: 100 } });
  const feed = client.feed('batches');
  const first = feed.publish({ content: 'first' });
  await Promise.resolve();
  await Promise.resolve();
  const rest = Array.from({ length: 1000 }, (_, i) => feed.publish({ content: String(i) }));
  const published = await Promise.all([first, ...rest]);
  assert.equal(bodies.length, 11);
  assert.ok(bodies.every((body) => body.split('<entry').length <= 101));
  const entries = await read(client, 'Batches');
  assert.deepEqual(texts(entries), ['first', ...rest.keys()].map(String));
  assert.deepEqual(
    entries.map(({ id }) => id),
    published.map(({ id }) => id),
  );
  assert.equal((await fetch(published[500]!.url)).status, 200);
  assert.deepEqual(
    [...published.map(({ id }) => id)].sort(),
    published.map(({ id }) => id),
    'ids sort as they were made',
  );
});

test('requests are bounded by size as well, and several entries of a call stay together', async () => {
  const { client, bodies } = counted({ batch: { size: 50_000 } });
  const feed = client.feed('sizes');
  const text = 'x'.repeat(20_000);
  await Promise.all([
    ...Array.from({ length: 6 }, () => feed.publish({ content: text })),
    feed.publish(Array.from({ length: 5 }, () => ({ content: text }))),
  ]);
  assert.deepEqual(
    bodies.map((body) => body.split('<entry').length - 1),
    [2, 2, 2, 5],
  );
});

test('one that is refused does not take others with it', async () => {
  const { client } = counted();
  const feed = client.feed('refusals');
  const id = 'urn:test:twice';
  const results = await Promise.allSettled([
    feed.publish(`<entry><id>${id}</id><title>a</title></entry>`),
    feed.publish({ title: 'b' }),
    feed.publish('<entry><title>'),
    feed.publish('</entry></feed><feed>'),
    feed.publish('<entry/><entry/>'),
    feed.publish({ title: 'c' }),
    feed.publish({ title: '\u0001' }),
    feed.publish({ id, title: 'other' }),
    feed.publish([{ title: 'd' }, { title: '\u0002' }]),
    feed.publish({ title: 'e' }),
  ]);
  const statuses = results.map((result) => (result.status === 'rejected' ? (result.reason as Refused).status : 201));
  assert.deepEqual(statuses, [201, 201, 400, 400, 400, 201, 400, 409, 400, 201]);
  assert.ok(results.every((result) => result.status === 'fulfilled' || result.reason instanceof Refused));
  const titles = (await read(client, 'refusals')).map(({ title }) => title);
  assert.deepEqual(titles, ['a', 'b', 'c', 'e']);
  await assert.rejects(feed.publish('<feed xmlns="http://www.w3.org/2005/Atom"/>'), TypeError);
});

test('an entry means the same in a shared request as by itself', async () => {
  const { client, bodies } = counted();
  const entries = [
    '<?xml version="1.0"?><!-- before --><entry><title>bare</title></entry>',
    '<a:entry xmlns:a="http://www.w3.org/2005/Atom"><a:content type="application/xml"><doc>none</doc></a:content></a:entry>',
    '<entry xmlns="http://www.w3.org/2005/Atom"><title><![CDATA[<id>no</id>]]></title><!-- <id>no</id> --></entry>',
    '<entry xmlns="http://www.w3.org/2005/Atom" xmlns:x="urn:x"><x:id>no</x:id><source><id>urn:no</id></source></entry>',
    '<entry/>',
  ];
  const alone = client.feed('alone');
  const together = client.feed('together');
  const ids: string[] = [];
  for (const xml of entries) ids.push((await alone.publish(xml)).id);
  const one = bodies.length;
  assert.equal(one, entries.length);
  const shared = await Promise.all(entries.map((xml) => together.publish(xml)));
  assert.equal(bodies.length, one + 1);
  const atom = async (name: string, own: string[]) => {
    const xml: string[] = [];
    for await (const entry of client.feed(name).entries({ as: 'xml' })) xml.push(entry.xml);
    return xml.map((text, i) =>
      text
        .replaceAll(own[i]!, 'ID')
        .replaceAll(own[i]!.slice(9), 'ID')
        .replaceAll(name, 'NAME')
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME'),
    );
  };
  const separate = await atom('alone', ids);
  assert.deepEqual(
    await atom(
      'together',
      shared.map(({ id }) => id),
    ),
    separate,
  );
  assert.match(separate[1]!, /<doc>none<\/doc>/);
  assert.match(separate[1]!, / xmlns=""/);
});

test('answers that are lost are asked for again, and nothing is stored twice', async (t) => {
  const proxy = await losingProxy(server.port, 3);
  t.after(() => proxy.close());
  const retry = { first: 5, most: 50 };
  const client = connect(`http://127.0.0.1:${proxy.port}/atommq`, { retry, batch: { entries: 7 } });
  const feed = client.feed('lossy');
  const results: { replayed: boolean }[] = [];
  for (let round = 0; round < 20; round += 1) {
    const calls = Array.from({ length: 10 }, (_, i) => feed.publish({ content: `${round}.${i}` }));
    results.push(...(await Promise.all(calls)));
  }
  results.push(await feed.publishMedia('bytes', { type: 'text/plain', slug: 'Ü' }));
  assert.ok(proxy.lost > 10, `${proxy.lost} answers lost`);
  assert.ok(results.some(({ replayed }) => replayed));
  const entries = await read(connect(server.url), 'lossy');
  const expected = Array.from({ length: 200 }, (_, i) => `${Math.floor(i / 10)}.${i % 10}`);
  assert.deepEqual(texts(entries).slice(0, 200), expected);
  assert.equal(entries.length, 201);
  assert.equal(entries.at(-1)?.title, 'Ü');
  t.diagnostic(`${proxy.lost} answers lost, 201 entries stored once each, in order`);
});

test('503 and 429 with Retry-After are tried again, other refusals are not', async () => {
  const answers: [number, Record<string, string>][] = [
    [503, { 'retry-after': '0' }],
    [429, {}],
    [500, {}],
    [502, {}],
  ];
  let asked = 0;
  const fetch: typeof globalThis.fetch = (url, init) => {
    const [status, headers] = answers[asked] ?? [];
    asked += 1;
    return status === undefined
      ? globalThis.fetch(url, init)
      : Promise.resolve(new Response('', { status, headers: headers! }));
  };
  const client = connect(server.url, { fetch, retry: { first: 1, most: 2 } });
  await client.feed('again').publish({ title: 'x' });
  assert.equal(asked, 5);
  for (const status of [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 501]) {
    let refused = 0;
    const refusing: typeof globalThis.fetch = () => {
      refused += 1;
      return Promise.resolve(new Response('', { status }));
    };
    const feed = connect(server.url, { fetch: refusing }).feed('never');
    await assert.rejects(feed.publish({ title: 'x' }), (error) => error instanceof Refused && error.status === status);
    assert.equal(refused, 1);
  }
});

test('Retry-After is waited for', async () => {
  const pauses: number[] = [];
  let asked = 0;
  const fetch: typeof globalThis.fetch = () => {
    asked += 1;
    return Promise.resolve(
      asked === 1
        ? new Response('', { status: 503, headers: { 'retry-after': '1' } })
        : new Response('', { status: 201 }),
    );
  };
  const client = connect(server.url, { fetch, retry: { first: 1 }, onRetry: (_, pause) => pauses.push(pause) });
  await client.feed('later').publish({ title: 'x' });
  assert.ok(pauses.length === 1 && pauses[0]! >= 1000, String(pauses));
});

test('a server that is not there is told of when the time is over', async () => {
  const client = connect('http://127.0.0.1:1/atommq', {
    retry: { first: 1, most: 5, limit: 50 },
    fetch: () => Promise.reject(new TypeError('fetch failed')),
  });
  await assert.rejects(client.feed('x').publish({ title: 'x' }), Unavailable);
});

test('an expected position is checked once, also when its answer is lost', async () => {
  const { client } = counted();
  const feed = client.feed('expected');
  await feed.publish({ title: 'a' }, { ifNew: true });
  await assert.rejects(feed.publish({ title: 'b' }, { ifNew: true }), { status: 412 });
  const { etag, last } = await feed.end();
  const b = await feed.publish({ title: 'b' }, { ifMatch: etag! });
  await assert.rejects(feed.publish({ title: 'c' }, { ifMatch: etag! }), { status: 412 });
  await feed.publish({ title: 'c' }, { ifMatch: b.etag! });
  assert.notEqual(last, (await feed.end()).last);
  let lose = true;
  const losing: typeof globalThis.fetch = async (url, init) => {
    const response = await fetch(url, init);
    if (init?.method !== 'POST' || !lose) return response;
    lose = false;
    throw new TypeError('fetch failed');
  };
  const end = await feed.end();
  const again = connect(server.url, { fetch: losing, retry: { first: 1 } }).feed('expected');
  assert.equal((await again.publish({ title: 'd' }, { ifMatch: end.etag! })).replayed, true);
  assert.deepEqual(
    (await read(client, 'expected')).map(({ title }) => title),
    ['a', 'b', 'c', 'd'],
  );
});

test('media go in order with entries, and by their types', async () => {
  const { client } = counted();
  const feed = client.feed('media');
  const [, media] = await Promise.all([
    feed.publish({ title: 'before' }),
    feed.publishMedia(new Uint8Array([1, 2, 3]), { type: 'image/png', slug: 'A beach' }),
    feed.publish({ title: 'after' }),
  ]);
  const entries = await read(client, 'media');
  assert.deepEqual(
    entries.map(({ title }) => title),
    ['before', 'A beach', 'after'],
  );
  assert.equal(entries[1]?.id, media.id);
  assert.equal(entries[1]?.content.type, 'image/png');
  const bytes = await (await fetch(entries[1]!.content.src!)).arrayBuffer();
  assert.deepEqual([...new Uint8Array(bytes)], [1, 2, 3]);
});

test('a call that is aborted while it waits is not sent', async () => {
  const { client } = counted();
  const feed = client.feed('aborted');
  const first = feed.publish({ title: 'first' });
  await Promise.resolve();
  await Promise.resolve();
  const stop = new AbortController();
  const second = feed.publish({ title: 'second' }, { signal: stop.signal });
  const third = feed.publish({ title: 'third' });
  stop.abort(new Error('no more'));
  await assert.rejects(second, /no more/);
  await Promise.all([first, third]);
  assert.deepEqual(
    (await read(client, 'aborted')).map(({ title }) => title),
    ['first', 'third'],
  );
});

test('credentials are sent: a token, those of the address, and fields', async () => {
  const seen: (string | null)[] = [];
  const fetch: typeof globalThis.fetch = (_, init) => {
    const headers = new Headers(init?.headers);
    seen.push(headers.get('authorization'), headers.get('x-own'));
    return Promise.resolve(new Response('{"items":[]}'));
  };
  const end = (url: string, options: object) =>
    connect(url, { fetch, ...options })
      .feed('x')
      .end();
  await end('http://jö:s%40crët@h/atommq/', {});
  await end('http://h/atommq', { token: async () => 'abc', headers: () => ({ 'X-Own': '1' }) });
  assert.deepEqual(seen, [`Basic ${Buffer.from('jö:s@crët').toString('base64')}`, null, 'Bearer abc', '1']);
  assert.throws(() => connect('ftp://h/'), TypeError);
  assert.throws(() => connect('http://h/?a=1'), TypeError);
});
