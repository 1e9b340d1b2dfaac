/** Configuration files: ours and those of the two Perl programs, verbatim; and what is said of mistakes in them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError, resolveSettings } from '../../src/config.js';
import { temporaryFolder } from '../fixture.js';

const path = join(temporaryFolder(), 'config.yml');

function read(text: string) {
  writeFileSync(path, text);
  return resolveSettings({ file: path });
}

test('the file of AtomMQ 1.x, verbatim', () => {
  const { settings, sources } = read(`logger: file
log: errors
page_size: 100
plugins:
  DBIC:
    atommq:
      schema_class: "AtomMQ::Schema"
      dsn: "dbi:SQLite:dbname=/var/local/atommq/atommq.db"
      user: joe
      password: momma
`);
  assert.deepEqual(settings.database, { client: 'sqlite3', connection: { filename: '/var/local/atommq/atommq.db' } });
  assert.deepEqual([settings.logger, settings.log, settings.pageSize], ['file', 'error', 100]);
  assert.deepEqual([sources.database, sources.password], [`${path}:8`, `${path}:10`]);
});

test('the file of AtomBus, verbatim, in a Dancer application’s', () => {
  const { settings } = read(`appname: "Bus"
apphandler: PSGI
charset: "UTF-8"
layout: "main"
template: "simple"
warnings: 1
show_errors: 1
auto_page: 0
engines:
  xslate:
    cache: 1
atombus:
    page_size: 1000
    db:
        dsn: dbi:Pg:dbname=atombus;host=db;port=5433
        user: joe
        pass: momma
`);
  assert.equal(settings.pageSize, 1000);
  assert.deepEqual(settings.database, {
    client: 'pg',
    connection: { database: 'atombus', host: 'db', port: 5433, user: 'joe', password: 'momma' },
  });
});

test('scalars count as they are written', () => {
  const { settings } = read(
    'socket_mode: 0o660\npassword: 0123\ntitle: 1.50\nhost: &h 10.0.0.1\ntrusted_proxies: [*h, ::1]\n',
  );
  assert.deepEqual(
    [settings.socketMode, settings.password, settings.title, settings.trustedProxies],
    [0o660, '0123', '1.50', ['10.0.0.1', '::1']],
  );
});

test('a key with nothing behind it is not set', () => {
  const { sources } = read('password:\nuser: ~\npage_size: null\nplugins:\n');
  assert.deepEqual([sources.password, sources.user, sources.pageSize], ['default', 'default', 'default']);
});

test('an empty file is a file', () => {
  assert.equal(read('').settings.port, 8080);
  assert.equal(read('---\n# nothing\n').settings.port, 8080);
});

const MISTAKES: [string, string, RegExp][] = [
  ['an unknown key', 'host: a\n\npage_sise: 3\n', /:3: unknown key "page_sise"; .* page_size$/],
  ['one in the plugin', 'plugins:\n  DBIC:\n    atommq:\n      dns: x\n', /:4: unknown key "dns"; .* dsn$/],
  ['one in atombus', 'atombus:\n  pagesize: 3\n', /:2: unknown key "pagesize"; .* page_size$/],
  ['an inherited name', 'constructor: 1\n', /:1: unknown key "constructor"/],
  ['a bad value', 'host: a\nport: many\n', /:2: port "many" must be a whole number from 0 to 65535$/],
  ['a list for a number', 'port: [1, 2]\n', /:1: port \["1","2"\] must be/],
  ['a map for a text', 'title: {a: b}\n', /:1: title .* must be a text$/],
  [
    'the same thing twice',
    'database: a\nplugins:\n  DBIC:\n    atommq:\n      dsn: b\n',
    /:5: database is there already/,
  ],
  ['the same key twice', 'port: 1\nport: 2\n', /:2: Map keys must be unique$/],
  ['a tab', 'host: a\n\tport: 1\n', /:2: /],
  ['a list', '- a\n', /:1: keys and values are needed here$/],
  ['a text', 'hello\n', /:1: keys and values are needed here$/],
  ['a section that is a text', 'host: a\nplugins: x\n', /:2: keys and values are needed here$/],
];

for (const [what, text, message] of MISTAKES) {
  test(`${what} is named with its line`, () => {
    assert.throws(
      () => read(text),
      (error: Error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(path));
        return !error.message.includes('\n');
      },
    );
  });
}

test('neither a password nor that of a database’s name is quoted', () => {
  for (const text of ['password: [hunter2]\n', 'database: oracle://joe:hunter2@h/x\n']) {
    assert.throws(
      () => read(text),
      (error: Error) => error instanceof ConfigError && !error.message.includes('hunter2'),
    );
  }
});

test('a file that is not there', () => {
  assert.throws(
    () => resolveSettings({ file: '/nope/config.yml' }),
    /^Error: \/nope\/config.yml: cannot be read \(ENOENT\)$|ENOENT/,
  );
});
