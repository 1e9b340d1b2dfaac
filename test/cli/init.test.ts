/** `atommq` alone, and `atommq init`: what one can do, and a configuration that explains itself. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { configuration } from '../../src/cli/init.js';
import { keyOf, OPTIONS, variableOf } from '../../src/config/options.js';
import { resolveSettings } from '../../src/config.js';
import { newFolder, until } from '../client/server.js';
import { unlessThere } from '../doors/all.js';
import { freePort, startServer } from '../doors/children.js';
import { atommq, CLEAN } from '../transfer/command.js';
import { BIN } from './terminal.js';

test('atommq alone says in ten lines what one can do', () => {
  const { status, stdout, stderr } = atommq([], {}, newFolder());
  assert.deepEqual([status, stderr], [0, '']);
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.length, 10);
  assert.match(lines[0]!, /^AtomMQ \d\S*, a message bus over Atom and HTTP\.$/);
  for (const name of ['serve', 'init', 'publish', 'tail', 'feeds', 'show'])
    assert.match(stdout, new RegExp(`^  atommq ${name} `, 'm'));
  assert.match(stdout, /^To begin: atommq serve, and then/m);
});

test('a config.yml in the folder is told of, and one for FastCGI serves', () => {
  const cwd = newFolder();
  writeFileSync(join(cwd, 'config.yml'), 'port: 1\n');
  assert.match(atommq([], {}, cwd).stdout, /^To begin: atommq serve, by the config\.yml that is here/m);
  writeFileSync(join(cwd, 'config.yml'), 'gateway: fastcgi\n');
  // It has no socket to serve on, which is what a server says.
  const { status, stdout, stderr } = spawnSync(BIN, [], {
    cwd,
    env: CLEAN,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  assert.deepEqual([status, stdout], [4, ''], stderr);
  assert.match(stderr, /no socket: give --socket/);
});

test('variables alone serve, as unit files and containers have them', () => {
  for (const env of [{ ATOMMQ_DATABASE: '/nope/x.db' }, { ATOMMQ_CONFIG: join(newFolder(), 'none.yml') }]) {
    const { status, stdout, stderr } = atommq([], env, newFolder());
    assert.equal(stdout, '');
    assert.match(stderr, /cannot open the database|cannot be read/);
    assert.ok(status === 1 || status === 2);
  }
  assert.equal(atommq([], { ATOMMQ_URL: 'http://h/x', ATOMMQ_TOKEN: 't' }, newFolder()).status, 0);
});

test('on a socket of systemd’s it serves', { skip: unlessThere('systemd-socket-activate') }, async () => {
  const port = await freePort();
  const cwd = newFolder();
  const server = startServer({
    command: 'systemd-socket-activate',
    arguments: ['-l', `127.0.0.1:${port}`, BIN],
    cwd,
  });
  let status = 0;
  // systemd-socket-activate may still be about to listen.
  await until(async () => {
    status = await fetch(`http://127.0.0.1:${port}/atommq/health/ready`).then(
      (answer) => answer.status,
      () => 0,
    );
    return status !== 0;
  });
  await server.stop();
  assert.equal(status, 200);
});

test('init writes a file, and never over another unless asked to', () => {
  const cwd = newFolder();
  const first = atommq(['init'], {}, cwd);
  assert.deepEqual([first.status, first.stderr], [0, '']);
  assert.match(
    first.stdout,
    /^config\.yml is written.*\n\nNext:\n {2}edit config\.yml +take.*\n {2}atommq config +.*\n {2}atommq serve +/,
  );
  const file = join(cwd, 'config.yml');
  assert.equal(readFileSync(file, 'utf8'), configuration());
  writeFileSync(file, 'port: [\n');
  const second = atommq(['init'], {}, cwd);
  assert.deepEqual(
    [second.status, second.stderr],
    [1, 'atommq: config.yml is there already; --force writes over it\n'],
  );
  // What stands there need not be a configuration.
  assert.equal(atommq(['init', '--force'], {}, cwd).status, 0);
  assert.equal(readFileSync(file, 'utf8'), configuration());
  assert.match(atommq(['init', 'x/y.yml'], {}, cwd).stderr, /^atommq: x\/y\.yml: cannot be written \(ENOENT\)$/m);
  assert.match(atommq(['init', 'other.yml'], {}, cwd).stdout, /atommq serve --config other\.yml/);
});

test('the file has every option with its help and variable, and changes nothing, commented out or not', () => {
  const text = configuration();
  for (const line of text.split('\n')) assert.match(line, /^$|^#$|^# |^#[a-z_]+:( .+)?$/);
  const flat = text.replace(/\n# /g, ' ');
  for (const { name, help } of Object.values(OPTIONS)) {
    assert.match(text, new RegExp(`^#${keyOf(name)}:`, 'm'));
    assert.ok(flat.includes(variableOf(name)), variableOf(name));
    assert.ok(flat.includes(help), help);
  }
  const cwd = newFolder();
  const keys = text.replace(/^#(?=[a-z_]+:)/gm, '');
  assert.equal(keys.match(/^[a-z_]+:/gm)?.length, Object.keys(OPTIONS).length);
  const { settings } = resolveSettings({ file: false });
  for (const [i, content] of [text, keys].entries()) {
    const file = join(cwd, `${i}.yml`);
    writeFileSync(file, content);
    const resolved = resolveSettings({ file });
    assert.deepEqual(resolved.settings, settings);
    assert.deepEqual(resolved.warnings, []);
  }
  assert.match(atommq(['config', '--config', join(cwd, '1.yml')]).stdout, /^port +8080 +\S*1\.yml:\d+$/m);
});

test('its examples of rules can be used', () => {
  const rules = [...configuration().matchAll(/^# {5}(- \{.*)\n#([a-z]+):$/gm)];
  assert.deepEqual(
    rules.map(([, , key]) => key),
    ['feeds', 'access'],
  );
  const file = join(newFolder(), 'rules.yml');
  writeFileSync(file, rules.map(([, rule, key]) => `${key}:\n  ${rule}\n`).join(''));
  const { settings } = resolveSettings({ file });
  assert.deepEqual([settings.feeds.length, settings.access.length], [1, 1]);
});
