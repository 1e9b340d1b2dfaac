/** Connections: TLS, limits of time, packages that are missing. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import pg from 'pg';
import { openDatabase } from '../../src/store/dialect.js';
import { StoreUnavailable } from '../../src/store/store.js';
import { openFolder } from '../doors/children.js';
import { databases, lackingFor } from './databases.js';
import { append, entry, idsOf, OPTIONS, openStore } from './stores.js';

/** How a name asks for TLS with the certificates of a file, and for a server that is who it says. */
const TLS: Record<string, { authority: (file: string) => string; inUse: string }> = {
  PostgreSQL: {
    authority: (file) => `?sslmode=verify-full&sslrootcert=${file}`,
    inUse: 'SELECT ssl::int AS used FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
  },
  MariaDB: {
    authority: (file) => `?mysql_ssl_ca_file=${file}`,
    inUse: `SELECT variable_value <> '' AS used FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'`,
  },
};

for (const kind of databases.filter(({ server }) => server !== undefined)) {
  const skip = lackingFor(kind);

  test(`${kind.name}: TLS with an authority of one's own`, { skip }, async (t) => {
    const { authority, inUse } = TLS[kind.name]!;
    const name = (await kind.create()).replace('127.0.0.1', 'localhost');
    const { certificate } = await kind.server!();
    const { store, database } = await openStore(name + authority(certificate));
    t.after(() => store.close());
    const answer = await database.writer.raw(inUse);
    assert.equal((answer.rows ?? answer[0])[0].used, 1);
    // Another authority: this one's certificate is not signed by it.
    const other = join(openFolder(), 'other.pem');
    writeFileSync(other, rootCertificates[0]!);
    await assert.rejects(openStore(name + authority(other)), /certificate/i);
  });

  test(`${kind.name}: what takes too long is given up, and the next is answered`, { skip }, async (t) => {
    const { store, database } = await openStore(await kind.create(), { queryTimeout: 1, poolSize: 2 });
    t.after(() => store.close());
    await store.append([append('f', [entry('urn:1')])]);
    const slow = await database.writer.transaction();
    await slow('mq_feed').where({ name: 'f' }).forUpdate();
    const impatient = append('f', [entry('urn:2')]);
    // Either the server says that it waited for too long, or the one that holds the lock is cut off first.
    const result = await store.append([impatient]).catch((error: unknown) => error);
    if (result instanceof Error) assert.ok(result instanceof StoreUnavailable);
    await slow.rollback().catch(() => {});
    await store.append([impatient]);
    assert.deepEqual(await idsOf(store, 'f'), ['urn:1', 'urn:2']);
  });

  test(`${kind.name}: a server that hangs is away, and is told so in one line`, { skip }, async (t) => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const { port } = silent.address() as { port: number };
    const name = (await kind.create()).replace(/:\d+\//, `:${port}/`);
    await assert.rejects(openStore(name, { connectTimeout: 1 }), /time/i);
  });
}

const [postgres] = databases.filter(({ name }) => name === 'PostgreSQL');
if (postgres !== undefined) {
  test('PostgreSQL: a database that cannot hold all characters is refused', {
    skip: lackingFor(postgres),
  }, async () => {
    const name = await postgres.create();
    const client = new pg.Client(name);
    await client.connect();
    await client.query(`CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc`);
    await client.end();
    await assert.rejects(
      openStore(name.replace(/[^/]*$/, 'latin')),
      /encoding LATIN1; AtomMQ needs one made with UTF8/,
    );
  });

  test('PostgreSQL: a connection to what has become a standby is given up', {
    skip: lackingFor(postgres),
  }, async (t) => {
    const { store, database } = await openStore(await postgres.create());
    t.after(() => store.close());
    await store.append([append('f', [entry('urn:1')])]);
    // Each connection that there is says that it is read-only; new ones are not.
    await Promise.all(Array.from({ length: 6 }, () => database.writer.raw(`SET default_transaction_read_only = on`)));
    const refused = await store.append([append('f', [entry('urn:2')])]).catch((error: unknown) => error);
    assert.ok(refused instanceof StoreUnavailable);
    for (let tries = 0; tries < 10; tries += 1) {
      const result = await store.append([append('f', [entry('urn:3')])]).catch((error: unknown) => error);
      if (!(result instanceof Error)) break;
    }
    assert.deepEqual(await idsOf(store, 'f'), ['urn:1', 'urn:3']);
  });
}

test('a package that is missing is named, with what installs it', async () => {
  await assert.rejects(
    openDatabase({ client: 'mssql', connection: {} }, OPTIONS),
    /^Error: SQL Server needs the package tedious, which is not installed: npm install tedious$/,
  );
});
