/** The logs of a server as a process: lines for people and for programs, the access log, and files that are moved away. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../fixture.js';
import { endAll, freePort, overHttp, start, stop } from '../server.js';

const BIN = fileURLToPath(new URL('../../../bin/atommq', import.meta.url));
after(endAll);

async function until(holds: () => boolean, what: () => string): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 300) assert.fail(`it does not happen: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function serve(...flags: string[]) {
  const port = await freePort();
  const folder = temporaryFolder();
  const server = start(BIN, ['--port', String(port), '--database', join(folder, 'bus.db'), ...flags]);
  await until(() => /listening on/.test(server.said()), server.said);
  return { server, client: overHttp(port), folder };
}

const lines = (text: string) => text.split('\n').filter((line) => line !== '');
const objects = (text: string) => lines(text).map((line) => JSON.parse(line) as Record<string, unknown>);
const read = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

test('log-format: json is an object a line, the requests at log: debug among them', async () => {
  const { server, client } = await serve('--log-format', 'json', '--log', 'debug');
  await client('GET', '/feed=none?token=hunter2', { headers: { authorization: 'Bearer hunter2' } });
  assert.equal(await stop(server), 0);
  const [first, request] = objects(server.said());
  assert.equal(first!.level, 'info');
  assert.match(String(first!.msg), /^AtomMQ .* listening on http:/);
  assert.ok(Math.abs(Date.parse(String(first!.time)) - Date.now()) < 600_000);
  const { level, method, path, status, feed, remote, msg } = request!;
  assert.deepEqual(
    { level, method, path, status, feed, remote, msg },
    {
      level: 'debug',
      method: 'GET',
      path: '/feed=none?token=***',
      status: 404,
      feed: 'none',
      remote: '127.0.0.1',
      msg: 'request',
    },
  );
  assert.doesNotMatch(server.said(), /hunter2/);
});

test('log: debug has a line for each request, unless access-log is off', async () => {
  const loud = await serve('--log', 'debug');
  await loud.client('GET', '/feed=none', { headers: { 'x-request-id': 'mine' } });
  assert.equal(await stop(loud.server), 0);
  assert.match(
    loud.server.said(),
    /^\S+Z debug \[\d+\] 127\.0\.0\.1 - GET \/feed=none 404 \d+ [\d.]+ms request=mine$/m,
  );
  const quiet = await serve('--log', 'debug', '--access-log', 'off');
  await quiet.client('GET', '/feed=none');
  assert.equal(await stop(quiet.server), 0);
  assert.doesNotMatch(quiet.server.said(), /GET/);
});

test('the access log on standard output, the log on standard error', async () => {
  const { server, client } = await serve('--access-log', 'stdout');
  let out = '';
  server.stdout!.on('data', (text) => {
    out += text;
  });
  const answer = await client('GET', '/health/live');
  await until(() => out.includes('\n'), server.said);
  const [record] = objects(out);
  assert.equal(record!.id, answer.headers['x-request-id']);
  assert.deepEqual([record!.path, record!.status, record!.bytes, record!.pid], ['/health/live', 200, 5, server.pid]);
  assert.equal(await stop(server), 0);
});

test('a file that was moved away: SIGHUP opens a new one, and nothing is lost', async () => {
  const file = join(temporaryFolder(), 'access.log');
  const { server, client } = await serve('--access-log', file);
  for (let i = 0; i < 5; i += 1) await client('GET', '/health/live');
  await until(
    () => lines(read(file)).length === 5,
    () => read(file),
  );
  renameSync(file, `${file}.1`);
  await client('GET', '/health/live');
  server.kill('SIGHUP');
  await until(() => existsSync(file), server.said);
  await client('GET', '/health/live');
  assert.equal(await stop(server), 0);
  assert.deepEqual(
    [read(`${file}.1`), read(file)].map((text) => objects(text).length),
    [6, 1],
  );
});

test('the workers of a pool share a file, whole lines each', async () => {
  const file = join(temporaryFolder(), 'access.log');
  const { server, client } = await serve('--access-log', file, '--workers', '2');
  await Promise.all(Array.from({ length: 100 }, () => client('GET', '/health/live')));
  renameSync(file, `${file}.1`);
  server.kill('SIGHUP');
  await until(() => /all workers replaced/.test(server.said()), server.said);
  await client('GET', '/health/live');
  assert.equal(await stop(server), 0);
  assert.deepEqual(
    [read(`${file}.1`), read(file)].map((text) => objects(text).length),
    [100, 1],
  );
});

test('a log that cannot be written stops the start, and says why', async () => {
  const file = join(temporaryFolder(), 'none', 'access.log');
  const server = start(BIN, ['--port', '0', '--database', join(temporaryFolder(), 'b'), '--access-log', file]);
  assert.equal(await new Promise((resolve) => server.once('exit', resolve)), 1);
  assert.match(server.said(), /cannot write the access log: ENOENT/);
});

test('logger: file may be moved away at any time; an error is one line', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'log');
  const broken = join(folder, 'bus.db');
  writeFileSync(broken, 'this is no database\n'.repeat(100));
  const server = start(BIN, ['--port', '0', '--database', broken, '--logger', 'file', '--log-file', file]);
  assert.equal(await new Promise((resolve) => server.once('exit', resolve)), 1);
  assert.equal(lines(read(file)).length, 1, read(file));
  assert.match(read(file), /^\S+Z error \[\d+\] cannot open the database/);
});
