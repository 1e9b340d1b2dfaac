/** Bytes that are almost HTTP, to a server of its own: it goes on, answers no 500, and what it stored is well-formed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { root } from '../doors/children.js';
import { type Client, temporaryFolder } from '../fixture.js';
import { endAll, freePort, overHttp, start, stop } from '../server.js';
import { damaged, damages, fuzz, pieces } from './fuzz.js';
import { send } from './sender.js';

const ENTRY = '<entry xmlns="http://www.w3.org/2005/Atom"><title>a</title><content>b</content></entry>';
const CHUNKED = `${ENTRY.length.toString(16)}\r\n${ENTRY}\r\n0\r\n\r\n`;
const field = (...fields: string[]) => ['Host: localhost', ...fields].map((one) => `${one}\r\n`).join('');
const REQUESTS = [
  `GET /atommq/feed=a HTTP/1.1\r\n${field('Accept: application/atom+xml', 'If-None-Match: "x"')}\r\n`,
  `GET /atommq/feed=a?start_at=last&page_size=2 HTTP/1.0\r\n\r\n`,
  `HEAD http://localhost/atommq/ HTTP/1.1\r\n${field()}\r\n`,
  `OPTIONS * HTTP/1.1\r\n${field()}\r\n`,
  `POST /atommq/feed=a HTTP/1.1\r\n${field(`Content-Length: ${ENTRY.length}`, 'Content-Type: application/atom+xml')}\r\n${ENTRY}`,
  `POST /atommq/feed=b HTTP/1.1\r\n${field('Transfer-Encoding: chunked', 'Expect: 100-continue')}\r\n${CHUNKED}`,
  `PUT /atommq/feed=a/entries/x HTTP/1.1\r\n${field(`Content-Length: ${ENTRY.length}`, 'If-Match: *')}\r\n${ENTRY}`,
  `DELETE /atommq/feed=a/entries/x HTTP/1.1\r\n${field('If-Unmodified-Since: Tue, 24 Nov 2026 21:33:56 GMT')}\r\n`,
];
// biome-ignore format: tokens are read in rows
const TOKENS = [
  '\r\n', '\n', '\r', '\0', ' ', ':', '%', '%00', '%2F', '..', '/../', '?', '#', ';', '&', '=', 'é', '\xff',
  'Content-Length: 5\r\n', 'Content-Length: -1\r\n', 'Content-Length: 99999999999999999999\r\n',
  'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: gzip\r\n', 'Expect: 100-continue\r\n', 'Expect: 200-ok\r\n',
  'Connection: close\r\n', 'Connection: Upgrade\r\nUpgrade: h2c\r\n', 'Host: a@b\r\n', 'Host:\r\n', 'If-None-Match: W/"\r\n',
  'If-Match: *\r\n', 'If-Modified-Since: never\r\n', 'Accept-Encoding: *;q=0\r\n', 'Content-Encoding: gzip\r\n',
  'Content-Type: text/xml;charset=utf-16\r\n', 'Prefer: return=minimal\r\n', 'Idempotency-Key: "a"\r\n', 'Slug: %\r\n',
  'start_after=', 'start_at=urn:x', 'page_size=-1', 'order=desc', 'HTTP/1.1', 'HTTP/9.9', 'GET ', 'CONNECT ', 'TRACE ',
  '0\r\n\r\n', 'FFFFFFFF\r\n', 'FFFFFFFFFFFFFFFFF\r\n', '\u0016\u0003\u0001',
];

let port: number;
let client: Client;
let server: ReturnType<typeof start>;

before(async () => {
  port = await freePort();
  client = overHttp(port);
  const database = join(temporaryFolder(), 'bus.db');
  server = start(join(root, 'bin/atommq'), ['--port', String(port), '--database', database]);
  for (let i = 0; (await client('GET', '/health/ready').catch(() => undefined))?.status !== 200; i += 1) {
    assert.ok(i < 200, server.said());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});
after(endAll);

test('damaged requests', async (t) => {
  const input = fc.record({
    // Several on one connection: what is left of one must not be taken for the next.
    requests: fc.array(fc.record({ text: fc.constantFrom(...REQUESTS), done: damages(TOKENS) }), {
      minLength: 1,
      maxLength: 3,
    }),
    cuts: fc.array(fc.nat(4000), { maxLength: 3 }),
    leaving: fc.constantFrom('ends' as const, 'vanishes' as const),
  });
  await fuzz(t, input, async ({ requests, cuts, leaving }) => {
    const bytes = Buffer.concat(requests.map(({ text, done }) => damaged(Buffer.from(text), done)));
    const said = (await send({ port, host: '127.0.0.1' }, pieces(bytes, cuts), leaving)).toString('latin1');
    assert.equal(server.exitCode, null, server.said());
    if (said !== '') assert.match(said, /^HTTP\/1\.1 [1-4]\d\d /);
    assert.doesNotMatch(said, /^HTTP\/1\.1 5\d\d /m);
  });
  await stillGood();
});

test('bytes of no kind at all', async (t) => {
  await fuzz(t, fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
    const said = (await send({ port, host: '127.0.0.1' }, [Buffer.from(bytes)], 'ends')).toString('latin1');
    assert.equal(server.exitCode, null, server.said());
    if (said !== '') assert.match(said, /^HTTP\/1\.1 4\d\d /);
  });
  await stillGood();
  assert.equal(await stop(server), 0, 'it ends cleanly after all this');
  assert.doesNotMatch(server.said(), / (warning|error) /, 'and has not complained');
});

/** The same process answers, stores, and all of its feeds are XML. */
async function stillGood(): Promise<void> {
  assert.equal((await client('POST', '/feed=good', { body: ENTRY })).status, 201);
  const { body: service } = await client('GET', '/');
  const feeds = [...service.matchAll(/<collection href="http:\/\/[^/]*\/atommq([^"]*)"/g)].map(([, path]) => path!);
  assert.ok(feeds.includes('/feed=good'), service);
  for (const feed of feeds) {
    const { status, body } = await client('GET', feed.replaceAll('&amp;', '&'));
    assert.equal(status, 200, feed);
    const lint = spawnSync('xmllint', ['--noout', '-'], { input: body, encoding: 'utf8' });
    if (lint.error === undefined) assert.equal(lint.status, 0, lint.stderr);
    else assert.notEqual(process.env.ATOMMQ_TEST_REQUIRE, 'all', 'xmllint is missing');
  }
}
