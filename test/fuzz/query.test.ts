/** Queries, paths and fields of any kind, over a raw socket, FastCGI and CGI: no crash, no hang, no 5xx, no smuggled field. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { root } from '../doors/children.js';
import { type Client, temporaryFolder } from '../fixture.js';
import { FastCgiClient, request } from '../gateway/fastcgi-client.js';
import { endAll, freePort, overHttp, start, stop } from '../server.js';
import { fuzz } from './fuzz.js';

/** For so long a request may take, in milliseconds; those who wait are told to wait for less. */
const PATIENCE = 15_000;
const ENTRY = '<entry xmlns="http://www.w3.org/2005/Atom"><id>urn:x</id><title>a</title><category term="c"/></entry>';
const METHODS = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'get'];
// biome-ignore format: read in rows
const PIECES = [
  '/', '//', '.', '..', '/../', '%2e%2e', '%2F', '%', '%zz', '%00', '%ff', '%C3%A9', 'é', '\\', ';', '?', '#', '@', ':', '*',
  'feed=', 'feed=a', 'feeds/a', 'feed=A', 'feed=%61', 'entries', 'entries/urn%3Ax', 'media', 'categories', 'events', 'health',
  'health/ready', 'hub', 'metrics', '__proto__', 'constructor', '0', '-1', '1e9', '99999999999999999999', 'NaN', 'null', ' ',
  'urn:x', 'urn:uuid:00000000-0000-7000-8000-000000000000', 'x'.repeat(300), "'", '"', '<', '>', '&amp;', "' OR 1=1 --", '\u{1F600}',
];
// biome-ignore format: read in rows
const NAMES = [
  'start_after', 'start_at', 'page_size', 'order', 'format', 'feed', 'last_event_id', 'wait', 'hub.mode', 'hub.topic',
  'access_token', '__proto__', 'toString', '', 'a',
];
// biome-ignore format: read in rows
const VALUES = [
  'urn:x', 'now', 'last', '0', '1', '-1', '1.5', '10000', '99999999999999999999', 'desc', 'asc', 'DESC', 'atom', 'json', 'ndjson',
  'html', 'sse', 'a', 'b', '', '%', '%00', '%FF', '%0d%0aX:y', '+', 'a&feed=b', "'", '<b>', 'urn%3Ax', 'é', 'x'.repeat(5000),
];
// biome-ignore format: read in rows
const FIELDS: Record<string, string[]> = {
  accept: ['*/*', 'text/event-stream;q=0', 'application/json', 'application/x-ndjson', 'text/html', 'a/b;q=x', ',', ';q=1', '*/*;q=9', 'x'],
  'accept-encoding': ['gzip', 'br', '*;q=0', 'identity;q=0', 'gzip;q=2,br;q=-1', ','],
  'if-none-match': ['*', '"', 'W/"x"', '"a", "b"', '"x', ',', '""'], 'if-match': ['*', '"x"', 'W/', '"'],
  'if-modified-since': ['never', 'Tue, 24 Nov 2026 21:33:56 GMT', '0'], 'if-unmodified-since': ['Thu, 01 Jan 1970 00:00:00 GMT', '-1'],
  'if-range': ['"x"', 'x'], range: ['bytes=0-', 'bytes=-1', 'bytes=5-1', 'bytes=a-b', 'bytes=0-0,1-1', 'x=1'],
  prefer: ['wait=0', 'wait=-1', 'wait=x', 'return=minimal', 'return', ',,', 'wait="0"'], 'a-im': ['feed', 'vcdiff', ''],
  'content-type': ['application/atom+xml', 'text/xml;charset=utf-16', 'image/png', 'text', ';', 'application/x-www-form-urlencoded', 'a/b;c="'],
  slug: ['%', 'a b', '%00', 'é'], 'idempotency-key': ['"a"', 'a', '', 'x'.repeat(500)], 'content-encoding': ['gzip', 'identity'],
  forwarded: ['for=x;host="a b"', 'host=evil', '=;'], 'x-forwarded-host': ['evil', 'a,b', ''], 'last-event-id': ['urn:x', '%', '{}'],
  authorization: ['Basic', 'Basic %%%', 'Bearer x', 'Basic YTpi', 'Digest a=b', ''], cookie: ['a=b', ';'], te: ['trailers'],
  origin: ['null', 'http://evil', 'x'], 'x-request-id': ['a', 'x'.repeat(300)], traceparent: ['00-x', `00-${'0'.repeat(32)}`],
  'x-http-method-override': ['DELETE'], cgi: ['1'], proxy: ['http://evil'],
};

interface Asked {
  method: string;
  path: string;
  query: string;
  fields: [string, string][];
  body: string;
}

const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...PIECES) },
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
);
const asked: fc.Arbitrary<Asked> = fc.record({
  method: fc.constantFrom(...METHODS),
  path: fc.oneof(
    { weight: 2, arbitrary: fc.array(text, { maxLength: 5 }).map((pieces) => pieces.join('')) },
    {
      weight: 2,
      arbitrary: fc.constantFrom('feed=a', 'feed=b', 'events', '', 'feed=a/entries/urn%3Ax', 'feed=a/categories'),
    },
  ),
  query: fc
    .array(
      fc.tuple(
        fc.constantFrom(...NAMES),
        fc.oneof(
          { weight: 4, arbitrary: fc.constantFrom(...VALUES) },
          { weight: 1, arbitrary: fc.string({ maxLength: 9 }) },
        ),
        fc.constantFrom('=', '=', '=', '', '=='),
      ),
      { maxLength: 4 },
    )
    .map((pairs) => pairs.map(([name, value, equals]) => name + equals + value).join('&')),
  fields: fc.array(
    fc
      .constantFrom(...Object.keys(FIELDS))
      .chain((name) =>
        fc.tuple(
          fc.constant(name),
          fc.oneof(
            { weight: 5, arbitrary: fc.constantFrom(...FIELDS[name]!) },
            { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
          ),
        ),
      ),
    { maxLength: 4 },
  ),
  body: fc.constantFrom('', '', ENTRY, '<entry', '{"a":1}', 'a=b'),
});

let port: number;
let client: Client;
let http: ReturnType<typeof start>;
let fastcgi: ReturnType<typeof start>;
const folder = temporaryFolder();
const socket = join(folder, 's');

before(async () => {
  port = await freePort();
  client = overHttp(port);
  // A stream ends soon, and nobody waits for long.
  const common = ['--stream-lifetime', '1', '--max-wait', '1', '--database', join(folder, 'bus.db')];
  http = start(join(root, 'bin/atommq'), ['--port', String(port), ...common]);
  for (let i = 0; (await client('GET', '/health/ready').catch(() => undefined))?.status !== 200; i += 1) {
    assert.ok(i < 400, http.said());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  fastcgi = start(join(root, 'bin/atommq'), ['--gateway', 'fastcgi', '--socket', socket, ...common]);
  for (let i = 0; !/listening/.test(fastcgi.said()); i += 1) {
    assert.ok(i < 400, fastcgi.said());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});
after(endAll);

/** Without what would end the line it stands in. */
const inLine = (value: string) => value.replace(/[\r\n\0]/g, '');

/** Sends it as it is, in UTF-8, and resolves with the whole answer when the server has closed. */
function askRaw({ method, path, query, fields, body }: Asked): Promise<string> {
  const target = inLine(`/atommq/${path}${query === '' ? '' : `?${query}`}`).replaceAll(' ', '%20');
  const lines = fields.map(([name, value]) => `${name}: ${inLine(value)}\r\n`).join('');
  const length = body === '' ? '' : `content-length: ${body.length}\r\n`;
  return new Promise((resolve, reject) => {
    const said: Buffer[] = [];
    const connection = connect(port, '127.0.0.1');
    const timer = setTimeout(() => {
      connection.destroy();
      reject(new Error('it hangs'));
    }, PATIENCE);
    connection.on('data', (chunk: Buffer) => said.push(chunk));
    connection.on('error', () => {});
    connection.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(said).toString('latin1'));
    });
    connection.write(
      `${method} ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${lines}${length}\r\n${body}`,
    );
  });
}

/** The same as CGI gives it to a program; a web server would have refused some of it. */
function asParams({ method, path, query, fields, body }: Asked): Record<string, string> {
  const clean = (value: string) => value.replaceAll('\0', '');
  const named = fields.map(([name, value]) => [
    name === 'content-type' ? 'CONTENT_TYPE' : `HTTP_${name.toUpperCase().replaceAll('-', '_')}`,
    clean(value),
  ]);
  return {
    REQUEST_METHOD: method,
    REQUEST_URI: clean(`/atommq/${path}${query === '' ? '' : `?${query}`}`),
    SCRIPT_NAME: '/atommq',
    PATH_INFO: clean(`/${path}`),
    QUERY_STRING: clean(query),
    SERVER_NAME: 'localhost',
    SERVER_PORT: '80',
    SERVER_PROTOCOL: 'HTTP/1.1',
    ...(body === '' ? {} : { CONTENT_LENGTH: String(body.length) }),
    ...Object.fromEntries(named),
  };
}

function check(said: string, status: RegExp): void {
  assert.match(said, status);
  const [head = ''] = said.split('\r\n\r\n', 1);
  assert.doesNotMatch(head, /^x: ?y/im, 'a field was smuggled in');
}

test('over HTTP', async (t) => {
  await fuzz(t, asked, async (one) => {
    check(await askRaw(one), /^HTTP\/1\.1 [1-4]\d\d /);
    assert.equal(http.exitCode, null, http.said());
  });
  assert.equal((await client('POST', '/feed=good', { body: ENTRY })).status, 201);
});

test('over FastCGI', async (t) => {
  await fuzz(t, asked, async (one) => {
    const connection = new FastCgiClient(socket);
    const timer = setTimeout(() => connection.socket.destroy(), PATIENCE);
    const { output } = await connection.send(request(1, false, asParams(one), one.body)).answer(1);
    clearTimeout(timer);
    await connection.close();
    check(output, /^Status: [1-4]\d\d /);
    assert.equal(fastcgi.exitCode, null, fastcgi.said());
  });
});

test('by CGI', async (t) => {
  await fuzz(t, asked, async (one) => {
    check(await askScript(asParams(one), one.body), /^Status: [1-4]\d\d /);
  });
  for (const server of [http, fastcgi]) {
    assert.equal(await stop(server), 0, 'it ends cleanly after all this');
    assert.doesNotMatch(server.said(), / (warning|error) /, 'and has not complained');
  }
});

function askScript(env: Record<string, string>, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(root, 'bin/atommq.cgi'), [], {
      env: { PATH: process.env.PATH, ATOMMQ_DATABASE: join(folder, 'bus.db'), ...env },
      timeout: PATIENCE,
    });
    let said = '';
    let complained = '';
    child.stdout.setEncoding('latin1').on('data', (chunk) => {
      said += chunk;
    });
    child.stderr.on('data', (chunk) => {
      complained += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(said) : reject(new Error(`${code}: ${complained}`))));
    child.stdin.on('error', () => {});
    child.stdin.end(body);
  });
}
