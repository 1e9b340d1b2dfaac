/** SQLite on a disk that is full, broken or read-only for a while: clear refusals, nothing half stored, back by itself. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openFolder } from '../doors/children.js';
import { endAll } from '../server.js';
import { lackingCompiler, onDisk } from './disk.js';
import { SqliteFile } from './file.js';
import { assertUnavailable, idsIn, publish, type Serving, serve, until } from './serve.js';

after(endAll);

/** A server whose disk fails while a file is there. */
async function onFailingDisk(): Promise<{ server: Serving; database: string; files: Record<string, string> }> {
  const folder = join(openFolder(), 'data');
  mkdirSync(folder);
  const database = join(folder, 'bus.db');
  const flags = openFolder();
  const files = { FULL: join(flags, 'full'), BROKEN: join(flags, 'broken'), READONLY: join(flags, 'readonly') };
  const server = await serve(database, { env: onDisk(folder, files), args: ['--busy-timeout', '2'] });
  return { server, database, files };
}

for (const [name, flag] of [
  ['full', 'FULL'],
  ['broken', 'BROKEN'],
  ['read-only', 'READONLY'],
] as const) {
  test(`a disk that is ${name} for a while`, { skip: lackingCompiler() }, async () => {
    const { server, database, files } = await onFailingDisk();
    const { client, process } = server;
    const stored: string[] = [];
    const store = async (id: string) => {
      const answer = await publish(client, id);
      assert.equal(answer.status, 201, answer.body);
      if (answer.headers['idempotency-replayed'] === undefined) stored.push(id);
    };
    for (let n = 0; n < 20; n += 1) await store(`urn:before:${n}`);
    for (let round = 0; round < 3; round += 1) {
      writeFileSync(files[flag]!, '');
      const ids = Array.from({ length: 20 }, (_, n) => `urn:${round}:${n}`);
      for (const answer of await Promise.all(ids.map((id) => publish(client, id)))) {
        assertUnavailable(answer, process.said());
      }
      const batch = `<feed xmlns="http://www.w3.org/2005/Atom">${ids.map((id) => `<entry><id>${id}:b</id></entry>`).join('')}</feed>`;
      assertUnavailable(await client('POST', '/feed=a', { body: batch }), process.said());
      const headers = { 'content-type': 'image/png' };
      assertUnavailable(await client('POST', '/feed=a', { body: Buffer.alloc(700_000, 1), headers }), process.said());
      assertUnavailable(await client('DELETE', `/feed=a/entries/${encodeURIComponent(stored[0]!)}`), process.said());
      // Reading goes on, and shows nothing of all that.
      assert.deepEqual(await idsIn(client), stored);
      rmSync(files[flag]!);
      for (const id of ids) await store(id);
    }
    assert.deepEqual(await idsIn(client), stored);
    assert.equal((await client('GET', '/health/ready')).status, 200);
    assert.doesNotMatch(process.said(), / error \[\d+\] (?!StoreUnavailable)/);
    assert.equal(await server.stop(), 0);
    const file = new SqliteFile(database);
    assert.equal(file.value('PRAGMA integrity_check'), 'ok');
    assert.equal(file.value('SELECT count(*) FROM mq_entry'), stored.length);
    file.close();
  });
}

test('a file that somebody else has locked for long: reads go on, writes are refused, and are taken again', async () => {
  const database = join(openFolder(), 'bus.db');
  const server = await serve(database, { args: ['--busy-timeout', '1', '--retry-deadline', '1'] });
  assert.equal((await publish(server.client, 'urn:1')).status, 201);
  const other = new SqliteFile(database);
  other.run('BEGIN IMMEDIATE');
  assertUnavailable(await publish(server.client, 'urn:2'), server.process.said());
  assert.deepEqual(await idsIn(server.client), ['urn:1']);
  other.run('ROLLBACK');
  other.close();
  assert.equal((await publish(server.client, 'urn:2')).status, 201);
  assert.deepEqual(await idsIn(server.client), ['urn:1', 'urn:2']);
  assert.equal(await server.stop(), 0);
});

/** What of the files beside the database somebody removes while servers have them open. */
for (const ends of [['-wal'], ['-wal', '-shm']]) {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    test(`${ends.join(' and ')} removed under two servers, which end by ${signal}: nothing is lost`, async () => {
      const database = join(openFolder(), 'bus.db');
      let servers = [await serve(database), await serve(database)];
      const acknowledged: string[] = [];
      let next = 0;
      const some = async (count: number) => {
        for (let n = 0; n < count; n += 1) {
          next += 1;
          const id = `urn:${next}`;
          await until(async () => (await publish(servers[next % 2]!.client, id)).status === 201);
          acknowledged.push(id);
        }
      };
      await some(10);
      for (const end of ends) rmSync(database + end);
      await some(11);
      assert.ok(existsSync(`${database}-wal`), 'there is a log again');
      for (const server of servers) {
        assert.match(server.process.said(), /write-ahead log/, 'it is said');
        assert.deepEqual(await idsIn(server.client), acknowledged);
      }
      for (const server of servers) await server.stop(signal);
      servers = [await serve(database), await serve(database)];
      await some(3);
      for (const server of servers) assert.deepEqual(await idsIn(server.client), acknowledged);
      for (const server of servers) await server.stop();
      const file = new SqliteFile(database);
      assert.equal(file.value('PRAGMA integrity_check'), 'ok');
      file.close();
    });
  }
}
