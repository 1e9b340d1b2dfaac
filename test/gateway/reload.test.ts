/** A reload behind nginx, which keeps connections: no request of a steady load fails. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { unlessThere } from '../doors/all.js';
import { openFolder } from '../doors/children.js';
import { startFastCgi } from '../doors/gateways.js';
import { fastCgiAt, open as openNginx } from '../doors/nginx.js';

test('SIGHUP under load', { skip: unlessThere('nginx') }, async () => {
  const { server, socket } = await startFastCgi({ database: join(openFolder(), 'bus.db') });
  const door = await openNginx('nginx', 'nginx-fastcgi.conf', fastCgiAt(socket), server);
  let running = true;
  const statuses = new Map<number, number>();
  const load = Array.from({ length: 3 }, async () => {
    while (running) {
      const { status } = await door.ask('GET', '/atommq/');
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  });
  try {
    process.kill(server.pid, 'SIGHUP');
    for (let i = 0; !server.log().includes('all workers replaced'); i += 1) {
      assert.ok(i < 1200, server.log());
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    running = false;
    await Promise.all(load);
    await door.stop();
  }
  assert.deepEqual([...statuses.keys()], [200], JSON.stringify([...statuses]));
});
