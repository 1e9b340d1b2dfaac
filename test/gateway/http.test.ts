/** The HTTP gateway by a client that writes bytes: what browsers and curl never send, and what they do. */
import assert from 'node:assert/strict';
import { Agent, createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { requestListener, serveHttp } from '../../src/gateway/http.js';
import type { Listener } from '../../src/gateway/listener.js';
import { type App, HttpError } from '../../src/http.js';
import { overHttp } from '../server.js';
import { refused } from './refused.js';

const OPTIONS = { mount: '/atommq', trustedProxies: [], trustRemoteUser: false, host: '127.0.0.1', port: 0 };
let listener: Listener;
let port: number;
let app: App;

const echo: App = async (got) => ({
  status: 200,
  headers: { 'content-type': 'text/plain' },
  body: `${got.method} ${got.path} ${(await got.bytes(100_000)).length}`,
});

before(async () => {
  listener = await serveHttp((got) => app(got), OPTIONS);
  port = Number(new URL(listener.address).port);
});
beforeEach(() => {
  app = echo;
});
after(() => listener.close(1));

/** Sends bytes and gives all that comes until the connection ends. */
async function raw(bytes: string | Buffer, at = port): Promise<string> {
  const socket = connect(at, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

function signal(): { happened: Promise<void>; happen: () => void } {
  let happen = () => {};
  const happened = new Promise<void>((resolve) => {
    happen = resolve;
  });
  return { happened, happen };
}

async function until(socket: Socket, what: RegExp): Promise<string> {
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (what.test(text)) break;
  }
  return text;
}

const head = (method: string, fields = '', path = '/atommq/x') =>
  `${method} ${path} HTTP/1.1\r\nHost: h\r\n${fields}\r\n`;

test('an answer in one piece has its length; HEAD has the length and no body', async () => {
  const got = await raw(head('GET', 'Connection: close\r\n'));
  assert.match(got, /^HTTP\/1\.1 200 OK\r\n[\s\S]*content-length: 8\r\n[\s\S]*\r\n\r\nGET \/x 0$/);
  assert.match(await raw(head('HEAD', 'Connection: close\r\n')), /content-length: 9\r\n[\s\S]*\r\n\r\n$/);
});

test('204 and 304 have neither body nor length; cookies stay apart', async () => {
  app = async (got) => ({ status: Number(got.path.slice(1)), headers: { 'set-cookie': ['a', 'b'] }, body: 'x' });
  for (const status of [204, 304]) {
    const got = await raw(head('GET', 'Connection: close\r\n', `/atommq/${status}`));
    assert.match(got, /\r\n\r\n$/);
    assert.doesNotMatch(got, /content-length|transfer-encoding/i);
    assert.match(got, /set-cookie: a\r\nset-cookie: b\r\n/);
  }
});

test('bodies come chunked, from HTTP/1.0, and in pieces of one byte', async () => {
  const chunks = `${'1\r\nx\r\n'.repeat(3000)}0\r\n\r\n`;
  assert.match(
    await raw(head('POST', 'Transfer-Encoding: chunked\r\nConnection: close\r\n') + chunks),
    /POST \/x 3000$/,
  );
  assert.match(await raw('POST /atommq/x HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc'), /POST \/x 3$/);
  app = async (got) => {
    let length = 0;
    for await (const chunk of got.body) length += chunk.length;
    return { status: 200, headers: {}, body: String(length) };
  };
  assert.match(await raw(head('POST', 'Transfer-Encoding: chunked\r\nConnection: close\r\n') + chunks), /\r\n3000$/);
});

test('100-continue is sent when the body is asked for, and not before a refusal', async () => {
  const expecting = head('POST', 'Content-Length: 3\r\nExpect: 100-continue\r\n');
  const socket = connect(port, '127.0.0.1');
  socket.write(expecting);
  assert.match(await until(socket, /\r\n\r\n/), /^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  socket.write('abc');
  assert.match(await until(socket, /POST/), /200 OK[\s\S]*POST \/x 3$/);
  socket.destroy();
  app = async () => {
    throw new HttpError(413, 'Too much.');
  };
  const refused = await raw(expecting);
  assert.match(refused, /^HTTP\/1\.1 413 /);
  assert.match(refused, /connection: close/i);
  assert.match(
    await raw(head('POST', 'Content-Length: 3\r\nExpect: tea\r\nConnection: close\r\n')),
    /^HTTP\/1\.1 417 /,
  );
});

test('a refusal reaches a client that goes on sending', async () => {
  const large = Buffer.alloc(8_000_000, 'x');
  for (const fields of [`Content-Length: ${large.length}\r\n`, 'Transfer-Encoding: chunked\r\n']) {
    const chunked = fields.startsWith('T');
    const body = chunked ? Buffer.concat([Buffer.from(`${large.length.toString(16)}\r\n`), large]) : large;
    app = echo;
    const late = await raw(Buffer.concat([Buffer.from(head('POST', fields)), body]));
    // The limit of `echo`: 413 at once with a length, amid the body without. It is this gateway's 413 all the same.
    assert.match(late, /^HTTP\/1\.1 413 [\s\S]*application\/problem\+json[\s\S]*"status":413/);
  }
});

test('a short body that nobody wants does not end the connection', async () => {
  app = async () => ({ status: 404, headers: {}, body: '' });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set<Socket>();
  for (let i = 0; i < 3; i += 1) {
    await new Promise<void>((resolve, reject) => {
      const request = httpRequest({ port, host: '127.0.0.1', path: '/atommq', method: 'POST', agent }, (response) => {
        sockets.add(response.socket);
        response.resume().on('end', resolve);
      });
      request.on('error', reject).end('short');
    });
  }
  assert.equal(sockets.size, 1);
  agent.destroy();
});

test('a client that breaks off amid its body is a 400 to the application', async () => {
  for (const way of ['bytes', 'iteration'] as const) {
    const reading = signal();
    const failed = new Promise<unknown>((resolve) => {
      app = async (got) => {
        reading.happen();
        try {
          if (way === 'bytes') await got.bytes(100);
          else for await (const _ of got.body);
        } catch (error) {
          resolve(error);
        }
        return { status: 200, headers: {} };
      };
    });
    const socket = connect(port, '127.0.0.1');
    socket.write(`${head('POST', 'Content-Length: 10\r\n')}abc`);
    await reading.happened;
    socket.destroy();
    assert.equal(((await failed) as HttpError).status, 400);
  }
});

test('a stream has back-pressure, and ends when its reader goes', async () => {
  const left = signal();
  const aborted = signal();
  let produced = 0;
  app = async (got) => {
    got.signal.addEventListener('abort', aborted.happen);
    return {
      status: 200,
      headers: {},
      body: (async function* () {
        try {
          for (; produced < 100_000; produced += 1) yield 'x'.repeat(10_000);
        } finally {
          left.happen();
        }
      })(),
    };
  };
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  socket.write(head('GET'));
  let before = -1;
  while (produced === 0 || produced !== before) {
    before = produced;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(produced < 100_000);
  socket.destroy();
  await Promise.all([left.happened, aborted.happened]);
});

test('a stream that waits ends with its reader, by the signal', async () => {
  const left = signal();
  app = async (got) => ({
    status: 200,
    headers: {},
    body: (async function* () {
      try {
        yield 'first';
        await new Promise((resolve) => got.signal.addEventListener('abort', resolve));
      } finally {
        left.happen();
      }
    })(),
  });
  const socket = connect(port, '127.0.0.1');
  socket.write(head('GET'));
  await until(socket, /first/);
  socket.destroy();
  await left.happened;
});

test('a stream that fails is cut, and an answer that cannot be written is a 500 without a reason', async () => {
  app = async () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      yield 'half';
      await new Promise((resolve) => setTimeout(resolve, 10));
      throw new Error('secret');
    })(),
  });
  const cut = await raw(head('GET'));
  assert.match(cut, /half/);
  assert.doesNotMatch(cut, /\r\n0\r\n/);
  app = async () => ({ status: 200, headers: { 'x-bad': 'a\r\nb: c' }, body: 'x' });
  const failed = await raw(head('GET'));
  assert.match(failed, /^HTTP\/1\.1 500 /);
  assert.doesNotMatch(failed, /x-bad|invalid|stack/i);
  app = async () => {
    throw new Error('secret');
  };
  assert.doesNotMatch(await raw(head('GET', 'Connection: close\r\n')), /secret/);
});

test('what is not HTTP is answered with a problem document and closed', async () => {
  for (const [bytes, status] of [
    ['\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 400],
    ['GET /atommq/x y HTTP/1.1\r\nHost: h\r\n\r\n', 400],
    [head('POST', 'Content-Length: 1\r\nContent-Length: 2\r\n'), 400],
    [head('POST', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n'), 400],
    [head('GET', `X: ${'x'.repeat(20_000)}\r\n`), 431],
  ] as const) {
    const got = await raw(Buffer.from(bytes, 'latin1'));
    assert.match(
      got,
      new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*application/problem\\+json[\\s\\S]*"status":${status}`),
    );
  }
});

test('an address outside the mount point, or a bad one, is a problem document', async () => {
  for (const [path, status] of [
    ['/', 404],
    ['/atommq/%zz', 400],
    ['/atommq/../x', 400],
  ] as const) {
    const got = await raw(head('GET', 'Connection: close\r\n', path));
    assert.match(got, new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*cache-control: no-store[\\s\\S]*"status":${status}`));
  }
});

test('an address with bytes that should have been encoded is told so', async () => {
  const got = await raw(head('GET', '', '/atommq/feed=caf\u00e9'));
  assert.match(got, /^HTTP\/1\.1 400 [\s\S]*"detail":"The address has [^"]*percent-encoded/);
});

test('random bytes never stop the server', async (t) => {
  const seed = Number(process.env.ATOMMQ_SEED ?? Date.now() % 1_000_000);
  t.diagnostic(`ATOMMQ_SEED=${seed}`);
  let state = seed;
  const random = (n: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % n;
  };
  const whole = Buffer.from(
    `${head('POST', 'Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n')}5\r\nabcde\r\n0\r\n\r\n`,
  );
  for (let i = 0; i < 200; i += 1) {
    const bytes = Buffer.from(whole);
    for (let j = random(8); j >= 0; j -= 1) bytes[random(bytes.length)] = random(256);
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    socket.end(bytes.subarray(0, 1 + random(bytes.length)));
    await new Promise((resolve) => socket.once('close', resolve));
  }
  assert.match(await raw(head('GET', 'Connection: close\r\n')), /^HTTP\/1\.1 200 /);
});

test('in a server of somebody else, mounted as Express mounts', async () => {
  const listen = requestListener(echo, OPTIONS);
  const server = createServer((incoming, outgoing) => {
    const mounted = incoming as typeof incoming & { originalUrl: string };
    mounted.originalUrl = incoming.url ?? '';
    incoming.url = '/x';
    outgoing.setHeader('x-powered-by', 'Express');
    listen(incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const answer = await overHttp((server.address() as AddressInfo).port)('POST', '/x', { body: 'abc' });
  assert.equal(answer.body, 'POST /x 3');
  assert.equal(answer.headers['x-powered-by'], 'Express');
  server.close();
});

test('stopping lets running requests finish, ends idle connections, and tells streams', async () => {
  const other = await serveHttp((got) => app(got), OPTIONS);
  const at = Number(new URL(other.address).port);
  const started = signal();
  const go = signal();
  app = async (got) => {
    if (got.path === '/running') {
      started.happen();
      await go.happened;
    }
    if (got.path !== '/stream') return { status: 200, headers: {}, body: 'finished' };
    return {
      status: 200,
      headers: {},
      body: (async function* () {
        yield 'first';
        await new Promise((resolve) => got.signal.addEventListener('abort', resolve));
        yield 'last';
      })(),
    };
  };
  const idle = connect(at, '127.0.0.1');
  idle.write(head('GET'));
  await until(idle, /finished/);
  const streaming = raw(head('GET', '', '/atommq/stream'), at);
  const running = raw(head('GET', '', '/atommq/running'), at);
  await started.happened;
  const closed = other.close(20);
  const ended = new Promise((resolve) => idle.once('close', resolve));
  idle.resume();
  await ended;
  assert.match(await streaming, /first[\s\S]*last[\s\S]*\r\n0\r\n\r\n$/);
  go.happen();
  assert.match(await running, /connection: close[\s\S]*finished$/i);
  assert.equal(await closed, true);
});

test('a request that comes on a kept connection while the server stops is answered', async () => {
  const other = await serveHttp((got) => app(got), OPTIONS);
  const at = Number(new URL(other.address).port);
  const kept = connect(at, '127.0.0.1');
  kept.write(head('GET'));
  await until(kept, /GET \/x 0/);
  const closed = other.close(20);
  await refused({ port: at, host: '127.0.0.1' });
  kept.write(head('GET'));
  assert.match(await until(kept, /GET \/x 0/), /connection: close/i);
  assert.equal(await closed, true);
});

test('what does not finish in time is cut off, and told so', async () => {
  const other = await serveHttp((got) => app(got), OPTIONS);
  const started = signal();
  app = () => {
    started.happen();
    return new Promise(() => {});
  };
  const cut = raw(head('GET'), Number(new URL(other.address).port));
  await started.happened;
  assert.equal(await other.close(0.2), false);
  assert.equal(await cut, '');
});
