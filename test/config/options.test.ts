/** Every option from each of its four sources, and what is refused. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { OPTIONS, type OptionKey, variableOf } from '../../src/config/options.js';
import { ConfigError, resolveSettings } from '../../src/config.js';
import { temporaryFolder } from '../fixture.js';

const folder = temporaryFolder();
const secret = join(folder, 'secret');
writeFileSync(secret, 'from a file\r\nsecond line\n');

/** A value for each option that is not its default, as text, and what comes of it. */
const EXAMPLES: Record<OptionKey, [given: string, made: unknown]> = {
  gateway: ['fastcgi', 'fastcgi'],
  host: ['0.0.0.0', '0.0.0.0'],
  port: ['0', 0],
  socket: ['/run/a.sock', '/run/a.sock'],
  socketMode: ['0660', 0o660],
  workers: ['3', 3],
  mount: ['/', ''],
  baseUrl: ['https://example.org/a/', 'https://example.org/a'],
  database: ['sqlite:/x.db', { client: 'sqlite3', connection: { filename: '/x.db' } }],
  databaseRead: ['sqlite:/y.db', { client: 'sqlite3', connection: { filename: '/y.db' } }],
  user: ['joe', 'joe'],
  password: ['0123', '0123'],
  passwordFile: [secret, secret],
  pageSize: ['7', 7],
  pageBytes: ['64k', 65_536],
  maxEntryBytes: ['1MiB', 1_048_576],
  maxMediaBytes: ['1 GB', 1_073_741_824],
  maxBatchEntries: ['50', 50],
  maxXmlDepth: ['20', 20],
  maxXmlAttributes: ['30', 30],
  maxHeaderBytes: ['8k', 8192],
  maxQueryBytes: ['1k', 1024],
  maxRequests: ['100', 100],
  maxConnections: ['1000', 1000],
  maxBodyMemory: ['64MiB', 67_108_864],
  maxAnswerMemory: ['64MiB', 67_108_864],
  maxQueueBytes: ['1MiB', 1_048_576],
  headerTimeout: ['5', 5],
  bodyTimeout: ['5', 5],
  bodyRate: ['10k', 10_240],
  rate: ['10', 10],
  rateBurst: ['20', 20],
  publishRate: ['10', 10],
  publishBurst: ['20', 20],
  corsOrigins: ['https://a.example, http://localhost:3000/', ['https://a.example', 'http://localhost:3000']],
  allowedHosts: ['Example.org, *.example.org, ::1', ['example.org', '*.example.org', '::1']],
  cacheBytes: ['0', 0],
  feeds: [
    '[{"match": "log-*", "append_only": true, "max_age": "30d"}]',
    [{ match: 'log-*', appendOnly: true, maxAge: 2_592_000 }],
  ],
  access: [
    '[{"match": "log-*", "allow": ["read", "Publish"], "to": "joe, group:staff"}]',
    [{ match: 'log-*', allow: ['read', 'publish'], to: ['joe', '@staff'] }],
  ],
  pruneInterval: ['5', 5],
  maxWait: ['30', 30],
  maxWaiters: ['10', 10],
  heartbeat: ['5', 5],
  streamLifetime: ['60', 60],
  websub: ['no', false],
  websubAllow: ['127.0.0.0/8, ::1, Callbacks.internal', ['127.0.0.0/8', '::1', 'callbacks.internal']],
  websubLease: ['3600', 3600],
  websubTimeout: ['5', 5],
  websubAttempts: ['3', 3],
  websubPatience: ['60', 60],
  title: ['T', 'T'],
  author: ['A', 'A'],
  busyTimeout: ['3', 3],
  poolSize: ['4', 4],
  connectTimeout: ['5', 5],
  queryTimeout: ['6', 6],
  retryDeadline: ['7', 7],
  drainTimeout: ['0', 0],
  trustedProxies: ['10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
  htpasswdFile: ['/etc/atommq/htpasswd', '/etc/atommq/htpasswd'],
  groupsFile: ['/etc/atommq/htgroup', '/etc/atommq/htgroup'],
  tokens: ['on', true],
  jwtJwks: ['https://login.example.org/keys', 'https://login.example.org/keys'],
  jwtIssuer: ['https://login.example.org/', 'https://login.example.org/'],
  jwtAudience: ['atommq', 'atommq'],
  jwtClockSkew: ['5', 5],
  jwtNameClaim: ['email', 'email'],
  jwtGroupsClaim: ['realm_access.roles', 'realm_access.roles'],
  trustRemoteUser: ['yes', true],
  loginFailures: ['0', 0],
  allowAnonymous: ['true', true],
  detach: ['on', true],
  pidFile: ['/run/a.pid', '/run/a.pid'],
  log: ['errors', 'error'],
  logger: ['file', 'file'],
  logFile: ['x.log', 'x.log'],
  logFormat: ['json', 'json'],
  accessLog: ['stdout', 'stdout'],
  metrics: ['no', false],
  metricsFeeds: ['0', 0],
};

let files = 0;
function file(text: string): string {
  files += 1;
  const path = join(folder, `${files}.yml`);
  writeFileSync(path, text);
  return path;
}

for (const key of Object.keys(OPTIONS) as OptionKey[]) {
  const { name } = OPTIONS[key];
  const [given, made] = EXAMPLES[key];

  test(`${name}: file, environment, flag, program`, () => {
    const yaml = file(`# a comment\n${name.replaceAll('-', '_')}: ${given}\n`);
    const dashed = file(`${name}: ${given}\n`);
    const ways = [
      [resolveSettings({ file: yaml }), `${yaml}:2`],
      [resolveSettings({ file: dashed }), `${dashed}:1`],
      [resolveSettings({ file: false, env: { [variableOf(name)]: given } }), variableOf(name)],
      [resolveSettings({ file: false, flags: { [name]: given } }), `--${name}`],
      [resolveSettings({ file: false, set: { [key]: given } }), 'set'],
    ] as const;
    for (const [{ settings, sources }, source] of ways) {
      assert.deepEqual(settings[key], made);
      assert.equal(sources[key], source);
      assert.equal(sources[key === 'port' ? 'host' : 'port'], 'default');
    }
  });
}

const REFUSED: [OptionKey, unknown][] = [
  ['gateway', 'scgi'],
  ['host', ''],
  ['port', '65536'],
  ['port', '8080b'],
  ['port', '-1'],
  ['socket', '70000'],
  ['socketMode', '0888'],
  ['workers', '0'],
  ['mount', 'atommq'],
  ['mount', '/a/../b'],
  ['mount', '/a?b'],
  ['baseUrl', 'ftp://example.org'],
  ['baseUrl', 'https://example.org/?a'],
  ['database', ''],
  ['pageSize', '0'],
  ['pageSize', '10001'],
  ['pageSize', '1.5'],
  ['pageBytes', '4 MB/s'],
  ['cacheBytes', '-1'],
  ['trustedProxies', 'localhost'],
  ['trustedProxies', '10.0.0.0/33'],
  ['htpasswdFile', ''],
  ['jwtJwks', 'ftp://example.org/keys'],
  ['jwtJwks', 'https://'],
  ['jwtClockSkew', '-1'],
  ['trustRemoteUser', 'maybe'],
  ['log', 'loud'],
  ['log', 'constructor'],
  ['logger', 'syslog'],
];

for (const [key, value] of REFUSED) {
  test(`${key} is not ${JSON.stringify(value)}`, () => {
    assert.throws(
      () => resolveSettings({ file: false, set: { [key]: value } }),
      (error: Error) =>
        error instanceof ConfigError && error.message.startsWith('set: ') && !error.message.includes('\n'),
    );
  });
}

test('levels of Dancer, and of people', () => {
  const level = (log: string) => resolveSettings({ file: false, set: { log } }).settings.log;
  assert.deepEqual(['core', 'warn', 'Warnings', 'error'].map(level), ['debug', 'warning', 'warning', 'error']);
});

test('an empty variable is none', () => {
  const { settings, sources } = resolveSettings({ file: false, env: { ATOMMQ_PORT: '', ATOMMQ_CONFIG: '' } });
  assert.deepEqual([settings.port, sources.port], [8080, 'default']);
});

test('a variable that is nobody’s is told of, with the nearest', () => {
  const env = { ATOMMQ_DATBASE: 'x', ATOMMQ_TEST_REQUIRE: 'all', ATOMMQ_CONFIG: '', PATH: '/bin' };
  assert.deepEqual(resolveSettings({ file: false, env }).warnings, [
    "ATOMMQ_DATBASE is not a variable of AtomMQ's; the nearest one is ATOMMQ_DATABASE",
  ]);
});

test('a program’s unknown option is named with the nearest', () => {
  const set = { pagesize: 3 } as Record<string, unknown>;
  assert.throws(() => resolveSettings({ file: false, set }), /unknown option "pagesize"; .* pageSize$/);
});

test('the password: in a file, and of the later source', () => {
  const password = (sources: Parameters<typeof resolveSettings>[0]) =>
    resolveSettings({ file: false, ...sources }).settings.password;
  assert.equal(password({ set: { passwordFile: secret } }), 'from a file');
  assert.equal(password({ env: { ATOMMQ_PASSWORD: 'a' }, set: { passwordFile: secret } }), 'from a file');
  assert.equal(password({ env: { ATOMMQ_PASSWORD_FILE: secret }, set: { password: 'a' } }), 'a');
  assert.throws(() => password({ set: { password: 'hunter2', passwordFile: secret } }), /^ConfigError|either password/);
  assert.throws(() => password({ set: { passwordFile: join(folder, 'none') } }), /cannot be read \(ENOENT\)/);
});

test('credentials in a URL are not undone by those of an earlier source', () => {
  const env = { ATOMMQ_USER: 'joe', ATOMMQ_PASSWORD: 'momma' };
  const connect = (database: string) => resolveSettings({ file: false, env, flags: { database } }).settings.database;
  assert.deepEqual(connect('postgres://ann:pw@h/b').connection, {
    host: 'h',
    user: 'ann',
    password: 'pw',
    database: 'b',
  });
  assert.deepEqual(connect('postgres://h/b').connection, { host: 'h', user: 'joe', password: 'momma', database: 'b' });
});
