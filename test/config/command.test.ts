/** The command line as processes: what it prints, how it ends, and how it runs in the background. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { OPTIONS, variableOf } from '../../src/config/options.js';
import { temporaryFolder } from '../fixture.js';

const base = temporaryFolder();
const newFolder = () => mkdtempSync(join(base, 'run-'));

const BIN = fileURLToPath(new URL('../../../bin/atommq', import.meta.url));
/** Without the machine's own ATOMMQ_*, and without what makes every start slower. */
const CLEAN = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(ATOMMQ_|NODE_EXTRA_CA_CERTS|NODE_OPTIONS)/.test(name)),
);

function run(args: string[], { cwd = newFolder(), env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  const { status, stdout, stderr } = spawnSync(BIN, args, { cwd, env: { ...CLEAN, ...env }, encoding: 'utf8' });
  return { status, stdout, stderr };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries > 200) throw new Error('it does not happen');
    await sleep(50);
  }
}

const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test('help names every option with its variable', () => {
  for (const words of [['help'], ['--help']]) {
    const { status, stdout } = run(words, { env: { COLUMNS: '120' } });
    assert.equal(status, 0);
    for (const { name } of Object.values(OPTIONS)) {
      assert.match(stdout, new RegExp(`--${name}\\s`));
      assert.ok(stdout.replace(/\s+/g, ' ').includes(variableOf(name)), variableOf(name));
    }
  }
});

test('--version prints the version alone', () => {
  const { version } = JSON.parse(readFileSync(join(BIN, '../../package.json'), 'utf8')) as { version: string };
  assert.deepEqual(run(['--version']), { status: 0, stdout: `${version}\n`, stderr: '' });
});

const REFUSED: [string[], NodeJS.ProcessEnv, RegExp][] = [
  [['--port', 'many'], {}, /^atommq: --port: port "many" must be/],
  [['--port'], {}, /^atommq: .*port/],
  [['--prot', '1'], {}, /^atommq: unknown flag --prot; the nearest one is --port$/],
  [['confg'], {}, /^atommq: unknown command "confg"; the nearest one is config, and atommq help lists them$/],
  [['--detach=maybe'], {}, /^atommq: --detach: detach "maybe" must be true or false$/],
  [['--trust-remote-user='], {}, /^atommq: --trust-remote-user: trust-remote-user "" must be true or false$/],
  [
    ['--gateway', 'fastcgi', '--socket', `/tmp/${'s'.repeat(103)}`],
    {},
    /^atommq: --socket: socket "\/tmp\/s+" must be a path of at most 107 bytes, or a port/,
  ],
  [['serve', 'now'], {}, /^atommq: serve takes no "now"$/],
  [['--config', '/nope.yml'], {}, /^atommq: \/nope.yml: cannot be read \(ENOENT\)$/],
  [[], { ATOMMQ_WORKERS: '0' }, /^atommq: ATOMMQ_WORKERS: workers "0" must be/],
  [[], { ATOMMQ_DATABASE: 'oracle://joe:hunter2@h/x' }, /^atommq: ATOMMQ_DATABASE: .*joe:\*\*\*@h/],
];

for (const [args, env, message] of REFUSED) {
  test(`code 2 and one line for ${[...Object.keys(env), ...args].join(' ')}`, () => {
    const { status, stdout, stderr } = run(args, { env });
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr.trimEnd(), message);
    assert.equal(stderr.split('\n').length, 2, stderr);
  });
}

test('config tells values and sources, and masks secrets', () => {
  const cwd = newFolder();
  writeFileSync(join(cwd, 'config.yml'), 'title: Mine\npassword: hunter2\nsocket_mode: 0660\n');
  const env = { ATOMMQ_DATABASE: 'postgres://joe:hunter2@h/x' };
  const plain = run(['config', '--port', '9'], { cwd, env });
  assert.equal(plain.status, 0);
  assert.match(plain.stdout, /^title +Mine +config\.yml:1$/m);
  assert.match(plain.stdout, /^password +\*\*\* +config\.yml:2$/m);
  assert.match(plain.stdout, /^socket-mode +0660 +config\.yml:3$/m);
  assert.match(plain.stdout, /^database +postgres:\/\/joe:\*\*\*@h\/x +ATOMMQ_DATABASE$/m);
  assert.match(plain.stdout, /^port +9 +--port$/m);
  assert.match(plain.stdout, /^host +127\.0\.0\.1 +default$/m);
  const json = run(['config', '--json', '--port', '9'], { cwd, env });
  const rows = JSON.parse(json.stdout) as { option: string; value: unknown; source: string }[];
  assert.deepEqual(
    rows.map(({ option }) => option),
    Object.values(OPTIONS).map(({ name }) => name),
  );
  assert.deepEqual(rows.find(({ option }) => option === 'port')?.value, 9);
  assert.doesNotMatch(plain.stdout + json.stdout, /hunter2/);
});

test('a database that does not open is one line, with one worker and with several', () => {
  for (const workers of ['1', '2']) {
    const { status, stderr } = run([
      '--database',
      '/nope/x.db',
      '--port',
      '0',
      '--workers',
      workers,
      '--log',
      'errors',
    ]);
    assert.equal(status, 1);
    assert.match(stderr, /error \[\d+\] cannot open the database \/nope\/x\.db: SQLITE_CANTOPEN/);
    assert.equal(stderr.split('\n').length, 2, stderr);
  }
});

test('a switch takes a value too', () => {
  for (const [flag, value] of [
    ['--detach', true],
    ['--detach=yes', true],
    ['--detach=no', false],
    ['--no-detach', false],
  ] as const) {
    const { stdout } = run(['config', '--json', flag], { env: { ATOMMQ_DETACH: 'true' } });
    const rows = JSON.parse(stdout) as { option: string; value: unknown; source: string }[];
    assert.deepEqual(
      rows.find(({ option }) => option === 'detach'),
      { option: 'detach', value, source: '--detach' },
    );
  }
});

test('a socket in a folder that is not there is told of as that', () => {
  const { status, stderr } = run(['--gateway', 'fastcgi', '--socket', './nope/s']);
  assert.equal(status, 4);
  assert.match(stderr, /cannot listen: \.\/nope\/s: there is no folder \.\/nope\n$/);
});

test('a process that has ended and was not waited for does not hold the pid file', async () => {
  const cwd = newFolder();
  // The shell makes way, while its child lives, for a program that never asks after it: what is left of that is a zombie.
  const parent = spawn('/bin/sh', ['-c', 'sleep 0.5 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const zombie = Number(await new Promise<Buffer>((resolve) => parent.stdout.once('data', resolve)));
  await until(() => /^State:\s*Z/m.test(readFileSync(`/proc/${zombie}/status`, 'utf8')));
  writeFileSync(join(cwd, 'a.pid'), `${zombie}\n`);
  const { status, stderr } = run(['--port', '0', '--detach', '--pid-file', 'a.pid'], { cwd });
  parent.kill('SIGKILL');
  assert.equal(status, 0, stderr);
  process.kill(Number(readFileSync(join(cwd, 'a.pid'), 'utf8')), 'SIGTERM');
});

test('npm start serves, and ends with npm', async () => {
  const env = { ...CLEAN, ATOMMQ_DATABASE: join(newFolder(), 'a.db') };
  const npm = spawn('npm', ['start', '--', '--port', '0'], {
    cwd: join(BIN, '../..'),
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  npm.stderr.on('data', (chunk) => {
    said += chunk;
  });
  await until(() => /listening on/.test(said));
  const pid = Number(/info \[(\d+)\]/.exec(said)?.[1]);
  npm.kill('SIGTERM');
  await until(() => !isThere(pid));
});

test('a port in use is code 4 and told of even with log: errors', async () => {
  const cwd = newFolder();
  const first = spawn(BIN, ['--port', '0'], { cwd, env: CLEAN, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  first.stderr.on('data', (chunk) => {
    said += chunk;
  });
  await until(() => /listening on/.test(said));
  const [, port = ''] = /127\.0\.0\.1:(\d+)/.exec(said) ?? [];
  const { status, stderr } = run(['--port', port, '--log', 'errors']);
  first.kill('SIGTERM');
  await new Promise((resolve) => first.once('exit', resolve));
  assert.equal(status, 4);
  assert.match(stderr, /EADDRINUSE/);
});

test('it runs through a link, and where there is no PATH', () => {
  const link = join(newFolder(), 'atommq');
  symlinkSync(BIN, link);
  assert.equal(spawnSync(link, ['--version'], { env: CLEAN }).status, 0);
  // Where node is not in the usual places no program can find it.
  if (!['/usr/local/bin/node', '/usr/bin/node'].some((path) => existsSync(path))) return;
  assert.equal(spawnSync(BIN, ['--version'], { env: {} }).status, 0);
});

test('detached: the parent ends when it listens, the pid file is held, and gone at the end', async () => {
  const cwd = newFolder();
  const pidFile = join(cwd, 'a.pid');
  const args = ['--port', '0', '--detach', '--pid-file', pidFile];
  // A process id that nobody has: the largest is 4194304.
  writeFileSync(pidFile, '4194305\n');
  const { status, stderr } = run(args, { cwd });
  const pid = Number(readFileSync(pidFile, 'utf8'));
  try {
    assert.equal(status, 0, stderr);
    assert.match(stderr, /listening on http:\/\/127\.0\.0\.1:\d+\/atommq \(database \.\/atommq\.db\)\n$/);
    const [, address = ''] = /listening on (\S+)/.exec(stderr) ?? [];
    assert.equal((await fetch(address)).status, 200);
    const second = run(args, { cwd });
    assert.equal(second.status, 1);
    assert.match(second.stderr, new RegExp(`process ${pid} runs already`));
    assert.equal(Number(readFileSync(pidFile, 'utf8')), pid);
  } finally {
    process.kill(pid, 'SIGTERM');
  }
  await until(() => !isThere(pid));
  assert.equal(existsSync(pidFile), false);
});

test('detached: what is in the way is told by the parent', () => {
  const { status, stderr } = run(['--port', '0', '--detach', '--database', '/nope/x.db']);
  assert.equal(status, 1);
  assert.match(stderr, /cannot open the database/);
});
