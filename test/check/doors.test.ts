/** `atommq check` through every door that deploy/ has: no problem, and a warning only where a script waits for nothing. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { httpClient } from '../client.js';
import { doors, unlessThere } from '../doors/all.js';
import { freePort, openFolder, startServer, untilItAnswers } from '../doors/children.js';
import { httpGateway } from '../doors/gateways.js';
import { databases, lackingFor } from '../store/databases.js';
import { checked, named, said } from './run.js';

const [kind] = databases;

for (const door of doors.filter(
  ({ overHttp, name }) => overHttp && name.includes(process.env.ATOMMQ_TEST_DOORS ?? ''),
)) {
  test(door.name, { skip: unlessThere(...door.needs) }, async () => {
    const database = await kind!.create();
    const open = await door.start({ database });
    try {
      const remarks = await checked({ database, url: open.base });
      assert.deepEqual(named(remarks, 'problem'), [], JSON.stringify(remarks, null, 1));
      const warned = named(remarks, 'warning').filter((name) => name !== 'file system');
      assert.deepEqual(warned, / CGI$/.test(door.name) ? ['wait', 'events'] : [], JSON.stringify(remarks, null, 1));
    } finally {
      await open.stop();
    }
  });
}

for (const other of databases.slice(1)) {
  test(`${httpGateway.name}, ${other.name}`, { skip: lackingFor(other) }, async () => {
    const database = await other.create();
    const open = await httpGateway.start({ database });
    try {
      const remarks = await checked({ database, url: open.base });
      // What the servers of these tests are not set up for.
      const problems = named(remarks, 'problem').filter((name) => name !== 'fsync' && name !== 'durability');
      assert.deepEqual(problems, [], JSON.stringify(remarks, null, 1));
      assert.match(said(remarks, 'order', 'ok'), /of 6 publishers at once: 2 readers got each once, in one order/);
    } finally {
      await open.stop();
    }
  });
}

test('nginx that compresses, buffers and takes one MiB', { skip: unlessThere('nginx') }, async () => {
  const database = await kind!.create();
  const behind = await httpGateway.start({ database });
  const folder = openFolder();
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    join(folder, 'nginx.conf'),
    `${process.getuid?.() === 0 ? 'user root;\n' : ''}daemon off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  gzip on;
  gzip_types *;
  gzip_proxied any;
  gzip_http_version 1.0;
  server {
    listen 127.0.0.1:${port};
    location /atommq {
      proxy_buffering on;
      proxy_ignore_headers X-Accel-Buffering;
      proxy_set_header Accept-Encoding "";
      proxy_pass ${behind.base};
    }
  }
}
`,
  );
  const logs = join(folder, 'error.log');
  const nginx = startServer({
    command: 'nginx',
    arguments: ['-c', join(folder, 'nginx.conf'), '-e', logs],
    logs: [logs],
  });
  try {
    await untilItAnswers(httpClient(port), { nginx });
    const remarks = await checked({ database, url: `http://127.0.0.1:${port}/atommq` });
    const all = JSON.stringify(remarks, null, 1);
    assert.deepEqual(
      named(remarks, 'problem').sort(),
      ['addresses', 'etag', 'events', 'large body', 'links'].sort(),
      all,
    );
    assert.match(said(remarks, 'etag'), /Accept-Encoding: gzip\) is weakened.* \| .*nginx: gzip off/);
    assert.match(said(remarks, 'events'), /held back.* \| nginx: proxy_buffering off/);
    assert.match(said(remarks, 'links'), /begin with http:\/\/127.*, not with .*proxy_set_header Host/);
    assert.match(said(remarks, 'large body'), /413 from the web server \(nginx.* \| nginx: client_max_body_size/);
  } finally {
    await nginx.stop();
    await behind.stop();
  }
});
