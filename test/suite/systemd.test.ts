/** The layout and the units as an administrator has them: installed by deploy/install, and run by systemd itself. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { install, pack } from '../core/packed.js';
import { unlessThere } from '../doors/all.js';
import { openFolder, PATH, root } from '../doors/children.js';
import { underSystemd, withoutNamespaces } from '../doors/systemd.js';

const runInstall = (script: string, destination: string) =>
  spawnSync(script, [], { encoding: 'utf8', env: { PATH, DESTDIR: destination } });

test('deploy/install puts everything at its place, and leaves a configuration that is there alone', () => {
  const folder = openFolder();
  install(pack(openFolder()), join(folder, 'opt/atommq'));
  const script = join(folder, 'opt/atommq/node_modules/atommq/deploy/install');
  for (const again of [false, true]) {
    const { status, stdout, stderr } = runInstall(script, folder);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /systemctl enable --now atommq\.socket/);
    const config = join(folder, 'etc/atommq/config.yml');
    const text = readFileSync(config, 'utf8');
    if (again) assert.equal(text, 'page_size: 7\n');
    else assert.equal(text, readFileSync(join(root, 'deploy/config.yml'), 'utf8'));
    writeFileSync(config, 'page_size: 7\n');
  }
  const units = readdirSync(join(root, 'deploy')).filter((name) => /\.(service|socket)$/.test(name));
  assert.deepEqual(readdirSync(join(folder, 'etc/systemd/system')).sort(), units.sort());
  assert.ok(lstatSync(join(folder, 'opt/atommq/bin/atommq.cgi')).isFile());
  assert.equal(readlinkSync(join(folder, 'usr/local/bin/atommq')), '/opt/atommq/bin/atommq');
  const caches = readdirSync(join(folder, 'opt/atommq/node_modules/atommq/dist/cgi'));
  assert.ok(caches.includes(`atommq-${process.version}-${process.arch}.cache`));
  const effective = spawnSync(
    join(folder, 'opt/atommq/bin/atommq'),
    ['config', '--config', join(folder, 'etc/atommq/config.yml')],
    {
      encoding: 'utf8',
      env: { PATH },
    },
  );
  assert.match(effective.stdout, /page[-_]size.*7/, effective.stderr);
});

test('deploy/install is only for where npm has put it', () => {
  const folder = openFolder();
  const { status, stderr } = runInstall(join(root, 'deploy/install'), folder);
  assert.equal(status, 1);
  assert.match(stderr, /npm install --prefix/);
  assert.deepEqual(readdirSync(folder), []);
});

const skip = unlessThere('systemd-analyze', 'nginx', 'curl') || withoutNamespaces();

/** Installs, and has systemd know the units. */
const INSTALLED = `/opt/atommq/node_modules/atommq/deploy/install >&2
systemctl daemon-reload
# As a publisher does: again, with the same id, until it is there.
publish() {
  until [ "$(curl -s -o /dev/null -w '%{http_code}' -d "<entry><id>urn:x-test:$1</id><title>$1</title></entry>" "$2/atommq/feed=widgets")" = 201 ]
  do sleep 0.2; done; echo "$1 is there"
}
titles() { curl -sSf "$1/atommq/feed=widgets?format=ndjson" | sed 's/.*"title":"\\([^"]*\\)".*/\\1/' | tr '\\n' ' '; echo; }
`;

test('systemd starts the HTTP service at its first request, and again when it dies or is stopped', { skip }, () => {
  const said = underSystemd(`${INSTALLED}
at=http://127.0.0.1:8080
systemctl start atommq.socket
systemctl is-active atommq.service || true
publish one $at
main() { systemctl show -P MainPID atommq.service; }
first=$(main)
grep -E '^(Seccomp|NoNewPrivs|CapEff|CapBnd):' /proc/$first/status
[ "$(stat -c %u /proc/$first)" -ne 0 ]
stat -L -c %a /var/lib/atommq /var/lib/atommq/atommq.db
kill -9 $first
publish two $at
[ "$(main)" != $first ]
systemctl stop atommq.service 2>&1 | grep -o 'triggered by' || true
publish three $at
systemctl restart atommq.service & publish four $at; wait
systemctl stop atommq.socket atommq.service
systemctl show -P Result atommq.service
systemctl start atommq.service
until curl -sf -o /dev/null $at/atommq/health/live; do sleep 0.1; done
titles $at
systemctl stop atommq.service
systemctl show -P Result atommq.service
`);
  const expected = [
    'inactive',
    'one is there',
    ...['CapEff:\t0000000000000000', 'CapBnd:\t0000000000000000', 'NoNewPrivs:\t1', 'Seccomp:\t2'],
    ...['750', '640'],
    ...['two is there', 'three is there', 'four is there', 'success', 'one two three four ', 'success'],
  ];
  assert.deepEqual(
    said.split('\n').filter((line) => line !== '' && line !== 'triggered by'),
    expected,
  );
});

test('systemd passes the FastCGI service its socket, for nginx to write to, and keeps it through reloads and restarts', {
  skip,
}, () => {
  const said = underSystemd(`${INSTALLED}
cp /opt/atommq/node_modules/atommq/deploy/nginx-fastcgi.conf /etc/nginx/conf.d/
rm -f /etc/nginx/sites-enabled/default
systemctl start atommq-fastcgi.socket
stat -c '%A %G' /run/atommq/fcgi.sock
nginx
at=http://127.0.0.1
publish one $at
systemctl reload atommq-fastcgi.service
publish two $at
for worker in $(pgrep -P "$(systemctl show -P MainPID atommq-fastcgi.service)"); do kill -9 $worker; done
publish three $at
kill -9 "$(systemctl show -P MainPID atommq-fastcgi.service)"
publish four $at
systemctl restart atommq-fastcgi.service & publish five $at; wait
titles $at
systemctl stop atommq-fastcgi.socket atommq-fastcgi.service
systemctl show -P Result atommq-fastcgi.service
nginx -s stop
`);
  assert.deepEqual(said.trim().split('\n'), [
    'srw-rw---- www-data',
    ...['one', 'two', 'three', 'four', 'five'].map((title) => `${title} is there`),
    'one two three four five ',
    'success',
  ]);
});
