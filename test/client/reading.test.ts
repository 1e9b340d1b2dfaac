/** Reading by the client in both live modes, while servers restart and are killed: no entry lost, none twice. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type AtomEntry, connect, type Entry, type Mode, PositionGone, Refused } from '../../src/client/client.js';
import { endAll } from '../server.js';
import { losingProxy } from './losing-proxy.js';
import { Server, until } from './server.js';

after(endAll);

const RETRY = { first: 10, most: 300 };

/** Reads live in the background. */
function follow(url: string, name: string, options: Parameters<ReturnType<typeof feedOf>['entries']>[0]) {
  const stop = new AbortController();
  const seen: Entry[] = [];
  const done = (async () => {
    for await (const entry of feedOf(url, name).entries({ ...options, live: true, signal: stop.signal }))
      seen.push(entry);
  })();
  done.catch(() => {});
  return { seen, done, stop };
}

const feedOf = (url: string, name: string) => connect(url, { retry: RETRY }).feed(name);
const texts = (entries: Entry[]) => entries.map(({ content }) => content.value);

for (const mode of ['sse', 'poll', 'auto'] as Mode[]) {
  test(`${mode}: pages, then what comes, across restarts and kills of the server`, async (t) => {
    const server = await Server.start();
    const publisher = feedOf(server.url, 'restarts');
    const count = 400;
    for (let i = 0; i < 120; i += 1) void publisher.publish({ content: String(i) });
    await until(async () => (await publisher.end()).last !== undefined);
    const readers = [1, 2, 3].map(() => follow(server.url, 'restarts', { mode, wait: 5 }));
    const late = follow(server.url, 'restarts', { mode, wait: 5, after: 'now' });
    const publishing = (async () => {
      for (let i = 120; i < count; i += 1) {
        await publisher.publish({ content: String(i) });
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    const restarting = (async () => {
      for (const signal of ['SIGKILL', 'SIGTERM', 'SIGKILL'] as const) {
        const before = readers[0]!.seen.length;
        await until(() => readers[0]!.seen.length >= Math.min(before + 30, count));
        await server.restart(signal);
      }
    })();
    await Promise.all([publishing, restarting]);
    await until(() => readers.every(({ seen }) => seen.length >= count), 'entries are missing');
    const expected = Array.from({ length: count }, (_, i) => String(i));
    for (const { seen } of readers) assert.deepEqual(texts(seen), expected);
    await until(() => texts(late.seen).at(-1) === String(count - 1));
    assert.deepEqual(texts(late.seen), expected.slice(-late.seen.length));
    for (const { stop, done } of [...readers, late]) {
      stop.abort(new Error('enough'));
      await assert.rejects(done, /enough/);
    }
    t.diagnostic(`${count} entries seen once each by 3 readers through 3 restarts`);
    await server.stop();
  });

  test(`${mode}: connections that break off in the midst of answers`, async (t) => {
    const server = await Server.start();
    const proxy = await losingProxy(server.port, 5);
    t.after(() => proxy.close());
    const reader = follow(`http://127.0.0.1:${proxy.port}/atommq`, 'breaks', { mode, wait: 5 });
    const publisher = feedOf(server.url, 'breaks');
    for (let i = 0; i < 150; i += 1) {
      await publisher.publish({ content: `${i} ${'ü'.repeat(200)}` });
      if (i % 10 === 0) await until(() => reader.seen.length >= i - 5);
    }
    await until(() => reader.seen.length >= 150, 'entries are missing');
    assert.deepEqual(
      texts(reader.seen).map((text) => Number.parseInt(text!, 10)),
      Array.from({ length: 150 }, (_, i) => i),
    );
    reader.stop.abort();
    assert.ok(proxy.lost > 3, `${proxy.lost} answers broke off`);
    await server.stop();
  });

  test(`${mode}: a feed that is not there yet, and one that is removed and made anew`, async () => {
    const server = await Server.start();
    const reader = follow(server.url, 'later', { mode, wait: 2 });
    const publisher = feedOf(server.url, 'later');
    await publisher.publish({ content: 'first' });
    await until(() => reader.seen.length === 1);
    assert.equal((await fetch(publisher.url, { method: 'DELETE' })).status, 200);
    await publisher.publish({ content: 'anew' });
    await assert.rejects(reader.done, (error) => error instanceof PositionGone && error.after === reader.seen[0]!.id);
    await server.stop();
  });

  test(`${mode}: a place that retention has removed, with and without onReset`, async () => {
    const server = await Server.start('--feeds', '[{"match":"short","max_entries":3}]', '--prune-interval', '1');
    const publisher = feedOf(server.url, 'short');
    const first = await publisher.publish({ content: '0' });
    for (let i = 1; i < 8; i += 1) await publisher.publish({ content: String(i) });
    const gone = async () => (await fetch(`${publisher.url}?start_after=${first.id}`)).status === 410;
    await until(gone, 'nothing is removed');
    const without = follow(server.url, 'short', { mode, after: first.id });
    await assert.rejects(without.done, (error) => error instanceof PositionGone && error.reason === 'removed');
    const resets: unknown[] = [];
    const reader = follow(server.url, 'short', {
      mode,
      wait: 2,
      after: first.id,
      onReset: (reset) => void resets.push(reset),
    });
    await until(() => reader.seen.length >= 3);
    await publisher.publish({ content: '8' });
    await until(() => texts(reader.seen).at(-1) === '8');
    assert.deepEqual(texts(reader.seen), ['5', '6', '7', '8']);
    assert.deepEqual(resets, [{ feed: 'short', after: first.id, reason: 'removed' }]);
    reader.stop.abort();
    await server.stop();
  });
}

test('what is not live ends, in pages of any size, as objects and as XML', async () => {
  const server = await Server.start();
  const feed = feedOf(server.url, 'Pages');
  await feed.publish(
    Array.from({ length: 123 }, (_, i) => ({ title: String(i), content: { type: 'html', value: `<p>${i}</p>` } })),
  );
  for (const pageSize of [1000, 50, 7]) {
    const seen: string[] = [];
    for await (const { title } of feed.entries({ pageSize })) seen.push(title);
    assert.deepEqual(
      seen,
      Array.from({ length: 123 }, (_, i) => String(i)),
    );
  }
  const xml: AtomEntry[] = [];
  for await (const entry of feed.entries({ as: 'xml', pageSize: 10 })) xml.push(entry);
  assert.equal(xml.length, 123);
  assert.match(xml[100]!.xml, /^<entry [\s\S]*<title>100<\/title>[\s\S]*<\/entry>$/);
  assert.ok(xml[100]!.xml.includes(xml[100]!.id));
  assert.match(await feed.xml(xml[100]!.id), /<title>100<\/title>/);
  const rest: string[] = [];
  for await (const { title } of feed.entries({ after: xml[120]!.id })) rest.push(title);
  assert.deepEqual(rest, ['121', '122']);
  await assert.rejects(
    feedOf(server.url, 'nosuch').entries().next(),
    (error) => error instanceof Refused && error.status === 404,
  );
  await assert.rejects(
    feed.entries({ after: 'urn:never' }).next(),
    (error) => error instanceof PositionGone && error.reason === 'unknown',
  );
  await server.stop();
});

test('deleted entries come when they are asked for, from pages and from streams, in both forms', async () => {
  const server = await Server.start();
  const feed = feedOf(server.url, 'deleted');
  const published = await feed.publish(['a', 'b', 'c'].map((content) => ({ content })));
  await fetch(published[1]!.url, { method: 'DELETE' });
  for (const options of [{ live: false }, { live: true, mode: 'poll' }, { live: true, mode: 'sse' }] as const) {
    const kinds: boolean[] = [];
    for await (const entry of feed.entries({ ...options, deleted: true })) {
      kinds.push(entry.deleted);
      if (kinds.length === 3) break;
    }
    assert.deepEqual(kinds, [false, true, false]);
    const xml: AtomEntry[] = [];
    for await (const entry of feed.entries({ ...options, deleted: true, as: 'xml' })) {
      xml.push(entry);
      if (xml.length === 3) break;
    }
    assert.deepEqual(
      xml.map(({ id }) => id),
      published.map(({ id }) => id),
    );
    assert.match(xml[1]!.xml, /^<at:deleted-entry /);
  }
  const left: (string | undefined)[] = [];
  for await (const { content } of feed.entries()) left.push(content.value);
  assert.deepEqual(left, ['a', 'c']);
  await server.stop();
});

test('auto goes on by long polls where events are refused, are something else, or are held back', async () => {
  const server = await Server.start();
  const feed = feedOf(server.url, 'buffered');
  await feed.publish({ content: 'a' });
  const events = { 'content-type': 'text/event-stream' };
  const streams: (() => Response)[] = [
    () => new Response('', { status: 406 }),
    () => new Response('<html/>', { headers: { 'content-type': 'text/html' } }),
    // A proxy that gathers what it is to pass on.
    () => new Response(new ReadableStream(), { headers: events }),
  ];
  for (const stream of streams) {
    let asked = 0;
    const fetch: typeof globalThis.fetch = (url, init) => {
      if (!new Headers(init?.headers).has('accept')) return globalThis.fetch(url, init);
      asked += 1;
      return Promise.resolve(stream());
    };
    const stop = new AbortController();
    const seen: (string | undefined)[] = [];
    const reading = (async () => {
      const reader = connect(server.url, { fetch }).feed('buffered');
      for await (const { content } of reader.entries({ live: true, silence: 0.1, wait: 2, signal: stop.signal })) {
        seen.push(content.value);
      }
    })();
    await until(() => asked === 1 && seen.length > 0);
    const before = seen.length;
    await feed.publish({ content: 'more' });
    await until(() => seen.length > before);
    assert.equal(seen.at(-1), 'more');
    assert.equal(asked, 1);
    stop.abort();
    await assert.rejects(reading);
  }
  await server.stop();
});

test('a stream without a sign of life is given up, and another one taken', async () => {
  let streams = 0;
  const stream = () => {
    streams += 1;
    const number = streams;
    return new ReadableStream<Uint8Array>({
      start(controller) {
        const text = `retry: 10\n\nid: ${number}\ndata: {"id":"${number}","content_text":"x"}\n\n`;
        controller.enqueue(new TextEncoder().encode(text));
      },
    });
  };
  const asked: string[] = [];
  const fetch: typeof globalThis.fetch = (url, init) => {
    asked.push(String(url).replace(/^[^?]*/, ''));
    return Promise.resolve(
      new Headers(init?.headers).has('accept')
        ? new Response(stream(), { headers: { 'content-type': 'text/event-stream' } })
        : new Response('{"items":[]}'),
    );
  };
  const seen: string[] = [];
  for await (const { id } of connect('http://h/m', { fetch }).feed('x').entries({ live: true, silence: 0.05 })) {
    seen.push(id);
    if (seen.length === 3) break;
  }
  assert.deepEqual(seen, ['1', '2', '3']);
  assert.ok(asked.includes('?format=json&last_event_id=2'), asked.join(' '));
});

test('it reads no further ahead than it is asked to', async () => {
  let pulled = 0;
  const body = () =>
    new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled += 1;
          controller.enqueue(new TextEncoder().encode(`id: ${pulled}\ndata: {"id":"${pulled}"}\n\n`));
        },
      },
      { highWaterMark: 0 },
    );
  const fetch: typeof globalThis.fetch = (_, init) =>
    Promise.resolve(
      new Headers(init?.headers).has('accept')
        ? new Response(body(), { headers: { 'content-type': 'text/event-stream' } })
        : new Response('{"items":[]}'),
    );
  let seen = 0;
  for await (const _entry of connect('http://h/m', { fetch }).feed('x').entries({ live: true })) {
    seen += 1;
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(pulled <= seen + 2, `${pulled} pulled for ${seen}`);
    if (seen === 1000) break;
  }
});

test('a reader that is slower than the server lets it send gets everything', async () => {
  const server = await Server.start();
  const feed = feedOf(server.url, 'slow');
  const text = 'x'.repeat(20_000);
  const reader = feed.entries({ live: true, mode: 'sse' });
  await feed.publish({ content: 'first' });
  assert.equal((await reader.next()).value?.content.value, 'first');
  for (let i = 0; i < 20; i += 1) {
    await feed.publish(Array.from({ length: 10 }, (_, j) => ({ title: String(i * 10 + j), content: text })));
  }
  for (let i = 0; i < 200; i += 1) {
    assert.equal((await reader.next()).value?.title, String(i));
    if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await reader.return();
  await server.stop();
});
