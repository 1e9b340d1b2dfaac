/** Clients that reset in every phase, and more connections than there are descriptors: nothing leaks, nothing is half stored. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFolder } from '../doors/children.js';
import { endAll } from '../server.js';
import { BIN } from './fleet.js';
import { idsIn, publish, serve, until } from './serve.js';

after(endAll);
const ROUNDS = 60;

/** What a client has sent when it resets; `#` is a number of its own. */
const BODY = `<entry><id>urn:reset:#</id><title>${'x'.repeat(3000)}</title></entry>`;
const head = (method: string, path: string, fields = '') =>
  `${method} /atommq${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`;
const POST = head('POST', '/feed=a', `Content-Length: ${BODY.length + 3}\r\n`);
const PHASES: Record<string, { sends: string; reads?: boolean; pause?: number }> = {
  'on connecting': { sends: '' },
  'in the header': { sends: POST.slice(0, 40) },
  'after the header': { sends: POST },
  'in the body': { sends: POST + BODY.slice(0, 1500) },
  'in a chunk': { sends: `${head('POST', '/feed=a', 'Transfer-Encoding: chunked\r\n')}800\r\n<entry>` },
  'before the answer': { sends: POST + BODY },
  'amid the answer': { sends: head('GET', '/feed=long'), reads: true },
  'while it waits': { sends: head('GET', '/feed=a?start_after=now', 'Prefer: wait=30\r\n'), pause: 30 },
  'amid a stream': { sends: head('GET', '/feed=long', 'Accept: text/event-stream\r\n'), reads: true, pause: 20 },
  'in the second of two requests': { sends: head('GET', '/feed=a') + POST.slice(0, 60), pause: 20 },
};

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

test('clients that reset in every phase', async (t) => {
  const server = await serve(join(openFolder(), 'bus.db'));
  const { client, process: own, port } = server;
  const long = `<entry><title>${'x'.repeat(100_000)}</title></entry>`;
  for (let n = 0; n < 20; n += 1) assert.equal((await client('POST', '/feed=long', { body: long })).status, 201);
  await publish(client, 'urn:first');
  const before = descriptorsOf(own.pid!);
  let number = 1000;
  for (const [phase, { sends, reads = false, pause = 0 }] of Object.entries(PHASES)) {
    const sent: string[] = [];
    await Promise.all(
      Array.from({ length: ROUNDS }, async () => {
        number += 1;
        sent.push(`urn:reset:${number}`);
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => {});
        await new Promise((resolve) => socket.once('connect', resolve));
        if (sends !== '') await new Promise((resolve) => socket.write(sends.replaceAll('#', String(number)), resolve));
        if (reads) await new Promise((resolve) => socket.once('data', resolve));
        if (pause > 0) await sleep(pause);
        socket.resetAndDestroy();
      }),
    );
    assert.equal(own.exitCode, null, `${phase}: ${own.said()}`);
    await until(
      () => descriptorsOf(own.pid!) <= before + 5,
      () => `${phase}: ${descriptorsOf(own.pid!)} descriptors, not ${before}`,
    );
    const ids = (await idsIn(client)).filter((id) => id.startsWith('urn:reset'));
    assert.equal(new Set(ids).size, ids.length);
    // A whole request may be stored, though nobody hears of it; then it is whole.
    if (phase === 'before the answer')
      assert.ok(
        ids.every((id) => sent.includes(id)),
        phase,
      );
    else
      assert.deepEqual(
        ids.filter((id) => sent.includes(id)),
        [],
        phase,
      );
    assert.equal((await publish(client, `urn:after:${phase.replaceAll(' ', '-')}`)).status, 201);
  }
  assert.doesNotMatch(own.said(), / error |MaxListeners/);
  assert.equal(await server.stop(), 0);
  t.diagnostic(`${ROUNDS} clients in each of ${Object.keys(PHASES).length} phases`);
});

test('more connections than there are descriptors', async () => {
  const command = ['/bin/sh', '-c', `ulimit -n 120; exec "$0" "$@"`, BIN];
  const server = await serve(join(openFolder(), 'bus.db'), { command });
  const { client, process: own, port } = server;
  assert.equal((await publish(client, 'urn:1')).status, 201);
  const idle: Socket[] = [];
  for (let n = 0; n < 200; n += 1) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    idle.push(socket);
  }
  await sleep(500);
  assert.equal(own.exitCode, null, own.said());
  for (const socket of idle) socket.destroy();
  await until(async () => (await publish(client, 'urn:2')).status === 201, own.said);
  assert.deepEqual(await idsIn(client), ['urn:1', 'urn:2']);
  await until(() => descriptorsOf(own.pid!) < 60, own.said);
  assert.equal(await server.stop(), 0);
});
