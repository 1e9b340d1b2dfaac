/** Migrations: from an old version with rows in it, from what a crash left, never back, and told before they are done. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readMarks } from '../../src/store/migrate.js';
import { MIGRATIONS, metaTable, SCHEMA_VERSION } from '../../src/store/schema.js';
import { PATH, root } from '../doors/children.js';
import { eachDatabase } from './databases.js';
import { append, entry, idsOf, openStore, readAll } from './stores.js';

const command = join(root, 'bin/atommq');

function atommq(database: string, ...argv: string[]) {
  const env = { PATH, ATOMMQ_DATABASE: database };
  const { status, stdout, stderr } = spawnSync(command, argv, { env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

eachDatabase((kind) => {
  /** A database as the first version left it. */
  async function versionOne(): Promise<string> {
    const name = await kind.create();
    const { database } = await openStore(name, { asIs: true });
    const { writer, dialect } = database;
    await metaTable(writer.schema, dialect.columns);
    await MIGRATIONS[0]!(writer.schema, dialect.columns);
    await writer('mq_meta').insert({ name: 'schema', value: '1' });
    await writer('mq_feed').insert({ name: 'é', atom_id: 'urn:f', head: 2, created_at: 1 });
    const [{ feed_id }] = await writer('mq_feed').select('feed_id');
    for (const position of [1, 2]) {
      const { key, atomId, xml, digest } = entry(`urn:${position}`);
      const row = { feed_id, position, entry_key: key, atom_id: atomId, digest, xml, size: Buffer.byteLength(xml) };
      await writer('mq_entry').insert({ ...row, published_at: position, edited_at: position, has_author: 0 });
    }
    await database.close();
    return name;
  }

  test('from the first version, with rows', async (t) => {
    const { store } = await openStore(await versionOne());
    t.after(() => store.close());
    const feed = await store.feed('é');
    const held = await readAll(store, 'é');
    assert.deepEqual([feed!.head, feed!.floor], [2, 0]);
    assert.equal(
      feed!.bytes,
      held.reduce((sum, { xml }) => sum + Buffer.byteLength(xml), 0),
    );
    await store.append([append('é', [entry('urn:3')])]);
    assert.deepEqual(await idsOf(store, 'é'), ['urn:1', 'urn:2', 'urn:3']);
  });

  test('from what a crash left of a step', async () => {
    const name = await versionOne();
    const { database } = await openStore(name, { asIs: true });
    // Where a crash undoes the step, there is nothing to be left.
    if (!database.dialect.transactionalDdl) {
      const step = MIGRATIONS[1]!(database.writer.schema, database.dialect.columns);
      const statements = step.toSQL() as unknown as { sql: string; bindings: string[] }[];
      for (const { sql, bindings } of statements.slice(0, 5)) await database.writer.raw(sql, bindings);
    }
    await database.close();
    const { store } = await openStore(name);
    assert.deepEqual(await idsOf(store, 'é'), ['urn:1', 'urn:2']);
    await store.close();
  });

  test('a process that is killed amid it leaves no lock behind', async () => {
    const name = await versionOne();
    for (let kill = 0; kill < 4; kill += 1) {
      const child = spawn(command, ['migrate'], { env: { PATH, ATOMMQ_DATABASE: name }, stdio: 'ignore' });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await Promise.race([sleep(250 + Math.random() * 250), ended]);
      child.kill('SIGKILL');
      await ended;
    }
    const { store } = await openStore(name);
    assert.deepEqual(await idsOf(store, 'é'), ['urn:1', 'urn:2']);
    await store.close();
  });

  test('ten processes at once', async () => {
    const name = await versionOne();
    const children = Array.from({ length: 10 }, () =>
      spawn(command, ['migrate'], { env: { PATH, ATOMMQ_DATABASE: name }, stdio: ['ignore', 'ignore', 'inherit'] }),
    );
    const codes = await Promise.all(children.map((child) => new Promise((resolve) => child.once('exit', resolve))));
    assert.deepEqual(codes, Array(10).fill(0));
    const { store } = await openStore(name);
    assert.deepEqual(await idsOf(store, 'é'), ['urn:1', 'urn:2']);
    await store.close();
  });

  test('a newer database is refused and left as it is', async () => {
    const name = await kind.create();
    const { store, database } = await openStore(name);
    await database.writer('mq_meta').where({ name: 'schema' }).update({ value: '99' });
    await assert.rejects(openStore(name), /schema version 99; this AtomMQ knows \d+ and less/);
    assert.equal((await readMarks(database.writer)).version, 99);
    const { status, stderr } = atommq(name, 'migrate');
    assert.equal(status, 1);
    assert.match(stderr, /^atommq: .* has schema version 99; this AtomMQ knows \d+ and less\.\n$/);
    await store.close();
  });

  test('--dry-run prints the SQL and changes nothing', async () => {
    const empty = await kind.create();
    const whole = atommq(empty, 'migrate', '--dry-run');
    assert.equal(whole.status, 0, whole.stderr);
    assert.match(whole.stdout, /create table .mq_feed.[\s\S]*create table .mq_lease.[\s\S]*mq_append/i);
    if (kind.name === 'SQLite') assert.equal(existsSync(empty), false);
    const old = await versionOne();
    const rest = atommq(old, 'migrate', '--dry-run').stdout;
    assert.match(rest, /alter table .mq_feed. add/i);
    assert.doesNotMatch(rest, /create table .mq_feed./i);
    assert.equal(atommq(old, 'migrate').stdout.includes(`schema version ${SCHEMA_VERSION}, from 1`), true);
    assert.equal(atommq(old, 'migrate').stdout.includes('there was nothing to do'), true);
    assert.equal(atommq(old, 'migrate', '--dry-run').stdout, '');
  });
});
