/** Names of databases, as files, URLs and DBI names, and the hiding of passwords in them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BadValue } from '../../src/config/bad-value.js';
import { maskDatabase, parseDatabase } from '../../src/config/database.js';

const sqlite = (filename: string) => ({ client: 'sqlite3', connection: { filename } });
const pg = (connection: object) => ({ client: 'pg', connection });
const mysql = (connection: object) => ({ client: 'mysql2', connection });

const KNOWN: [string, object][] = [
  ['bus.db', sqlite('bus.db')],
  ['./a:b.db', sqlite('./a:b.db')],
  [':memory:', sqlite(':memory:')],
  ['sqlite:bus.db', sqlite('bus.db')],
  ['sqlite:///var/bus.db', sqlite('/var/bus.db')],
  ['dbi:SQLite:dbname=/x.db', sqlite('/x.db')],
  ['DBI:sqlite:database=/x.db', sqlite('/x.db')],
  ['dbi:SQLite:db=/x.db', sqlite('/x.db')],
  ['dbi:SQLite:/x.db', sqlite('/x.db')],
  ['dbi:SQLite(RaiseError=>1):dbname=x=y.db', sqlite('x=y.db')],
  ['dbi:Pg:dbname=bus', pg({ database: 'bus' })],
  [
    'dbi:Pg:dbname=bus;host=h;port=5433;sslmode=require',
    pg({ database: 'bus', host: 'h', port: 5433, ssl: { rejectUnauthorized: false } }),
  ],
  ['dbi:Pg:dbname=bus;sslmode=disable;', pg({ database: 'bus', ssl: false })],
  ['dbi:mysql:bus', mysql({ database: 'bus' })],
  [
    'dbi:mysql:database=bus;host=h;port=3307;mysql_socket=/s;mysql_enable_utf8=1',
    mysql({ database: 'bus', host: 'h', port: 3307, socketPath: '/s' }),
  ],
  ['dbi:MariaDB:database=bus;mariadb_socket=/s', mysql({ database: 'bus', socketPath: '/s' })],
  [
    'postgres://joe:p%40ss@h:5433/bus?sslmode=verify-full',
    pg({ host: 'h', user: 'joe', password: 'p@ss', database: 'bus', port: 5433, ssl: { rejectUnauthorized: true } }),
  ],
  ['postgresql://[::1]/bus', pg({ host: '::1', database: 'bus' })],
  ['postgres://%2Frun%2Fpg/bus', pg({ host: '/run/pg', database: 'bus' })],
  ['mariadb://h/bus', mysql({ host: 'h', database: 'bus' })],
  ['better-sqlite3:bus.db', { client: 'better-sqlite3', connection: { filename: 'bus.db' } }],
  ['better-sqlite3:///var/bus.db', { client: 'better-sqlite3', connection: { filename: '/var/bus.db' } }],
  [
    'cockroachdb://joe@h:26257/bus',
    { client: 'cockroachdb', connection: { host: 'h', user: 'joe', database: 'bus', port: 26257 } },
  ],
  ['yugabytedb://h/bus', { client: 'cockroachdb', connection: { host: 'h', database: 'bus' } }],
  [
    'mssql://sa:pw@h/bus',
    { client: 'mssql', connection: { server: 'h', user: 'sa', password: 'pw', database: 'bus' } },
  ],
  [
    'oracledb://joe:pw@h/pdb',
    { client: 'oracledb', connection: { user: 'joe', password: 'pw', connectString: 'h:1521/pdb' } },
  ],
  ['mysql://h/bus?mysql_connect_timeout=3', mysql({ host: 'h', database: 'bus', connectTimeout: 3000 })],
];

for (const [name, settings] of KNOWN) test(name, () => assert.deepEqual(parseDatabase(name), settings));

const REFUSED: [string, RegExp][] = [
  ['sqlite:', /names no file/],
  ['dbi:SQLite:', /names no file/],
  ['dbi:Oracle:x', /unknown DBI driver "Oracle"/],
  ['dbi:constructor:x', /unknown DBI driver/],
  ['dbi:SQLite:dbname=x;host=h', /unknown DBI parameter "host"/],
  ['dbi:Pg:dbname=x;__proto__=h', /unknown DBI parameter "__proto__"/],
  ['dbi:Pg:dbname=x;port=many', /has the port "many"/],
  ['dbi:Pg:dbname=x;sslmode=maybe', /sslmode "maybe"/],
  ['better-sqlite3:', /names no file/],
  ['postgres://h/x?sslrootcert=/nowhere', /certificates "\/nowhere", which cannot be read \(ENOENT\)/],
  ['postgres://h/x?sslmode=disable&sslrootcert=/dev/null', /wants no TLS/],
  ['oracle://h/x', /unknown scheme oracle/],
  ['postgres://h/x?sslmod=require', /unknown URL parameter "sslmod"/],
  ['postgres://h:port/x', /is not a URL/],
  ['postgres://joe:%zz@h/x', /is not a URL/],
];

for (const [name, message] of REFUSED) {
  test(`not ${name}`, () => {
    assert.throws(
      () => parseDatabase(name),
      (error: Error) => error instanceof BadValue && message.test(error.message),
    );
  });
}

test('verify-ca looks at the authority and not at the name', () => {
  const { ssl } = parseDatabase('dbi:Pg:dbname=x;sslmode=verify-ca').connection as {
    ssl: { rejectUnauthorized: boolean; checkServerIdentity: () => unknown };
  };
  assert.equal(ssl.rejectUnauthorized, true);
  assert.equal(ssl.checkServerIdentity(), undefined);
});

test('user and password beside the name count; SQLite has none', () => {
  assert.deepEqual(parseDatabase('dbi:Pg:dbname=x', 'joe', 'pw'), pg({ database: 'x', user: 'joe', password: 'pw' }));
  assert.deepEqual(parseDatabase('dbi:SQLite:x', 'joe', 'pw'), sqlite('x'));
});

test('passwords are hidden', () => {
  for (const name of [
    'postgres://joe:s3cret@h/x',
    'mysql://joe:s3cret@x@h/x',
    'dbi:Pg:dbname=x;password=s3cret;host=h',
  ]) {
    assert.doesNotMatch(maskDatabase(name), /s3cret/);
    assert.match(maskDatabase(name), /\*\*\*/);
  }
  assert.equal(maskDatabase('postgres://joe@h/x'), 'postgres://joe@h/x');
});
