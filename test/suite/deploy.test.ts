/** What of deploy/ no web server reads: the systemd units. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { AtomMQ } from '../../src/bus.js';
import { unlessThere } from '../doors/all.js';
import { openFolder, PATH, root, startServer } from '../doors/children.js';
import { configured } from '../doors/configure.js';
import { fastCgiAt, open as openNginx } from '../doors/nginx.js';
import { parseExposition } from '../exposition.js';
import { inProcess } from '../fixture.js';

const SERVICES = ['atommq.service', 'atommq-head.service', 'atommq-fastcgi.service'];
const UNITS = [...SERVICES, 'atommq.socket', 'atommq-fastcgi.socket'];

test('systemd accepts the units', { skip: unlessThere('systemd-analyze') }, () => {
  const folder = openFolder();
  for (const unit of UNITS) {
    const replacements: Record<string, string> = unit.endsWith('.service') ? { '/opt/atommq': root } : {};
    writeFileSync(join(folder, unit), configured(unit, replacements));
  }
  const files = UNITS.map((unit) => join(folder, unit));
  const { status, stderr, error } = spawnSync(
    'systemd-analyze',
    ['verify', '--man=no', '--recursive-errors=no', ...files],
    {
      encoding: 'utf8',
      env: { ...process.env, PATH },
    },
  );
  assert.equal(error, undefined);
  const ours = stderr.split('\n').filter((line) => line.includes('atommq'));
  assert.deepEqual(ours, []);
  assert.equal(status, 0, stderr);
});

/** Of ten; what is left is the network, files of a socket, and code that V8 makes. */
const MOST_EXPOSED = 1.5;

for (const unit of SERVICES) {
  test(`${unit} is exposed to little`, { skip: unlessThere('systemd-analyze') }, () => {
    const { status, stdout, stderr } = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', `--threshold=${MOST_EXPOSED * 10}`, '--no-pager', join(root, 'deploy', unit)],
      { encoding: 'utf8', env: { ...process.env, PATH } },
    );
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /Overall exposure level/);
  });
}

test('all services are in the same sandbox', () => {
  const [first, ...others] = SERVICES.map((unit) => {
    const [, sandbox = ''] = /\n(# All else it may read[\s\S]*)\[Install\]/.exec(configured(unit, {})) ?? [];
    assert.match(sandbox, /SystemCallFilter/, unit);
    return sandbox;
  });
  for (const other of others) assert.equal(other, first);
});

test('the alerts for Prometheus ask for metrics that there are', async () => {
  const { groups } = parse(configured('prometheus-rules.yml', {})) as {
    groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[];
  };
  const bus = await AtomMQ.open({ database: ':memory:', metrics: true });
  try {
    await bus.publish('widgets', { title: 'allo' });
    const ask = inProcess(bus.app);
    await ask('GET', '/feed=widgets');
    const { types, samples } = parseExposition((await ask('GET', '/metrics')).body);
    const names = new Set([...types.keys(), ...samples.map(({ name }) => name)]);
    const rules = groups.flatMap((group) => group.rules);
    assert.ok(rules.length > 3);
    for (const { alert, expr, annotations } of rules) {
      assert.ok(annotations.summary.length > 0, alert);
      for (const [name] of expr.matchAll(/\batommq_\w+/g)) assert.ok(names.has(name), `${alert}: ${name}`);
    }
  } finally {
    await bus.close();
  }
});

test('a list of replacements that no longer fits is an error', () => {
  assert.throws(() => configured('atommq.service', { '/nowhere/at/all': '/' }), /does not hold/);
});

/** How systemd hands the socket over: by `StandardInput=socket`, as the unit asks, and in its usual way. */
const HANDED_OVER: [string, string[]][] = [
  ['as descriptor 0', ['sh', '-c', 'unset LISTEN_FDS LISTEN_PID LISTEN_FDNAMES; exec "$@" <&3 3<&-', 'sh']],
  ['as descriptor 3', []],
];

for (const [how, wrapper] of HANDED_OVER) {
  const skip = unlessThere('systemd-socket-activate', 'nginx');
  test(`the FastCGI service takes its socket from systemd ${how}`, { skip }, async () => {
    const folder = openFolder();
    const socket = join(folder, 'fcgi.sock');
    const unit = configured('atommq-fastcgi.service', { '/opt/atommq': root, '/etc/atommq': folder });
    writeFileSync(join(folder, 'config.yml'), configured('config.yml', { '/var/lib/atommq': folder }));
    const [, line = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
    const atommq = startServer({
      command: 'systemd-socket-activate',
      arguments: ['-l', socket, ...wrapper, ...line.split(' ')],
      cwd: folder,
    });
    const door = await openNginx('systemd', 'nginx-fastcgi.conf', fastCgiAt(socket), atommq);
    await door.stop();
  });
}
