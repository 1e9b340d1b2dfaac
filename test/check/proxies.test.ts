/** `atommq check` through proxies that were set up badly: each is told by its own line, with what to do about it. */
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { after, before, test } from 'node:test';
import type { Door } from '../doors/all.js';
import { httpGateway } from '../doors/gateways.js';
import { databases } from '../store/databases.js';
import { withTables } from './bus.js';
import { type Meddling, meddlingProxy } from './proxy.js';
import { checked, named, said } from './run.js';

const without = (headers: IncomingHttpHeaders, ...names: string[]) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));

/** What a proxy does, which lines are problems, and what one of them says. */
const MEDDLERS: [string, Meddling, string[], string, RegExp, ('problem' | 'warning')?][] = [
  [
    'strips Authorization',
    { request: (headers) => ({ headers: without(headers, 'authorization') }) },
    ['fields'],
    'fields',
    /takes away authorization \| .*CGIPassAuth On/,
  ],
  [
    'strips Prefer',
    { request: (headers) => ({ headers: without(headers, 'prefer') }) },
    ['fields', 'wait'],
    'wait',
    /Prefer: wait is not honoured/,
  ],
  [
    'strips If-None-Match',
    { request: (headers) => ({ headers: without(headers, 'if-none-match') }) },
    ['fields', 'etag'],
    'etag',
    /answered with 200, not with 304/,
  ],
  [
    'strips ETag',
    { response: (headers) => without(headers, 'etag') },
    ['etag'],
    'etag',
    /is taken away.* \| .*gzip off/,
  ],
  [
    'weakens ETag',
    { response: (headers) => (headers.etag === undefined ? undefined : { ...headers, etag: `W/${headers.etag}` }) },
    ['etag', 'methods'],
    'etag',
    /is weakened: If-Match with it fails always/,
  ],
  ['holds answers back', { buffer: true }, ['events'], 'events', /events are held back.* \| .*proxy_buffering off/],
  [
    'cuts answers off',
    { cut: 700 },
    ['wait', 'events'],
    'wait',
    /waits for 1 s ends after .* with 504 from the web server/,
  ],
  [
    'decodes %2F',
    { request: (_, path) => ({ path: path.replace(/%2F/g, '/') }) },
    ['addresses'],
    'addresses',
    /%2Fb%25\w+.* is answered with 404 .* \| .*AllowEncodedSlashes/,
  ],
  [
    'refuses %2F',
    { answer: (_, __, path) => (path.includes('%2F') ? 404 : undefined) },
    ['addresses'],
    'addresses',
    /answered with 404 from the web server \(meddler\)/,
  ],
  [
    'is known by another name',
    { request: (headers) => ({ headers: { ...headers, host: 'backend:8080' } }) },
    ['links'],
    'links',
    /begin with http:\/\/backend:8080\/atommq, not with .* \| .*base-url/,
  ],
  [
    'refuses PUT',
    { answer: (method) => (method === 'PUT' ? 405 : undefined) },
    ['methods'],
    'methods',
    /PUT is answered with 405 from the web server.* \| .*LimitExcept/,
  ],
  [
    'makes HEAD something else',
    { answer: (method) => (method === 'HEAD' ? 501 : undefined) },
    ['head'],
    'head',
    /HEAD is answered with 501/,
  ],
  [
    'takes short bodies only',
    { answer: (_, headers) => (Number(headers['content-length'] ?? 0) > 1_048_576 ? 413 : undefined) },
    ['large body'],
    'large body',
    /\| nginx: client_max_body_size/,
  ],
  [
    'takes short addresses only',
    { answer: (_, __, path) => (path.length > 2000 ? 414 : undefined) },
    [],
    'long address',
    /answered with 414/,
    'warning',
  ],
  [
    'strips Accept-Encoding',
    { request: (headers) => ({ headers: without(headers, 'accept-encoding') }) },
    [],
    'compression',
    /who accepts gzip gets everything as it is/,
    'warning',
  ],
  [
    'strips Vary',
    { response: (headers) => without(headers, 'vary') },
    ['compression'],
    'compression',
    /Vary is taken away/,
  ],
  [
    'has another clock',
    { response: (headers) => ({ ...headers, date: new Date(Date.now() - 3_600_000).toUTCString() }) },
    ['clock'],
    'clock',
    /the server's clock is 35\d\d s slow of ours/,
  ],
];

let door: Door;
let database: string;
before(async () => {
  database = await databases[0]!.create();
  door = await httpGateway.start({ database });
});
after(() => door?.stop());

for (const [what, meddling, problems, name, text, level] of MEDDLERS) {
  test(`a proxy that ${what}`, async () => {
    const proxy = await meddlingProxy(door.port!, meddling);
    try {
      const remarks = await checked({ database, url: proxy.url });
      assert.deepEqual(named(remarks, 'problem'), problems, JSON.stringify(remarks, null, 1));
      assert.match(said(remarks, name, level), text);
    } finally {
      await proxy.stop();
    }
  });
}

test('a proxy that takes nothing away', async () => {
  const proxy = await meddlingProxy(door.port!, {});
  const remarks = await checked({ database, url: proxy.url });
  await proxy.stop();
  assert.deepEqual([named(remarks, 'problem'), named(remarks, 'warning')], [[], []], JSON.stringify(remarks, null, 1));
});

test('a cache that answers anew what it has once answered', async () => {
  const kept = new Map<string, { status: number; headers: IncomingHttpHeaders }>();
  const proxy = await meddlingProxy(door.port!, {
    // One that answers everything as the first time, though it is asked on a condition.
    request: (headers, path) => {
      kept.set(path, { status: 200, headers });
      return {};
    },
    answer: (method, headers, path) =>
      method === 'GET' && kept.has(path) && headers['if-none-match'] === '"another"' ? 304 : undefined,
  });
  const remarks = await checked({ database, url: proxy.url });
  await proxy.stop();
  assert.match(said(remarks, 'etag'), /with another tag is answered with 304/);
});

test('another server at the address, none, and a gateway without a server', async () => {
  const other = await meddlingProxy(door.port!, { answer: () => 200 });
  assert.match(said(await checked({ database, url: other.url }), 'server'), /a page that is not of AtomMQ \| .*mount/);
  await other.stop();
  const away = await checked({ database, url: other.url });
  assert.match(said(away, 'server', 'warning'), /nothing answers at .* \(ECONNREFUSED\) \| Start it/);
  assert.deepEqual(named(away, 'problem'), []);
  const gateway = await meddlingProxy(door.port!, { answer: () => 502 });
  assert.match(said(await checked({ database, url: gateway.url }), 'server'), /502 from the web server.* \| .*socket/);
  await gateway.stop();
  const closed = await meddlingProxy(door.port!, {
    answer: (_, __, path) => (path.includes('health') ? undefined : 401),
  });
  const remarks = await checked({ database, url: closed.url });
  await closed.stop();
  assert.match(said(remarks, 'credentials', 'warning'), /it wants credentials.* \| .*ATOMMQ_TOKEN/);
  assert.deepEqual(named(remarks, 'problem'), []);
  const wrong = await checked({ database, url: 'http://u:p@127.0.0.1:1/atommq' });
  assert.doesNotMatch(JSON.stringify(wrong), /u:p/);
});

test('credentials that do not do', async () => {
  const proxy = await meddlingProxy(door.port!, {
    answer: (_, __, path) => (path.includes('health') ? undefined : 401),
  });
  const remarks = await checked({ database, url: proxy.url.replace('//', '//u:p@') });
  await proxy.stop();
  assert.match(said(remarks, 'credentials'), /the credentials are answered with 401.* \| .*CGIPassAuth/);
});

test('a server that stores somewhere else', async () => {
  const other = await databases[0]!.create();
  const elsewhere = await httpGateway.start({ database: other });
  const remarks = await checked({ database, url: elsewhere.base });
  assert.match(said(remarks, 'feed', 'warning'), /stores in another database/);
  assert.deepEqual(named(remarks, 'problem'), []);
  await elsewhere.stop();
});

test('nothing is left behind, and nothing is written when only reading is wanted', async () => {
  const remarks = await checked({ database, url: door.base, readOnly: true });
  assert.match(said(remarks, 'feed', 'ok'), /--read-only/);
  const ended = new AbortController();
  const running = checked({ database, url: door.base, signal: ended.signal });
  setTimeout(() => ended.abort(), 500);
  await running;
  await withTables(database, async ({ writer }) => assert.deepEqual(await writer('mq_feed'), []));
});
