/** A bus inside another program: the README's own lines, options, the listener, and the end. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AtomMQ, ConfigError, HttpError } from '../../src/bus.js';
import { temporaryFolder } from '../fixture.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const newDatabase = () => join(temporaryFolder(), 'bus.db');

test('the program in the README runs as it stands', () => {
  const [, program = ''] = /```js\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8')) ?? [];
  const changed = program.replace('./bus.db', newDatabase()).replace('8080', '0');
  assert.notEqual(changed, program);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `${changed}\nconsole.log(entry.title, entries.length, after === entry.id, upToDate);process.exit(0);`,
    ],
    { cwd: ROOT, encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  assert.equal(stdout, 'allo 0 true true\n');
});

test('options: the file, then variables, then the program’s own', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'config.yml');
  writeFileSync(file, `page_size: 2\nauthor: File\ntitle: File\ndatabase: ${join(folder, 'file.db')}\n`);
  const env = { ATOMMQ_CONFIG: file, ATOMMQ_TITLE: 'Variable', ATOMMQ_AUTHOR: 'Variable' };
  const bus = await AtomMQ.open({ author: 'Program' }, env);
  for (const title of ['a', 'b', 'c']) await bus.publish('w', { title });
  assert.equal((await bus.read('w')).entries.length, 2);
  assert.match(await text(bus, ''), /<atom:title>Variable</);
  assert.match(await text(bus, '/feed=w'), /<name>Program</);
  await bus.close();
  assert.ok(readFileSync(join(folder, 'file.db')).length > 0);
  await assert.rejects(AtomMQ.open({ pagesize: 3 } as object), ConfigError);
  await assert.rejects(AtomMQ.open({ pageSize: 'many' }), /set: page-size "many" must be/);
});

test('the listener is at the mount point and has the public address that the bus was opened with', async () => {
  const bus = await AtomMQ.open({ database: newDatabase(), mount: '/bus', baseUrl: 'https://example.org/b' });
  const entry = await bus.publish('w', { title: 'a' });
  assert.ok(
    entry.links.every(({ href }) => href.startsWith('https://example.org/b/feed=w/entries/')),
    entry.xml,
  );
  const { server, port } = await listen(bus);
  const answer = await fetch(`http://127.0.0.1:${port}/bus/feed=w`);
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /<link rel="self" href="https:\/\/example\.org\/b\/feed=w"/);
  assert.equal((await fetch(`http://127.0.0.1:${port}/atommq/feed=w`)).status, 404);
  server.close();
  await bus.close();
});

test('a limit must be one', async () => {
  const bus = await AtomMQ.open({ database: newDatabase() });
  await bus.publish('w', { title: 'a' });
  for (const limit of [0, -1, 1.5, Number.NaN]) {
    await assert.rejects(bus.read('w', { limit }), (error) => error instanceof HttpError && error.status === 400);
  }
  await bus.close();
});

test('closing twice is closing once, and a bus that is closed says so', async () => {
  const bus = await AtomMQ.open({ database: newDatabase() });
  await bus.publish('w', { title: 'a' });
  await Promise.all([bus.close(), bus.close()]);
  await bus.close();
  const closed = (error: unknown) => error instanceof HttpError && error.status === 503 && /closed/.test(error.message);
  await assert.rejects(bus.publish('w', { title: 'b' }), closed);
  await assert.rejects(bus.read('w'), closed);
});

async function listen(bus: AtomMQ): Promise<{ server: Server; port: number }> {
  const server = createServer(bus.listener());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

/** What a listener of the bus answers with. */
async function text(bus: AtomMQ, path: string): Promise<string> {
  const { server, port } = await listen(bus);
  const body = await (await fetch(`http://127.0.0.1:${port}/atommq${path}`)).text();
  server.close();
  return body;
}
