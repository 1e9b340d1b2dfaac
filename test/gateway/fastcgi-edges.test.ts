/** Each defect of node-fastcgi that the gateway contains, by a client that provokes it. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { serveFastCgi } from '../../src/gateway/fastcgi.js';
import { recordHeader, TYPE, writePairs, writeRecord } from '../../src/gateway/fastcgi-records.js';
import type { Listener } from '../../src/gateway/listener.js';
import { type App, HttpError, type HttpRequest } from '../../src/http.js';
import { temporaryFolder } from '../fixture.js';
import { abort, begin, FastCgiClient, params, request, stdin } from './fastcgi-client.js';
import { refused } from './refused.js';

const path = join(temporaryFolder(), 's');
const OPTIONS = { mount: '/atommq', trustedProxies: [], trustRemoteUser: false };
let listener: Listener;

/** What the application is to do with the next requests. */
let app: App;
/** The requests that it got. */
let seen: HttpRequest[] = [];

const text = (body: string | AsyncIterable<string>) => ({
  status: 200,
  headers: { 'content-type': 'text/plain' },
  body,
});
const echo: App = async (got) => text(`${got.path} ${Buffer.from(await got.bytes(10_000_000)).length}`);

before(async () => {
  const main: App = (got) => {
    seen.push(got);
    return app(got);
  };
  listener = await serveFastCgi(main, { ...OPTIONS, socket: { path }, maxHeaderBytes: 1_000_000 });
});
beforeEach(() => {
  app = echo;
  seen = [];
});
after(() => listener.close(1));

/** Resolves when an event of the application has happened. */
function signal(): { happened: Promise<void>; happen: () => void } {
  let happen = () => {};
  const happened = new Promise<void>((resolve) => {
    happen = resolve;
  });
  return { happened, happen };
}

test('KEEP_CONN is honoured, and its absence ends the connection', async () => {
  const kept = new FastCgiClient(path);
  for (let i = 0; i < 3; i += 1) {
    kept.answers.clear();
    const { output } = await kept.send(request(1, true)).answer(1);
    assert.match(output, /^Status: 200 OK\r\n/);
  }
  assert.equal(kept.closed, false);
  await kept.send(request(1, false)).gone();
});

test('multiplexed requests end each by itself, in whichever order', async () => {
  const first = signal();
  app = async (got) => {
    if (got.path === '/slow') await first.happened;
    return text(got.path);
  };
  const client = new FastCgiClient(path);
  client.send(request(1, false, { REQUEST_URI: '/atommq/slow' }), request(2, false, { REQUEST_URI: '/atommq/fast' }));
  await client.answer(2);
  first.happen();
  assert.match((await client.answer(1)).output, /\/slow$/);
  assert.deepEqual(client.ended, [2, 1]);
  await client.gone();
});

test('nothing follows the end of a request, and a number may be used again', async () => {
  const client = new FastCgiClient(path);
  client.send(request(7, true), request(8, true));
  await client.answer(7);
  await client.answer(8);
  client.answers.clear();
  client.send(stdin(7, 'late'), request(7, true, { REQUEST_URI: '/atommq/again' }));
  assert.match((await client.answer(7)).output, /\/again 0$/);
  assert.deepEqual(client.management, []);
  await client.close();
});

test('an answer has no Connection, no Date and no chunks, and keeps several cookies', async () => {
  app = async () => ({ status: 200, headers: { 'set-cookie': ['a=1', 'b=2'], etag: '"é"' }, body: 'x' });
  const client = new FastCgiClient(path).send(request(1, false));
  assert.equal(
    (await client.answer(1)).output,
    'Status: 200 OK\r\nset-cookie: a=1\r\nset-cookie: b=2\r\netag: "é"\r\ncontent-length: 1\r\n\r\nx',
  );
});

test('HEAD, 204 and 304 have no body', async () => {
  app = async (got) => ({ status: got.path === '/x' ? 200 : Number(got.path.slice(1)), headers: {}, body: 'body' });
  const client = new FastCgiClient(path);
  client.send(request(1, true, { REQUEST_METHOD: 'HEAD' }));
  assert.equal((await client.answer(1)).output, 'Status: 200 OK\r\ncontent-length: 4\r\n\r\n');
  client.send(request(2, true, { REQUEST_URI: '/atommq/204' }), request(3, true, { REQUEST_URI: '/atommq/304' }));
  assert.equal((await client.answer(2)).output, 'Status: 204 No Content\r\n\r\n');
  assert.equal((await client.answer(3)).output, 'Status: 304 Not Modified\r\n\r\n');
  await client.close();
});

test('unknown types, management records and foreign roles are answered', async () => {
  const client = new FastCgiClient(path);
  client.send(writeRecord(99, 0, Buffer.from('?')));
  client.send(writeRecord(TYPE.getValues, 0, writePairs({ FCGI_MPXS_CONNS: '', constructor: '', __proto__x: '' })));
  client.send(begin(1, true, 2), begin(2, true, 3), begin(3, true, 77), request(4, true));
  await client.answer(4);
  assert.deepEqual(
    client.management.map(({ type, content }) => [type, content[0]]),
    [
      [TYPE.unknown, 99],
      [TYPE.getValuesResult, 15],
    ],
  );
  assert.equal(client.management[1]?.content.toString('latin1', 2), 'FCGI_MPXS_CONNS1');
  for (const id of [1, 2, 3]) assert.equal((await client.answer(id)).end?.protocolStatus, 3);
  await client.close();
});

test('parameters longer than a record, cut anywhere, arrive whole and byte for byte', async () => {
  const long = 'é'.repeat(50_000);
  for (const size of [1000, 7, 65_535]) {
    const client = new FastCgiClient(path);
    client.send(begin(1, false), params(1, { HTTP_X_LONG: long, HTTP_PROXY: 'http://evil' }, size), stdin(1));
    await client.answer(1);
    assert.equal(seen.at(-1)?.headers['x-long'], Buffer.from(long, 'latin1').toString('latin1'));
    assert.equal(seen.at(-1)?.headers.proxy, undefined);
  }
});

test('an empty type and an empty length are absent, and a length that lies is 400', async () => {
  const client = new FastCgiClient(path);
  client.send(request(1, true, { CONTENT_TYPE: '', CONTENT_LENGTH: '', REQUEST_METHOD: 'POST' }, 'four'));
  assert.match((await client.answer(1)).output, / 4$/);
  assert.deepEqual([seen[0]?.headers['content-type'], seen[0]?.headers['content-length']], [undefined, undefined]);
  app = async (got) => {
    try {
      return await echo(got);
    } catch (error) {
      return { status: (error as HttpError).status, headers: {} };
    }
  };
  client.send(request(2, true, { CONTENT_LENGTH: '5', REQUEST_METHOD: 'POST' }, 'four'));
  assert.match((await client.answer(2)).output, /^Status: 400 /);
  client.send(request(3, true, { CONTENT_LENGTH: '3', REQUEST_METHOD: 'POST' }, 'four'));
  assert.match((await client.answer(3)).output, /^Status: 400 /);
  client.send(request(4, true, { CONTENT_LENGTH: '-1', REQUEST_METHOD: 'POST' }, 'four'));
  const { output } = await client.answer(4);
  assert.match(output, /^Status: 400 [\s\S]*application\/problem\+json/);
  await client.close();
});

test('a body that nobody reads stops the sender, and comes whole when somebody does', async () => {
  const go = signal();
  app = async (got) => {
    await go.happened;
    return echo(got);
  };
  const client = new FastCgiClient(path);
  const piece = stdin(1, 'x'.repeat(65_000));
  client.send(begin(1, false), params(1, { REQUEST_METHOD: 'POST' }));
  let sent = 0;
  // The sender's own buffer fills up: nobody takes what it has sent.
  while (sent < 120 && client.socket.writableLength < 2_000_000) {
    client.socket.write(piece);
    sent += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(client.socket.writableLength > 0);
  go.happen();
  client.send(stdin(1));
  assert.match((await client.answer(1)).output, new RegExp(` ${sent * 65_000}$`));
});

test('an answer that nobody reads stops the application', async () => {
  let produced = 0;
  const left = signal();
  app = async () =>
    text(
      (async function* () {
        try {
          for (; produced < 10_000; produced += 1) yield 'x'.repeat(10_000);
        } finally {
          left.happen();
        }
      })(),
    );
  const client = new FastCgiClient(path);
  client.socket.pause();
  client.send(request(1, false));
  let before = -1;
  while (produced === 0 || produced !== before) {
    before = produced;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(produced < 10_000, `${produced}`);
  client.socket.destroy();
  await left.happened;
});

test('questions without end are not answered faster than they are read', async () => {
  const client = new FastCgiClient(path);
  client.socket.pause();
  const flood = Buffer.concat(Array.from({ length: 4000 }, () => writeRecord(99, 0, Buffer.alloc(0))));
  for (let i = 0; i < 200 && client.socket.writableLength < 2_000_000; i += 1) {
    client.socket.write(flood);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(client.socket.writableLength > 0);
  await client.close();
  assert.match((await new FastCgiClient(path).send(request(1, false)).answer(1)).output, /200/);
});

for (const how of ['is gone', 'aborts'] as const) {
  test(`a client that ${how} ends the body, the signal and the stream`, async () => {
    const reading = signal();
    const failed = signal();
    const aborted = signal();
    const left = signal();
    app = async (got) => {
      got.signal.addEventListener('abort', aborted.happen);
      if (got.method === 'POST') {
        reading.happen();
        try {
          for await (const _ of got.body);
        } catch (error) {
          assert.equal((error as HttpError).status, 400);
          failed.happen();
        }
        return text('late');
      }
      return text(
        (async function* () {
          try {
            yield 'first';
            await aborted.happened;
            yield 'second';
          } finally {
            left.happen();
          }
        })(),
      );
    };
    const client = new FastCgiClient(path);
    client.send(begin(1, true), params(1, { REQUEST_METHOD: 'POST' }), stdin(1, 'some'), request(2, true));
    await reading.happened;
    await client.until(() => /first/.test(client.answers.get(2)?.output ?? ''));
    if (how === 'aborts') {
      client.send(abort(1), abort(2), abort(3));
      await client.answer(1);
      await client.answer(2);
      client.answers.clear();
      app = echo;
      assert.match((await client.send(request(1, true)).answer(1)).output, /200/);
    }
    client.socket.destroy();
    await Promise.all([failed.happened, aborted.happened, left.happened]);
  });
}

test('a client that closes its side after the request gets its answer', async () => {
  const client = new FastCgiClient(path, true);
  client.socket.end(request(1, true));
  assert.match((await client.answer(1)).output, /200/);
  await client.gone();
});

test('a body that breaks off half-way does not look whole', async () => {
  app = async () =>
    text(
      (async function* () {
        yield 'half';
        throw new Error('broken');
      })(),
    );
  const client = new FastCgiClient(path).send(request(1, true));
  await client.gone();
  assert.equal(client.answers.get(1)?.end, undefined);
});

test('an early answer does not wait for the body, and what is left of it is not a request', async () => {
  app = async () => {
    throw new HttpError(413, 'Too much.');
  };
  const client = new FastCgiClient(path);
  client.send(begin(1, true), params(1, { REQUEST_METHOD: 'POST' }), stdin(1, 'x'.repeat(60_000)));
  assert.match((await client.answer(1)).output, /^Status: 413 [\s\S]*application\/problem\+json/);
  client.answers.clear();
  app = echo;
  client.send(stdin(1, 'x'.repeat(60_000)), stdin(1), request(1, true));
  assert.match((await client.answer(1)).output, /200/);
  await client.close();
});

test('what is not FastCGI is closed, and a record that does not go on is too', async () => {
  const owing = await serveFastCgi(echo, { ...OPTIONS, socket: { path: `${path}2` }, stalled: 100 });
  const pieces = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    recordHeader(TYPE.begin, 1, 8),
    Buffer.from([1]),
    begin(1, true),
    Buffer.concat([begin(1, true), params(1, { REQUEST_METHOD: 'POST' })]),
    Buffer.concat([begin(1, true), params(1, {}).subarray(0, 20)]),
  ];
  for (const piece of pieces) await new FastCgiClient(`${path}2`).send(piece).gone();
  assert.equal(await owing.close(5), true);
});

test('more requests than are allowed on one connection are refused, the others served', async () => {
  const go = signal();
  app = async () => {
    await go.happened;
    return text('done');
  };
  const client = new FastCgiClient(path);
  for (let id = 1; id <= 257; id += 1) client.send(request(id, true));
  assert.equal((await client.answer(257)).end?.protocolStatus, 2);
  go.happen();
  assert.match((await client.answer(256)).output, /done/);
  await client.close();
});

test('stopping ends idle connections and streams, and lets running requests finish', async () => {
  const other = await serveFastCgi((got) => app(got), { ...OPTIONS, socket: { path: `${path}3` } });
  const started = signal();
  const go = signal();
  app = async (got) => {
    if (got.path === '/running') {
      started.happen();
      await go.happened;
    }
    if (got.path !== '/stream') return text('finished');
    return text(
      (async function* () {
        yield 'first';
        await new Promise((resolve) => got.signal.addEventListener('abort', resolve));
        yield 'last';
      })(),
    );
  };
  const [idle, running, streaming] = [1, 2, 3].map(() => new FastCgiClient(`${path}3`));
  await idle!.send(request(1, true)).answer(1);
  running!.send(request(1, true, { REQUEST_URI: '/atommq/running' }));
  streaming!.send(request(1, true, { REQUEST_URI: '/atommq/stream' }));
  await started.happened;
  await streaming!.until(() => /first/.test(streaming!.answers.get(1)?.output ?? ''));
  const closed = other.close(20);
  await idle!.gone();
  await streaming!.gone();
  assert.match(streaming!.answers.get(1)?.output ?? '', /firstlast$/);
  assert.ok(streaming!.answers.get(1)?.end);
  go.happen();
  assert.match((await running!.answer(1)).output, /finished$/);
  assert.equal(await closed, true);
});

test('a request that comes on a kept connection while the server stops is answered', async () => {
  const other = await serveFastCgi((got) => app(got), { ...OPTIONS, socket: { path: `${path}4` } });
  const kept = new FastCgiClient(`${path}4`);
  await kept.send(request(1, true)).answer(1);
  const closed = other.close(20);
  await refused({ path: `${path}4` });
  kept.send(request(2, true));
  assert.match((await kept.answer(2)).output, /200 OK/);
  await kept.gone();
  assert.equal(await closed, true);
});

test('other users of node-fastcgi in the same process keep its own codec', () => {
  const require = createRequire(import.meta.url);
  const { FastCGIStream } = require('fastcgi-stream') as { FastCGIStream: new (socket: unknown) => object };
  const { PassThrough } = require('node:stream') as typeof import('node:stream');
  assert.equal(typeof (new FastCGIStream(new PassThrough()) as { writeRecord?: unknown }).writeRecord, 'function');
});
