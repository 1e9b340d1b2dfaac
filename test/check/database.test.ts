/** What `atommq check` says of databases: settings that lose what was acknowledged, places, versions, clocks, and gaps. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { schemaRemark } from '../../src/check/database.js';
import { faultsOf } from '../../src/check/order.js';
import { fileSystem, inspectPlace, space } from '../../src/check/place.js';
import { judged } from '../../src/store/clock.js';
import { SCHEMA_VERSION } from '../../src/store/schema.js';
import { journal, synchronous } from '../../src/store/sqlite-inspect.js';
import { databases, eachDatabase, lackingFor } from '../store/databases.js';
import { atommq } from '../transfer/command.js';
import { fill, withTables } from './bus.js';
import { checked, named, said } from './run.js';

/** The servers of these tests are not set up to outlive a power cut, and are said to be so. */
const EXPECTED: Record<string, string[]> = { PostgreSQL: ['fsync'], MariaDB: ['durability'] };

eachDatabase((kind) => {
  test('one with entries in it', async () => {
    const database = await kind.create();
    await fill(database);
    const remarks = await checked({ database });
    assert.deepEqual(named(remarks, 'problem'), EXPECTED[kind.name] ?? [], JSON.stringify(remarks, null, 1));
    assert.match(said(remarks, 'database', 'ok'), /^(SQLite|PostgreSQL|MariaDB) \d+\.\d+/);
    assert.match(said(remarks, 'integrity', 'ok'), /^2 feeds have positions without gaps, and \d\d entries/);
    assert.match(said(remarks, 'schema', 'ok'), new RegExp(`^schema version ${SCHEMA_VERSION} `));
  });

  test('a gap, and an entry that is not as it was', async () => {
    const database = await kind.create();
    await fill(database);
    await withTables(database, async ({ writer }) => {
      const [{ feed_id }] = await writer('mq_feed').where({ name: 'full' }).select('feed_id');
      await writer('mq_entry').where({ feed_id, position: 30 }).delete();
      await writer('mq_entry')
        .where({ feed_id, position: 10 })
        .update({ xml: writer.raw(`replace(xml, 'n8 ', 'n9 ')`) });
    });
    const found = said(await checked({ database }), 'integrity');
    assert.match(found, /^full: positions 7 to 52 should be there; there are 45, from 7 to 52 \| atommq verify full/m);
    assert.match(found, /^full, position 10 \(urn:uuid:[^)]*\): its XML is not what its digest says/m);
  });

  test('one without tables, one of another version', async () => {
    const database = await kind.create();
    const isFile = kind.server === undefined;
    const before = await checked({ database });
    if (isFile) assert.match(said(before, 'database'), /there is no database .* \| atommq migrate/);
    else assert.match(said(before, 'schema'), /no tables of AtomMQ \| atommq migrate/);
    if (isFile) assert.equal(existsSync(database.replace(/^better-sqlite3:/, '')), false);
    assert.equal(atommq(['migrate'], { ATOMMQ_DATABASE: database }).status, 0);
    assert.deepEqual(named(await checked({ database }), 'problem'), EXPECTED[kind.name] ?? []);
    await withTables(database, ({ writer }) => writer('mq_meta').where({ name: 'schema' }).update({ value: '2' }));
    assert.match(
      said(await checked({ database }), 'schema'),
      /schema version 2; this program knows .* \| atommq migrate/,
    );
    await withTables(database, ({ writer }) => writer('mq_meta').where({ name: 'schema' }).update({ value: '99' }));
    assert.match(JSON.stringify(await checked({ database })), /schema version 99/);
  });
});

const postgres = databases.find(({ name }) => name === 'PostgreSQL');
test('PostgreSQL that does not wait for the disk', {
  skip: postgres === undefined || lackingFor(postgres),
}, async () => {
  const database = await postgres!.create();
  assert.equal(atommq(['migrate'], { ATOMMQ_DATABASE: database }).status, 0);
  const client = new pg.Client(database);
  await client.connect();
  try {
    const name = new URL(database).pathname.slice(1);
    await client.query(`ALTER DATABASE ${name} SET synchronous_commit = off`);
    await client.query('ALTER SYSTEM SET full_page_writes = off');
    await client.query('SELECT pg_reload_conf()');
    for (let tries = 0; tries < 200; tries += 1) {
      const { rows } = await client.query('SHOW full_page_writes');
      if (rows[0].full_page_writes === 'off') break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const remarks = await checked({ database });
    // Our sessions turn it on; programs that append by themselves have what the server says.
    assert.match(said(remarks, 'durability', 'warning'), /on for AtomMQ, which sets it, and off for programs/);
    assert.match(said(remarks, 'full_page_writes'), /full_page_writes is off.* \| Set full_page_writes = on/);
    assert.match(said(remarks, 'fsync'), /fsync is off/);
  } finally {
    await client.query('ALTER SYSTEM RESET full_page_writes');
    await client.query('SELECT pg_reload_conf()');
    await client.end();
  }
});

const mariadb = databases.find(({ name }) => name === 'MariaDB');
test('MariaDB that does not wait for the disk, and one that does', {
  skip: mariadb === undefined || lackingFor(mariadb),
}, async () => {
  const database = await mariadb!.create();
  assert.equal(atommq(['migrate'], { ATOMMQ_DATABASE: database }).status, 0);
  const client = await mysql.createConnection(database);
  try {
    assert.match(
      said(await checked({ database }), 'durability'),
      /innodb_flush_log_at_trx_commit is 2: .* \| Set .* = 1/,
    );
    await client.query('SET GLOBAL innodb_flush_log_at_trx_commit = 1');
    const remarks = await checked({ database });
    assert.deepEqual(named(remarks, 'problem'), [], JSON.stringify(remarks, null, 1));
  } finally {
    await client.query('SET GLOBAL innodb_flush_log_at_trx_commit = 2');
    await client.end();
  }
});

test('a server that is not there', async () => {
  for (const database of ['postgres://u:secret@127.0.0.1:1/x', 'mysql://u:secret@127.0.0.1:1/x']) {
    const { status, stdout } = atommq(['check', '--json'], { ATOMMQ_DATABASE: database, ATOMMQ_PORT: '1' });
    assert.equal(status, 1);
    assert.match(stdout, /u:\*\*\*@127\.0\.0\.1:1\/x cannot be opened: .*ECONNREFUSED/);
    assert.doesNotMatch(stdout, /secret/);
  }
});

test('the places of files', async () => {
  const file = await databases[0]!.create();
  const level = (remarks: Awaited<ReturnType<typeof inspectPlace>>, name: string) =>
    remarks.find((remark) => remark.name === name)!.level;
  if (databases[0]!.server !== undefined) return;
  assert.equal(atommq(['migrate'], { ATOMMQ_DATABASE: file }).status, 0);
  const path = file.replace(/^better-sqlite3:/, '');
  assert.equal(level(await inspectPlace(path), 'permissions'), 'ok');
  chmodSync(path, 0o666);
  assert.equal(level(await inspectPlace(path), 'permissions'), 'warning');
  if (process.getuid?.() === 0) {
    writeFileSync(`${path}-shm`, '');
    chownSync(`${path}-shm`, 1, 1);
    assert.equal(level(await inspectPlace(path), 'owner'), 'problem');
  }
  assert.equal(fileSystem(0x6969).level, 'problem');
  assert.match(fileSystem(0xff534d42 | 0).text, /CIFS/);
  assert.match(fileSystem(0xfe534d42).text, /SMB 2/);
  assert.equal(fileSystem(0x01021994).level, 'warning');
  assert.equal(fileSystem(0x65735546).level, 'warning');
  assert.equal(fileSystem(0xef53).level, 'ok');
  assert.deepEqual(
    [5e10, 5e8, 5e7].map((bytes) => space(bytes, '/x').level),
    ['ok', 'warning', 'problem'],
  );
});

test('what is said of settings that no test can make', () => {
  assert.deepEqual(
    [0, 1, 2, 3].map((value) => synchronous(value).level),
    ['problem', 'problem', 'ok', 'ok'],
  );
  assert.match(synchronous(0).text, /^synchronous is OFF: a power cut/);
  assert.equal(journal('delete').level, 'problem');
  assert.equal(schemaRemark(SCHEMA_VERSION + 1).level, 'problem');
  assert.deepEqual(
    [900, 5000, -5000, 70_000].map((off) => judged(off, 0, 'its').level),
    ['ok', 'warning', 'warning', 'problem'],
  );
  assert.equal(judged(5000, 4500, 'its').level, 'ok');
});

test('what a reader got is compared with what there is', () => {
  const all = new Set(['a', 'b', 'c']);
  assert.deepEqual(faultsOf(['a', 'b', 'c'], ['a', 'b', 'c'], all), []);
  assert.deepEqual(faultsOf(['a', 'c'], ['a', 'b', 'c'], all), ['a reader missed 1']);
  assert.deepEqual(faultsOf(['a', 'b', 'b', 'c'], ['a', 'b', 'c'], all), ['a reader got 1 twice']);
  assert.deepEqual(faultsOf(['b', 'a', 'c'], ['a', 'b', 'c'], all), [
    'a reader got them in another order than they have',
  ]);
  assert.deepEqual(faultsOf(['a', 'b', 'c'], ['a', 'b'], all), ['1 were acknowledged and are not there']);
});

test('the command says each thing in a line, without colours where there is no terminal', async () => {
  const database = await databases[0]!.create();
  const run = (...words: string[]) => atommq(['check', ...words], { ATOMMQ_DATABASE: database, ATOMMQ_PORT: '1' });
  assert.equal(atommq(['migrate'], { ATOMMQ_DATABASE: database }).status, 0);
  const { status, stdout } = run();
  if (EXPECTED[databases[0]!.name] === undefined) assert.equal(status, 0, stdout);
  assert.match(stdout, /^ok {7}database: .* \d.*\n/);
  assert.match(
    stdout,
    /^warning {2}server: nothing answers at http:\/\/127\.0\.0\.1:1\/atommq \(ECONNREFUSED\)\n {9}Start it/m,
  );
  assert.match(stdout, /^\d+ ok, \d+ warnings, \d+ problems\n$/m);
  assert.equal(stdout.includes('\x1b'), false);
  assert.equal(run('--url', 'ftp://x/').status, 2);
  assert.equal(run('--wait', 'x').status, 2);
});
