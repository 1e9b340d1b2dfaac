/** Database servers that are killed, paused, restarted or read-only: clear refusals meanwhile, and back by ourselves. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { endAll } from '../server.js';
import { databases, lackingFor } from '../store/databases.js';
import { childrenOf, comeBack } from './fleet.js';
import { assertUnavailable, idsIn, publish, type Serving, serve, until } from './serve.js';

after(endAll);
/** Short times, so that a test of a hang does not last. */
const ARGS = ['--connect-timeout', '1', '--query-timeout', '1', '--retry-deadline', '1', '--page-size', '1000'];

/** Makes a database read-only, as an administrator or a failover does, or lets it be written again. */
async function setReadOnly(name: string, database: string, on: boolean): Promise<void> {
  if (name === 'PostgreSQL') {
    const client = new pg.Client(database);
    await client.connect();
    await client.query('SET default_transaction_read_only = off');
    await client.query(
      `ALTER DATABASE ${new URL(database).pathname.slice(1)} SET default_transaction_read_only = ${on}`,
    );
    // Sessions that are there keep what they began with.
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
    );
    await client.end();
    return;
  }
  const client = await mysql.createConnection(database);
  await client.query(`SET GLOBAL read_only = ${on ? 1 : 0}`);
  await client.end();
}

for (const kind of databases.filter(({ server }) => server !== undefined)) {
  test(`${kind.name} is killed, restarted, paused and read-only`, { skip: lackingFor(kind) }, async (t) => {
    const database = await kind.create();
    const dbms = await kind.server!();
    const user = kind.name === 'MariaDB' ? await ordinaryUser(database) : database;
    const server = await serve(user, { args: ARGS });
    const { client, process: own } = server;
    const acknowledged: string[] = [];
    const unknown = new Set<string>();
    let next = 0;
    const works = async () => {
      next += 1;
      const id = `urn:${next}`;
      const answer = await publish(client, id);
      if (answer.status === 201) acknowledged.push(id);
      else {
        unknown.add(id);
        assertUnavailable(answer, own.said());
      }
      return answer.status === 201;
    };
    const away = async (what: string) => {
      await until(
        async () => !(await works()),
        () => `${what}: it is still taken`,
      );
      const answers = await Promise.all([
        client('GET', '/feed=a'),
        client('GET', '/'),
        client('GET', '/health/ready'),
        publish(client, 'urn:never'),
      ]);
      for (const answer of answers) assertUnavailable(answer, `${what}\n${own.said()}`);
      assert.equal((await client('GET', '/health/live')).status, 200);
    };
    const back = async (what: string) => {
      await until(works, () => `${what}: ${own.said()}`);
      assert.equal((await client('GET', '/health/ready')).status, 200);
      for (let n = 0; n < 5; n += 1) assert.ok(await works(), what);
    };
    await back('start');
    for (const signal of ['SIGKILL', undefined] as const) {
      await dbms.stop(signal);
      await away(signal ?? 'stopped');
      await comeBack(dbms);
      await back(signal ?? 'stopped');
    }
    process.kill(dbms.pid(), 'SIGSTOP');
    const children = childrenOf(dbms.pid());
    for (const pid of children) process.kill(pid, 'SIGSTOP');
    try {
      await away('paused');
    } finally {
      for (const pid of [...children, dbms.pid()]) process.kill(pid, 'SIGCONT');
    }
    await back('paused');
    await setReadOnly(kind.name, database, true);
    await until(
      async () => !(await works()),
      () => 'read-only: it is still taken',
    );
    for (let n = 0; n < 3; n += 1) assert.equal(await works(), false);
    assert.equal((await client('GET', '/feed=a')).status, 200);
    await setReadOnly(kind.name, database, false);
    await back('read-only');
    const ids = await idsIn(client);
    assert.equal(new Set(ids).size, ids.length, 'an entry is there twice');
    assert.deepEqual(
      ids.filter((id) => acknowledged.includes(id)),
      acknowledged,
    );
    assert.deepEqual(
      ids.filter((id) => !acknowledged.includes(id) && !unknown.has(id) && id !== 'urn:never'),
      [],
    );
    await end(server);
    t.diagnostic(
      `${acknowledged.length} acknowledged, ${unknown.size} refused, of which ${ids.length - acknowledged.length} were stored`,
    );
  });
}

async function end(server: Serving): Promise<void> {
  assert.doesNotMatch(server.process.said(), /TypeError|ReferenceError|uncaught/i);
  assert.equal(await server.stop(), 0);
}

/** `read_only` binds those who may not do everything. */
async function ordinaryUser(database: string): Promise<string> {
  const client = await mysql.createConnection(database);
  await client.query(`CREATE USER IF NOT EXISTS ordinary@'%'`);
  await client.query(`GRANT ALL ON *.* TO ordinary@'%'`);
  await client.query(`REVOKE SUPER, READ_ONLY ADMIN ON *.* FROM ordinary@'%'`);
  await client.end();
  return database.replace('root@', 'ordinary@');
}
