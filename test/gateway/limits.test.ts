/** Clients that hold on: slow headers, slow bodies, slow readers, too many of them, by limits that are short. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { serveFastCgi } from '../../src/gateway/fastcgi.js';
import { serveHttp } from '../../src/gateway/http.js';
import type { TransportLimits } from '../../src/gateway/listener.js';
import { limitInFlight } from '../../src/guard/in-flight.js';
import type { App } from '../../src/http.js';
import { problem } from '../../src/problem.js';
import { temporaryFolder } from '../fixture.js';
import { begin, FastCgiClient, params, request, stdin } from './fastcgi-client.js';

const OPTIONS = { mount: '/atommq', trustedProxies: [], trustRemoteUser: false, host: '127.0.0.1', port: 0 };
const LARGE = Buffer.alloc(32 * 1024 * 1024, 'x');

const app: App = async (request) => {
  if (request.path === '/large') return { status: 200, headers: {}, body: LARGE };
  try {
    let length = 0;
    if (request.path === '/pieces') for await (const piece of request.body) length += piece.length;
    else if (request.path !== '/unread') length = (await request.bytes(8_000_000)).length;
    return { status: 200, headers: {}, body: String(length) };
  } catch (error) {
    return problem(error);
  }
};

async function serving(limits: Partial<TransportLimits>, work: (port: number) => Promise<void>, serve = app) {
  const listener = await serveHttp(serve, { ...OPTIONS, ...limits });
  try {
    await work(Number(new URL(listener.address).port));
  } finally {
    await listener.close(0.1);
  }
}

interface Peer {
  socket: Socket;
  /** All that came, when the connection has ended. */
  ended: Promise<string>;
  /** All that came, when it holds this. */
  got(what: RegExp): Promise<string>;
}

function peer(port: number, bytes: string | Buffer): Peer {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.write(bytes);
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(text)));
  const got = (what: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => what.test(text) && resolve(text);
      look();
      socket.on('data', look);
      socket.once('close', () => reject(new Error(`ended with ${text}`)));
    });
  return { socket, ended, got };
}

const post = (path: string, length: number, more = '') =>
  `POST /atommq${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n${more}\r\n`;

/** Sends a byte again and again for as long as it can. */
function trickle({ socket }: Peer): void {
  const timer = setInterval(() => socket.write('x'), 20);
  socket.once('close', () => clearInterval(timer));
}

test('a header that does not come to its end is a 408, however it trickles', { timeout: 60_000 }, async () => {
  await serving({ headerTimeout: 0.3 }, async (port) => {
    for (const begun of ['', 'GET /atommq/ HTTP/1.1\r\nX: ']) {
      const slow = peer(port, begun);
      if (begun !== '') trickle(slow);
      assert.match(await slow.ended, /^HTTP\/1\.1 408 [\s\S]*application\/problem\+json[\s\S]*header-timeout/);
    }
  });
});

test('a body that stops or trickles is a 408, whole or in pieces', { timeout: 60_000 }, async () => {
  await serving({ bodyTimeout: 0.3, bodyRate: 10_000 }, async (port) => {
    for (const path of ['/whole', '/pieces']) {
      for (const trickles of [false, true]) {
        const slow = peer(port, `${post(path, 100_000)}abc`);
        if (trickles) trickle(slow);
        assert.match(await slow.got(/body-rate[\s\S]*\}/), /^HTTP\/1\.1 408 [\s\S]*connection: close/i);
        slow.socket.destroy();
      }
    }
    const chunked = peer(port, 'POST /atommq/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n');
    assert.match(await chunked.got(/body-rate/), /^HTTP\/1\.1 408 /);
    chunked.socket.destroy();
  });
});

test('a body that keeps its pace may take longer', { timeout: 60_000 }, async () => {
  await serving({ bodyTimeout: 0.3, bodyRate: 1000 }, async (port) => {
    const steady = peer(port, post('/whole', 20_000));
    for (let i = 0; i < 20; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      steady.socket.write('x'.repeat(1000));
    }
    assert.match(await steady.got(/20000$/), /^HTTP\/1\.1 200 /);
    steady.socket.destroy();
  });
});

test('a body that nobody reads does not hold its connection either', { timeout: 60_000 }, async () => {
  await serving({ bodyTimeout: 0.3, bodyRate: 10_000 }, async (port) => {
    const slow = peer(port, post('/unread', 1000));
    trickle(slow);
    assert.match(await slow.ended, /^HTTP\/1\.1 200 /);
  });
});

test('those who send what nobody wants are read in turns, and get to see the answer after it', async () => {
  await serving({}, async (port) => {
    const one = async () => {
      const socket = connect(port, '127.0.0.1');
      let text = '';
      // Reads only when all is sent, as simple clients do.
      socket.pause();
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject).write(post('/unread', 8_000_000));
        socket.write(LARGE.subarray(0, 8_000_000), () => resolve());
      });
      for await (const chunk of socket) text += (chunk as Buffer).toString('latin1');
      return text;
    };
    for (const text of await Promise.all(Array.from({ length: 3 }, one))) assert.match(text, /^HTTP\/1\.1 200 /);
  });
});

test('an answer that nobody reads is cut, and those that do not fit in memory, the oldest first', async () => {
  const cut = async (limits: Partial<TransportLimits>, readers: number) =>
    serving(limits, async (port) => {
      const sockets = Array.from({ length: readers }, () => {
        const socket = connect(port, '127.0.0.1', () => socket.write('GET /atommq/large HTTP/1.1\r\nHost: h\r\n\r\n'));
        socket.pause();
        return socket;
      });
      // Read again only when it is over: what comes then ends early.
      await new Promise((resolve) => setTimeout(resolve, 1500));
      let length = 0;
      sockets[0]!
        .on('error', () => {})
        .on('data', (chunk: Buffer) => {
          length += chunk.length;
        })
        .resume();
      await new Promise((resolve) => sockets[0]!.once('close', resolve));
      assert.ok(length < LARGE.length, String(length));
      for (const socket of sockets) socket.destroy();
    });
  await cut({ bodyTimeout: 0.4, bodyRate: 1024 ** 3 }, 1);
  await cut({ maxAnswerMemory: 40 * 1024 * 1024 }, 3);
});

test('a reader that is slow and reads gets all', async () => {
  await serving({ bodyTimeout: 10 }, async (port) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET /atommq/large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'),
    );
    let length = 0;
    for await (const chunk of socket) length += (chunk as Buffer).length;
    assert.ok(length > LARGE.length);
  });
});

test('more connections than there may be are told so', async () => {
  await serving({ maxConnections: 3 }, async (port) => {
    const kept = Array.from({ length: 3 }, () => peer(port, 'GET /atommq/ HTTP/1.1\r\nHost: h\r\n\r\n'));
    await Promise.all(kept.map(({ got }) => got(/0$/)));
    const more = await peer(port, 'GET /atommq/ HTTP/1.1\r\nHost: h\r\n\r\n').ended;
    assert.match(more, /^HTTP\/1\.1 503 [\s\S]*retry-after: \d[\s\S]*max-connections/);
    kept[0]!.socket.destroy();
    for (let answer = more; !/^HTTP\/1\.1 200 /.test(answer); ) {
      answer = await peer(port, 'GET /atommq/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n').ended;
    }
    for (const { socket } of kept) socket.destroy();
  });
});

test('bodies that are held back keep nobody out for long', { timeout: 60_000 }, async () => {
  const most = 1024 * 1024;
  await serving({ maxBodyMemory: most, bodyRate: 1 }, async (port) => {
    const held = Array.from({ length: 3 }, () =>
      peer(port, Buffer.concat([Buffer.from(post('/', 600_000)), LARGE.subarray(0, 500_000)])),
    );
    const first = await Promise.race(held.map(({ got }) => got(/max-body-memory[\s\S]*\}/)));
    assert.match(first, /^HTTP\/1\.1 503 [\s\S]*retry-after: 2/);
    // Once they are old they give way to whoever comes.
    for (let answer = ''; !/^HTTP\/1\.1 200 /.test(answer); ) {
      const one = Buffer.concat([Buffer.from(post('/', 900_000, 'Connection: close\r\n')), LARGE.subarray(0, 900_000)]);
      answer = await peer(port, one).ended;
    }
    for (const { socket } of held) socket.destroy();
  });
});

test('so many requests are worked on, without those whose body is still to come; health is answered', async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const busy: App = async (request) => {
    request.places?.leave(request);
    const body = await request.bytes(100);
    request.places?.enter(request);
    if (body.length > 0) await released;
    return { status: 200, headers: {}, body: 'done' };
  };
  await serving(
    {},
    async (port) => {
      const slow = Array.from({ length: 5 }, () => peer(port, `${post('/', 3)}a`));
      const get = (path: string) =>
        peer(port, `GET /atommq${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`).ended;
      assert.match(await get('/x'), /^HTTP\/1\.1 200 /, 'none of the five is worked on');
      for (const { socket } of slow) socket.write('bc');
      // Two are in, three are too many.
      let refused = 0;
      await new Promise<void>((resolve) => {
        for (const { got } of slow) {
          got(/max-requests[\s\S]*\}/).then(
            (text) => {
              assert.match(text, /^HTTP\/1\.1 503 [\s\S]*retry-after: [1-4]\r/);
              refused += 1;
              if (refused === 3) resolve();
            },
            () => {},
          );
        }
      });
      assert.match(await get('/x'), /^HTTP\/1\.1 503 /);
      assert.match(await get('/health/live'), /^HTTP\/1\.1 200 /);
      release();
      const done = await Promise.any(slow.map(({ got }) => got(/done$/)));
      assert.match(done, /^HTTP\/1\.1 200 /);
      assert.match(await get('/x'), /^HTTP\/1\.1 200 /);
      for (const { socket } of slow) socket.destroy();
    },
    limitInFlight(2)(busy),
  );
});

test('FastCGI has the same pace, and the same bound', { timeout: 60_000 }, async () => {
  const socket = { path: join(temporaryFolder(), 'fcgi.sock') };
  const limits = { bodyTimeout: 0.3, bodyRate: 10_000, maxHeaderBytes: 4096 };
  const listener = await serveFastCgi(app, { ...OPTIONS, ...limits, socket });
  const values = (path: string) => ({
    REQUEST_METHOD: 'POST',
    REQUEST_URI: `/atommq${path}`,
    PATH_INFO: path,
    CONTENT_LENGTH: '100000',
  });
  for (const path of ['/whole', '/pieces']) {
    const client = new FastCgiClient(socket.path);
    const { output } = await client.send(begin(1, true), params(1, values(path)), stdin(1, 'abc')).answer(1);
    assert.match(output, /^Status: 408 Request Timeout\r\n[\s\S]*body-rate/);
    // The connection goes on.
    assert.match((await client.send(request(2, true)).answer(2)).output, /^Status: 200 /);
    const long = await client.send(request(3, true, { HTTP_X: 'x'.repeat(5000) })).answer(3);
    assert.match(long.output, /^Status: 431 Request Header Fields Too Large\r\n[\s\S]*max-header-bytes/);
    await client.close();
  }
  await listener.close(0.1);
});
