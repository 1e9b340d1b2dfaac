/** FastCGI by hand: what broken and hostile peers send never stops the server. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { serveFastCgi } from '../../src/gateway/fastcgi.js';
import { RecordReader, TYPE, writeRecord } from '../../src/gateway/fastcgi-records.js';
import type { Listener } from '../../src/gateway/listener.js';
import type { App } from '../../src/http.js';
import { temporaryFolder } from '../fixture.js';

const path = join(temporaryFolder(), 's');
let listener: Listener;

const echo: App = async (request) => ({
  status: 200,
  headers: { 'content-type': 'text/plain' },
  body: `${request.path} ${(await request.bytes(100_000_000)).length} ${request.headers['x-long']?.length ?? 0}`,
});

before(async () => {
  const options = { mount: '/atommq', trustedProxies: [], trustRemoteUser: false };
  listener = await serveFastCgi(echo, { ...options, socket: { path }, maxHeaderBytes: 1_000_000 });
});
after(() => listener.close(1));

function begin(id: number, keep: boolean): Buffer {
  return writeRecord(TYPE.begin, id, Buffer.from([0, 1, keep ? 1 : 0, 0, 0, 0, 0, 0]));
}

function pairs(params: Record<string, string>): Buffer {
  const long = (n: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE((n | 0x80000000) >>> 0);
    return bytes;
  };
  return Buffer.concat(
    Object.entries(params).flatMap(([name, value]) => [
      long(name.length),
      long(value.length),
      Buffer.from(name + value),
    ]),
  );
}

function request(id: number, keep: boolean, body = '', extra: Record<string, string> = {}): Buffer {
  const params = pairs({
    REQUEST_METHOD: 'POST',
    REQUEST_URI: `/atommq/r${id}`,
    SCRIPT_NAME: '/atommq',
    SERVER_NAME: 'h',
    ...extra,
  });
  const records = [begin(id, keep)];
  // Cut into odd pieces, so that pairs go on from one record to the next.
  for (let i = 0; i < params.length; i += 60_001)
    records.push(writeRecord(TYPE.params, id, params.subarray(i, i + 60_001)));
  records.push(writeRecord(TYPE.params, id, Buffer.alloc(0)));
  if (body !== '') records.push(writeRecord(TYPE.stdin, id, Buffer.from(body)));
  records.push(writeRecord(TYPE.stdin, id, Buffer.alloc(0)));
  return Buffer.concat(records);
}

/** Sends bytes, and collects answers by request until so many have ended, or the connection has. */
async function exchange(bytes: Buffer, ends: number, socket: Socket = connect(path)): Promise<Map<number, string>> {
  const answers = new Map<number, string>();
  const reader = new RecordReader();
  let ended = 0;
  await new Promise<void>((resolve) => {
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
    socket.on('data', (chunk: Buffer) => {
      for (const { type, id, content } of reader.read(chunk)) {
        if (type === TYPE.stdout) answers.set(id, (answers.get(id) ?? '') + content.toString());
        if (type === TYPE.end || type >= TYPE.getValuesResult) ended += 1;
        if (type >= TYPE.getValuesResult) answers.set(0, content.toString('latin1'));
      }
      if (ended >= ends) resolve();
    });
    socket.write(bytes);
  });
  return answers;
}

async function stillServes(): Promise<void> {
  const answers = await exchange(request(1, false), 1);
  assert.match(answers.get(1) ?? '', /^Status: 200/);
}

test('a kept connection serves one request after another', async () => {
  const socket = connect(path);
  for (const id of [1, 1, 2]) {
    const answers = await exchange(request(id, true, 'abc'), 1, socket);
    assert.match(answers.get(id) ?? '', new RegExp(`/r${id} 3 0$`));
  }
  assert.equal(socket.destroyed, false);
  socket.destroy();
});

test('a connection that is not to be kept ends after all of its requests', async () => {
  const socket = connect(path);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const answers = await exchange(Buffer.concat([request(1, false), request(2, false)]), 2, socket);
  assert.equal(answers.size, 2);
  await closed;
});

test('parameters longer than a record are whole', async () => {
  const answers = await exchange(request(1, false, '', { HTTP_X_LONG: 'y'.repeat(300_000) }), 1);
  assert.match(answers.get(1) ?? '', / 300000$/);
});

test('questions and unknown records are answered', async () => {
  const names = pairs({ FCGI_MPXS_CONNS: '', constructor: '' });
  const socket = connect(path);
  const values = await exchange(writeRecord(TYPE.getValues, 0, names), 1, socket);
  assert.match(values.get(0) ?? '', /FCGI_MPXS_CONNS1$/);
  await exchange(writeRecord(99, 0, Buffer.alloc(3)), 1, socket);
  socket.destroy();
});

test('an abort in the middle of a body ends that request only', async () => {
  const started = request(1, true).subarray(0, -8);
  const abort = writeRecord(TYPE.abort, 1, Buffer.alloc(0));
  const answers = await exchange(Buffer.concat([started, request(2, true, 'x'), abort]), 2);
  assert.match(answers.get(2) ?? '', /\/r2 1 0$/);
  await stillServes();
});

const HOSTILE: [string, Buffer][] = [
  ['plain HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
  ['record type 0', Buffer.from([1, 0, 0, 1, 0, 0, 0, 0])],
  ['another version', Buffer.from([2, 1, 0, 1, 0, 8, 0, 0])],
  [
    'a pair that leads beyond its end',
    Buffer.concat([
      begin(1, false),
      writeRecord(TYPE.params, 1, Buffer.from([200, 0, 0, 0])),
      writeRecord(TYPE.params, 1, Buffer.alloc(0)),
    ]),
  ],
  ['a request number twice', Buffer.concat([begin(1, true), begin(1, true)])],
  [
    'parameters without end',
    Buffer.concat([
      begin(1, true),
      ...Array.from({ length: 20 }, () => writeRecord(TYPE.params, 1, Buffer.alloc(60_000))),
    ]),
  ],
];
for (const [name, bytes] of HOSTILE) {
  test(`${name} ends the connection and nothing else`, async () => {
    await exchange(bytes, Number.POSITIVE_INFINITY);
    await stillServes();
  });
}

test('random records never stop the server', async (t) => {
  const seed = Number(process.env.ATOMMQ_SEED ?? Date.now() % 1_000_000);
  t.diagnostic(`ATOMMQ_SEED=${seed}`);
  let state = seed + 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
  for (let round = 0; round < 150; round += 1) {
    const parts: Buffer[] = [];
    for (let i = random(12); i >= 0; i -= 1) {
      const content = Buffer.from(Array.from({ length: random(40) }, () => random(256)));
      const id = random(4);
      const good = random(3) === 0 ? request(id + 1, random(2) === 0, 'b') : writeRecord(random(13), id, content);
      if (random(10) === 0 && good.length > 0) good[random(good.length)] = random(256);
      parts.push(good);
    }
    const socket = connect(path);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    socket.resume();
    socket.write(Buffer.concat(parts), () =>
      random(2) === 0 ? socket.destroy() : setImmediate(() => socket.destroy()),
    );
    await closed;
  }
  await stillServes();
});
