/** The CGI script: its bundle, the code cache of it, and what comes before an answer. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../fixture.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CACHE = `atommq-${process.version}-${process.arch}.cache`;
const ENTRY = '<entry xmlns="http://www.w3.org/2005/Atom"><title>t</title></entry>';

/** A copy of the program, so that its cache can be broken. */
const copy = temporaryFolder();
const cgi = join(copy, 'bin/atommq.cgi');
const cache = join(copy, 'dist/cgi', CACHE);

before(() => {
  mkdirSync(join(copy, 'dist'));
  cpSync(join(ROOT, 'bin'), join(copy, 'bin'), { recursive: true });
  for (const folder of ['src', 'cgi']) {
    cpSync(join(ROOT, 'dist', folder), join(copy, 'dist', folder), { recursive: true });
  }
  cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
});

function request(method: string, env: NodeJS.ProcessEnv = {}, cwd = copy, program = cgi) {
  const body = method === 'POST' ? ENTRY : '';
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
    cwd,
    input: body,
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      ATOMMQ_DATABASE: join(copy, 'bus.db'),
      SCRIPT_NAME: '/atommq',
      SERVER_NAME: 'localhost',
      SERVER_PORT: '80',
      REQUEST_METHOD: method,
      REQUEST_URI: '/atommq/feed=x',
      ...(body === '' ? {} : { CONTENT_LENGTH: String(body.length), CONTENT_TYPE: 'application/atom+xml' }),
      ...env,
    },
  });
  return { status, stdout, stderr };
}

/** What the cache holds, without running it. */
const head = () => readFileSync(cache).subarray(0, 64).toString('latin1');
const bundleId = () => readFileSync(join(copy, 'dist/cgi/atommq.cjs'), 'latin1').slice(3, 67);

test('the build made a bundle and a cache that is of it', () => {
  assert.match(bundleId(), /^[0-9a-f]{64}$/);
  assert.equal(head(), bundleId());
});

test('a publish and a poll, and nothing but the answer', () => {
  const published = request('POST');
  assert.match(published.stdout, /^Status: 201 [^\r]+\r\n/);
  const polled = request('GET');
  assert.match(polled.stdout, /^Status: 200 [^\r]+\r\n/);
  assert.match(polled.stdout, /<title>t<\/title>/);
  assert.deepEqual([published.status, polled.status, published.stderr, polled.stderr], [0, 0, '', '']);
});

test('a good cache is left alone; a missing, foreign or broken one is made anew', () => {
  const good = readFileSync(cache);
  request('GET');
  assert.ok(readFileSync(cache).equals(good));
  const bad = [
    Buffer.from(''),
    Buffer.concat([Buffer.from('0'.repeat(64)), good.subarray(64)]),
    good.subarray(0, 1000),
    Buffer.concat([good.subarray(0, 64), Buffer.alloc(good.length - 64)]),
  ];
  for (const bytes of bad) {
    writeFileSync(cache, bytes);
    assert.match(request('GET').stdout, /^Status: 200 [^\r]+\r\n/);
    assert.equal(head(), bundleId());
    assert.ok(readFileSync(cache).length > 100_000);
  }
  assert.deepEqual(readdirSync(join(copy, 'dist/cgi')).sort(), [CACHE, 'atommq.cjs'].sort());
});

test('a configuration file is read', () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'config.yml'), 'title: From a file\n');
  assert.match(request('GET', { REQUEST_URI: '/atommq' }, cwd).stdout, /From a file/);
});

test('without a place to keep it, every request does without the cache', () => {
  const bundle = join(copy, 'dist/cgi');
  // A folder in the place of the file is in the way of everybody, of root too.
  const good = readFileSync(cache);
  spawnSync('rm', [cache]);
  mkdirSync(cache);
  const { status, stdout, stderr } = request('GET');
  spawnSync('rmdir', [cache]);
  writeFileSync(cache, good);
  assert.match(stdout, /^Status: 200 [^\r]+\r\n/);
  assert.deepEqual([status, stderr], [0, '']);
  assert.deepEqual(readdirSync(bundle).sort(), [CACHE, 'atommq.cjs'].sort());
});

const UNUSABLE: [string, NodeJS.ProcessEnv, RegExp][] = [
  ['a bad value', { ATOMMQ_PAGE_SIZE: '0' }, /^atommq\.cgi: ATOMMQ_PAGE_SIZE: page-size "0" must be .*\n$/],
  ['a database that does not open', { ATOMMQ_DATABASE: '/nope/x.db' }, /SQLITE_CANTOPEN/],
];

for (const [what, env, line] of UNUSABLE) {
  test(`${what}: a 503 that says nothing of it, with nothing before it`, () => {
    const { stdout, stderr } = request('GET', env);
    assert.match(stdout, /^Status: 503 [^\r]+\r\n/);
    assert.doesNotMatch(stdout, /page-size|CANTOPEN/);
    assert.match(stderr, line);
  });
}

test('without a bundle the whole program answers', () => {
  spawnSync('rm', ['-r', join(copy, 'dist/cgi')]);
  assert.match(request('GET').stdout, /^Status: 200 [^\r]+\r\n/);
});
