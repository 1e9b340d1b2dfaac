/** The configuration: its four sources, the files of the Perl programs, and what is said of mistakes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseDatabase } from '../../src/config/database.js';
import { OPTIONS } from '../../src/config/options.js';
import { ConfigError, resolveSettings } from '../../src/config.js';
import { temporaryFolder } from '../fixture.js';

const BIN = fileURLToPath(new URL('../../../bin/atommq', import.meta.url));
const folder = temporaryFolder();

function file(text: string): string {
  const path = join(folder, 'c.yml');
  writeFileSync(path, text);
  return path;
}

test('the later source wins', () => {
  const config = file('port: 1\nhost: a\npage_size: 10\nworkers: 2\n');
  const { settings, sources } = resolveSettings({
    env: { ATOMMQ_HOST: 'b', ATOMMQ_PAGE_SIZE: '20', ATOMMQ_WORKERS: '3' },
    flags: { config, 'page-size': '30', workers: '4' },
    set: { workers: 5 },
  });
  assert.deepEqual([settings.port, settings.host, settings.pageSize, settings.workers], [1, 'b', 30, 5]);
  assert.deepEqual(
    [sources.port, sources.host, sources.pageSize, sources.workers, sources.mount],
    [`${config}:1`, 'ATOMMQ_HOST', '--page-size', 'set', 'default'],
  );
});

test('the file of AtomMQ 1.x works as it is', () => {
  const config = file(`logger: file
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
  const { settings } = resolveSettings({ flags: { config } });
  assert.deepEqual(settings.database, {
    client: 'sqlite3',
    connection: { filename: '/var/local/atommq/atommq.db' },
  });
  assert.deepEqual([settings.log, settings.logger, settings.user], ['error', 'file', 'joe']);
});

test('so does that of AtomBus', () => {
  const config = file(
    'appname: x\napphandler: PSGI\natombus:\n  page_size: 7\n  db:\n    dsn: dbi:Pg:dbname=bus;host=h;port=5\n    user: u\n    pass: p\n',
  );
  const { settings } = resolveSettings({ flags: { config } });
  assert.equal(settings.pageSize, 7);
  assert.deepEqual(settings.database, {
    client: 'pg',
    connection: { database: 'bus', host: 'h', port: 5, user: 'u', password: 'p' },
  });
});

test('databases by URL and by DBI name', () => {
  assert.deepEqual(parseDatabase('postgres://u:p%40@h:5/bus'), {
    client: 'pg',
    connection: { host: 'h', port: 5, user: 'u', password: 'p@', database: 'bus' },
  });
  assert.deepEqual(parseDatabase('dbi:mysql:database=b;mysql_socket=/s', 'u'), {
    client: 'mysql2',
    connection: { database: 'b', socketPath: '/s', user: 'u' },
  });
  assert.equal(parseDatabase('dbi:SQLite:x.db').connection.filename, 'x.db');
  assert.throws(() => parseDatabase('dbi:Oracle:x'), /unknown DBI driver/);
  assert.throws(() => parseDatabase('dbi:Pg:nonsense=1'), /unknown DBI parameter/);
});

test('a mistake is named with its place', () => {
  const message = (text: string) => {
    try {
      resolveSettings({ flags: { config: file(text) } });
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.message;
    }
    return assert.fail('accepted');
  };
  assert.match(
    message('host: x\npage_sise: 3\n'),
    /c\.yml:2: unknown key "page_sise"; the nearest known one is page_size/,
  );
  assert.match(message('host: x\n\nport: many\n'), /c\.yml:3: port "many" must be a whole number/);
  assert.match(message('a: [\n'), /c\.yml:\d+:/);
});

test('the command line refuses with code 2 and one line, masks secrets, and names every option', () => {
  const run = (args: string[], env: NodeJS.ProcessEnv = {}) =>
    spawnSync(BIN, args, { cwd: folder, encoding: 'utf8', env: { ...process.env, ...env } });
  const wrong = run([], { ATOMMQ_PORT: '-1' });
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /^atommq: ATOMMQ_PORT: port "-1" must be .*\n$/);
  assert.equal(run(['--nonsense']).status, 2);
  const shown = run(['config', '--password', 'momma', '--database', 'postgres://u:secret@h/b']);
  assert.equal(shown.status, 0);
  assert.doesNotMatch(shown.stdout, /momma|secret/);
  assert.match(shown.stdout, /password +\*\*\* +--password/);
  const help = run(['--help']).stdout;
  for (const { name } of Object.values(OPTIONS)) assert.ok(help.includes(`--${name}`), name);
});
