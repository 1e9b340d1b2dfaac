/** Database servers whose disk is full for a while: clear refusals, reading goes on, nothing is lost, back by itself. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import mysql from 'mysql2/promise';
import { openFolder } from '../doors/children.js';
import type { Answer } from '../fixture.js';
import { endAll } from '../server.js';
import { type DatabaseServer, databases, lackingFor, startMariadb, startPostgres } from '../store/databases.js';
import { comeBack } from './fleet.js';
import { assertUnavailable, idsIn, publish, serve, until } from './serve.js';

const MIB = 1024 * 1024;
/** Of a disk, in MiB. */
const SIZE = 200;
/** By database: how large entries are, and a server with its files in a folder. MariaDB keeps large ones apart, and ends over them. */
const ON_DISK: Record<string, { bytes: number; start(folder: string): Promise<DatabaseServer> }> = {
  PostgreSQL: {
    bytes: 60_000,
    start: (folder) => startPostgres(['fsync=off', 'max_wal_size=32MB', 'min_wal_size=32MB'], folder),
  },
  MariaDB: {
    bytes: 2000,
    start: (folder) => startMariadb(['--innodb-log-file-size=8M', '--innodb-use-native-aio=0'], folder),
  },
};

/** Disks of memory, which are small and quick to fill; they go when the tests have ended. */
const mounted: string[] = [];
after(() => {
  for (const folder of mounted) spawnSync('umount', ['-l', folder]);
});
after(endAll);

/** Why there is no such disk, as a `skip`. */
function lackingMount(): string | false {
  if (process.platform === 'linux' && process.getuid?.() === 0) {
    const folder = openFolder();
    const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
    if (isMounted && spawnSync('umount', [folder]).status === 0) return false;
  }
  return 'mounting a small disk takes the rights of root';
}

/** A disk of so many MiB, and what fills it to the last byte and makes room again. */
function smallDisk(size: number): { folder: string; fill(): void; free(): void } {
  const folder = join(openFolder(), 'disk');
  mkdirSync(folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}m`, 'tmpfs', folder]);
  mounted.push(folder);
  chmodSync(folder, 0o777);
  const filler = join(folder, 'filler');
  return {
    folder,
    fill: () => {
      const file = openSync(filler, 'w');
      for (let length = MIB; length >= 512; length /= 2) while (wrote(file, length));
      closeSync(file);
    },
    free: () => rmSync(filler),
  };
}

function wrote(file: number, length: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(length)) > 0;
  } catch {
    return false;
  }
}

for (const kind of databases.filter(({ name }) => ON_DISK[name] !== undefined)) {
  const skip = lackingFor(kind) || lackingMount();
  test(`the disk of ${kind.name} is full for a while`, { skip, timeout: 300_000 }, async (t) => {
    const { bytes: most, start } = ON_DISK[kind.name]!;
    const disk = smallDisk(SIZE);
    const dbms = await start(disk.folder);
    try {
      const server = await serve(await databaseAt(kind.name, dbms), {
        args: ['--retry-deadline', '1', '--page-size', '1000', '--connect-timeout', '2'],
      });
      const { client, process: own } = server;
      const acknowledged: string[] = [];
      const unknown: string[] = [];
      let next = 0;
      /** An entry that no compression makes small, so that it takes room. */
      const store = async (bytes = most): Promise<Answer> => {
        next += 1;
        const id = `urn:${next}`;
        const text = randomBytes(bytes).toString('base64');
        const answer = await client('POST', '/feed=a', { body: `<entry><id>${id}</id><title>${text}</title></entry>` });
        if (answer.status === 201) acknowledged.push(id);
        else {
          unknown.push(id);
          assertUnavailable(answer, own.said());
        }
        return answer;
      };
      for (let n = 0; n < 20; n += 1) assert.equal((await store(100)).status, 201);
      for (let round = 0; round < 2; round += 1) {
        disk.fill();
        // What the server has set aside for itself is used up first.
        await until(
          async () => (await store()).status === 503,
          () => 'it is still taken',
        );
        for (let n = 0; n < 5; n += 1) await store();
        const headers = { 'content-type': 'image/png' };
        const media = await client('POST', '/feed=media', { body: randomBytes(MIB), headers });
        assertUnavailable(media, own.said());
        const read = await client('GET', '/feed=a?page_size=10');
        if (isThere(dbms)) assert.equal(read.status, 200, `reading goes on: ${read.body}`);
        else if (read.status !== 200) assertUnavailable(read, own.said());
        assert.equal((await client('GET', '/health/live')).status, 200);
        disk.free();
        // MariaDB ends itself where it finds no room to roll a large entry back; whoever watches over it starts it again.
        if (!isThere(dbms)) await comeBack(dbms);
        await until(
          async () => (await store(100)).status === 201,
          () => `it is not back: ${own.said()}`,
        );
        for (let n = 0; n < 5; n += 1) assert.equal((await store()).status, 201);
        assert.equal((await client('GET', '/health/ready')).status, 200);
      }
      const ids = await idsIn(client);
      assert.deepEqual(
        ids.filter((id) => !unknown.includes(id)),
        acknowledged,
        'what was acknowledged is there, once and in order',
      );
      assert.equal(new Set(ids).size, ids.length);
      // What was refused can be sent again, stored or not.
      for (const id of unknown) if (!ids.includes(id)) assert.equal((await publish(client, id)).status, 201);
      assert.match(own.said(), /StoreUnavailable: The database does not answer: .*(No space left on device|full)/);
      assert.doesNotMatch(own.said(), /TypeError|ReferenceError|uncaught/i);
      t.diagnostic(`${acknowledged.length} acknowledged, ${unknown.length} refused`);
      assert.equal(await server.stop(), 0);
    } finally {
      await dbms.stop();
    }
  });
}

function isThere(server: DatabaseServer): boolean {
  try {
    return process.kill(server.pid(), 0);
  } catch {
    return false;
  }
}

/** An empty database of a server, as `--database` takes it. */
async function databaseAt(name: string, { port }: DatabaseServer): Promise<string> {
  if (name === 'PostgreSQL') return `postgres://atommq@127.0.0.1:${port}/postgres`;
  const client = await mysql.createConnection({ host: '127.0.0.1', port, user: 'root' });
  await client.query('CREATE DATABASE bus');
  await client.end();
  return `mysql://root@127.0.0.1:${port}/bus`;
}
