/** Sockets that systemd opened: the server by `systemd-socket-activate`, on each kind of address. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect, type NetConnectOpts } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { passedSocket } from '../../src/gateway/passed.js';
import { unlessThere } from '../doors/all.js';
import { freePort, openFolder, root, type Server, startServer } from '../doors/children.js';

const skip = unlessThere('systemd-socket-activate');

function activate(listen: string[], ...flags: string[]): Server {
  const folder = openFolder();
  return startServer({
    command: 'systemd-socket-activate',
    arguments: [
      ...listen.flatMap((one) => ['-l', one]),
      join(root, 'bin/atommq'),
      ...['serve', '--database', join(folder, 'bus.db'), ...flags],
    ],
    cwd: folder,
  });
}

/** Asks as soon as somebody listens: nothing answers before the first connection has started the server. */
async function get(to: NetConnectOpts, headers = {}): Promise<{ status: number; text: string }> {
  await connected(to);
  return new Promise((resolve, reject) => {
    const options = { path: '/atommq/feed=none?format=json', headers, agent: false, ...to };
    request(options as object, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
    })
      .once('error', reject)
      .end();
  });
}

async function connected(to: NetConnectOpts): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const done = await new Promise<boolean>((resolve) => {
      const socket = connect(('socketPath' in to ? { path: to.socketPath } : to) as NetConnectOpts, () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (done) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nobody listens');
}

for (const [host, workers] of [
  ['127.0.0.1', '1'],
  ['127.0.0.1', '2'],
  ['::1', '1'],
] as const) {
  test(`HTTP on ${host}, ${workers} at work: whatever --host and --port say`, { skip }, async () => {
    const port = await freePort();
    const at = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const server = activate([at], '--workers', workers, '--host', '0.0.0.0', '--port', '1');
    try {
      assert.equal((await get({ host, port })).status, 404);
      assert.ok(server.log().includes(`listening on http://${at}/atommq`), server.log());
      // A name that a page could have bent to this machine.
      assert.equal((await get({ host, port }, { host: 'evil.example.org' })).status, 421);
    } finally {
      await server.stop();
    }
    assert.equal(await server.ended, 0);
  });
}

test('HTTP on a socket file, which a web server is in front of', { skip }, async () => {
  const socketPath = join(openFolder(), 'http.sock');
  const server = activate([socketPath]);
  try {
    const to = { socketPath } as unknown as NetConnectOpts;
    assert.equal((await get(to, { host: 'bus.example.org' })).status, 404);
    assert.match(server.log(), /listening on http:descriptor 3/);
  } finally {
    await server.stop();
  }
});

for (const [gateway, host] of [
  ['http', '0.0.0.0'],
  ['http', '[::]'],
  ['fastcgi', '0.0.0.0'],
] as const) {
  test(`${gateway} on ${host} is for others, too, and refused while nobody is asked for credentials`, {
    skip,
  }, async () => {
    const port = await freePort();
    const server = activate([`${host}:${port}`], '--gateway', gateway);
    await connected({ host: '127.0.0.1', port });
    assert.equal(await server.ended, 2);
    assert.match(server.log(), /is for others, too.*keep to this machine/);
    if (gateway === 'http') assert.match(server.log(), new RegExp(`ListenStream=127\\.0\\.0\\.1:${port}`));
  });
}

test('HTTP on 0.0.0.0 is served where everybody is let in', { skip }, async () => {
  const port = await freePort();
  const server = activate([`0.0.0.0:${port}`], '--allow-anonymous');
  try {
    assert.equal((await get({ host: '127.0.0.1', port })).status, 404);
  } finally {
    await server.stop();
  }
});

test('several sockets are refused: one would never be answered', { skip }, async () => {
  const [one, other] = [await freePort(), await freePort()];
  const server = activate([`127.0.0.1:${one}`, `127.0.0.1:${other}`]);
  await connected({ host: '127.0.0.1', port: one });
  assert.equal(await server.ended, 2);
  assert.match(server.log(), /systemd passes 2 sockets, and one is served/);
});

test('what systemd passes to another process is not for us', () => {
  assert.equal(passedSocket({ LISTEN_PID: String(process.ppid), LISTEN_FDS: '1' }), undefined);
  assert.equal(passedSocket({}), undefined);
});
