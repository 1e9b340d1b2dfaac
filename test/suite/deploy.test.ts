/** What of deploy/ no web server reads: the systemd units. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { httpClient } from '../client.js';
import { unlessThere } from '../doors/all.js';
import { freePort, openFolder, PATH, root, startServer, untilItAnswers } from '../doors/children.js';
import { configured } from '../doors/configure.js';

const UNITS = ['atommq.service', 'atommq-fastcgi.socket', 'atommq-fastcgi.service'];

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

test('a list of replacements that no longer fits is an error', () => {
  assert.throws(() => configured('atommq.service', { '/nowhere/at/all': '/' }), /does not hold/);
});

// What the socket unit does, without an init; the socket comes as descriptor 3 here, the other way that systemd knows.
test('the FastCGI service takes its socket from systemd', {
  skip: unlessThere('systemd-socket-activate', 'nginx'),
}, async () => {
  const folder = openFolder();
  const port = await freePort();
  const socket = join(folder, 'fcgi.sock');
  const [, line = ''] =
    /^ExecStart=(.*)$/m.exec(
      configured('atommq-fastcgi.service', { '/opt/atommq': root, '/var/lib/atommq': folder }),
    ) ?? [];
  const atommq = startServer({
    command: 'systemd-socket-activate',
    arguments: ['-l', socket, ...line.split(' ')],
    cwd: folder,
  });
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `${process.getuid?.() === 0 ? 'user root;\n' : ''}daemon off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body; fastcgi_temp_path ${folder}/fastcgi; proxy_temp_path ${folder}/proxy;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  ${configured('nginx-fastcgi.conf', { '/run/atommq/fcgi.sock': socket, 'listen 80;': `listen 127.0.0.1:${port};`, 'include fastcgi_params;': 'include /etc/nginx/fastcgi_params;' })}
}
`,
  );
  const nginx = startServer({
    command: 'nginx',
    arguments: ['-c', file, '-p', folder, '-e', join(folder, 'error.log')],
    logs: [join(folder, 'error.log')],
  });
  try {
    await untilItAnswers(httpClient(port), { atommq, nginx });
  } finally {
    await nginx.stop();
    await atommq.stop();
  }
});
