/** The bus inside servers of others: as a `fetch` handler (Hono; Bun and Deno take the same), and in Express and Fastify. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { AtomMQ } from '../../src/bus.js';
import { temporaryFolder } from '../fixture.js';

const ENTRY = '<entry xmlns="http://www.w3.org/2005/Atom"><title>embedded</title></entry>';
const XML = { 'content-type': 'application/atom+xml' };
const FEED = 'http://bus.example/atommq/feed=fetched';

let bus: AtomMQ;

before(async () => {
  bus = await AtomMQ.open({ database: join(temporaryFolder(), 'bus.db'), maxEntryBytes: 2048 }, {});
});
after(() => bus.close());

describe('fetch', () => {
  const ask = (init: RequestInit & { url?: string } = {}) => bus.fetch()(new Request(init.url ?? FEED, init));

  test('publishes and reads, with links that begin as the request’s address does', async () => {
    const created = await ask({ method: 'POST', headers: XML, body: ENTRY });
    assert.equal(created.status, 201);
    assert.match(created.headers.get('location')!, /^http:\/\/bus\.example\/atommq\/feed=fetched\/entries\//);
    assert.equal(Buffer.byteLength(await created.text()), Number(created.headers.get('content-length')));
    const page = await ask();
    assert.match(await page.text(), /<title>embedded<\/title>/);
    const again = await ask({ headers: { 'if-none-match': page.headers.get('etag')! } });
    assert.equal(again.status, 304);
    assert.equal(again.body, null);
    const head = await ask({ method: 'HEAD' });
    assert.equal(head.body, null);
    assert.equal(head.headers.get('content-length'), page.headers.get('content-length'));
  });

  test('errors are problem documents, never rejections', async () => {
    for (const [init, status] of [
      [{ url: 'http://bus.example/elsewhere' }, 404],
      [{ url: 'http://bus.example/atommq/feed=absent' }, 404],
      [{ method: 'POST', headers: XML, body: '<entry>' }, 400],
      [{ method: 'POST', headers: XML, body: `<entry>${' '.repeat(4096)}</entry>` }, 413],
      [{ method: 'POST', headers: XML, body: broken(), duplex: 'half' }, 400],
    ] as const) {
      const answer = await ask(init as RequestInit);
      assert.equal(answer.status, status);
      assert.equal(((await answer.json()) as { status: number }).status, status);
    }
  });

  test('media goes in and out in pieces', async () => {
    const bytes = new Uint8Array(300_000).map((_, i) => i % 251);
    const created = await ask({ method: 'POST', headers: { 'content-type': 'image/png' }, body: bytes });
    const media = await ask({ url: `${created.headers.get('location')}/media` });
    assert.deepEqual(new Uint8Array(await media.arrayBuffer()), bytes);
  });

  test('events come as they are published, and the stream ends with its reader', async () => {
    const gone = new AbortController();
    const url = `${FEED}?start_after=now`;
    const stream = await ask({ url, headers: { accept: 'text/event-stream' }, signal: gone.signal });
    const reader = stream.body!.getReader();
    let text = Buffer.from((await reader.read()).value!).toString();
    await ask({ method: 'POST', headers: XML, body: ENTRY.replace('embedded', 'live') });
    while (!text.includes('live')) text += Buffer.from((await reader.read()).value!).toString();
    gone.abort();
    await reader.cancel();
  });

  test('in Hono, at the mount point that the bus has', async () => {
    const app = new Hono();
    app.get('/', (context) => context.text('mine'));
    app.all('/atommq/*', (context) => bus.fetch()(context.req.raw));
    assert.equal(await (await app.request('http://bus.example/')).text(), 'mine');
    const answer = await app.request(FEED, { method: 'POST', headers: XML, body: ENTRY });
    assert.equal(answer.status, 201);
    assert.equal((await app.request(answer.headers.get('location')!)).status, 200);
  });
});

describe('listener', () => {
  test('in Express', async () => {
    const app = express();
    app.get('/', (_request, response) => void response.send('mine'));
    app.use('/atommq', bus.listener());
    await servedBy(createServer(app as RequestListener));
  });

  test('in Fastify', async () => {
    const app = fastify();
    app.get('/', async () => 'mine');
    await app.register(async (inner) => {
      // The bus reads bodies itself.
      inner.removeAllContentTypeParsers();
      inner.addContentTypeParser('*', (_request, _payload, done) => done(null));
      inner.all('/atommq/*', (request, reply) => {
        reply.hijack();
        bus.listener()(request.raw, reply.raw);
      });
    });
    await app.ready();
    await servedBy(app.server);
  });
});

/** What every server must do that has the bus beside something of its own. */
async function servedBy(server: ReturnType<typeof createServer>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const base = `http://127.0.0.1:${port}`;
  try {
    assert.equal(await (await fetch(base)).text(), 'mine');
    const created = await fetch(`${base}/atommq/feed=served`, { method: 'POST', headers: XML, body: ENTRY });
    assert.equal(created.status, 201);
    assert.ok(created.headers.get('location')!.startsWith(`${base}/atommq/feed=served/entries/`));
    const page = await (await fetch(`${base}/atommq/feed=served`)).text();
    assert.match(page, /<title>embedded<\/title>/);
    // An id with a slash in it stays one segment.
    const odd = ENTRY.replace('<title>', '<id>http://example.org/a/b</id><title>');
    const { headers } = await fetch(`${base}/atommq/feed=served`, { method: 'POST', headers: XML, body: odd });
    assert.equal((await fetch(headers.get('location')!)).status, 200);
    await halfARequest(port);
  } finally {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }
}

/** A client that goes away in the midst of its body harms nobody. */
function halfARequest(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('POST /atommq/feed=served HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n<entry>');
      setTimeout(() => socket.destroy(), 50);
    });
    socket.once('close', () => resolve());
  });
}

function broken(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(Buffer.from('<entry>'));
      controller.error(new Error('gone'));
    },
  });
}
