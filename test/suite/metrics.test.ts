/** Metrics and request ids through every door. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachDoor } from '../doors/all.js';
import { parseExposition } from '../exposition.js';

const TYPE = 'text/plain; version=0.0.4; charset=utf-8';

eachDoor(
  (at, kind) => {
    const scrape = async () => {
      const answer = await at().ask('GET', '/atommq/metrics');
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers['content-type'], TYPE);
      assert.match(answer.headers['cache-control'] ?? '', /no-store/);
      return parseExposition(answer.text);
    };

    if (/CGI/.test(kind.name) && !/FastCGI/.test(kind.name)) {
      test('a process that ends with its request has counted nothing', async () => {
        assert.equal((await at().ask('GET', '/atommq/metrics')).status, 404);
      });
    } else {
      test('requests are counted by route and status, never by name', async () => {
        const { ask } = at();
        const before = await scrape();
        const created = await ask('POST', '/atommq/feed=secret-name', { body: '<entry/>' });
        assert.equal(created.status, 201);
        const path = (address: string) => new URL(address).pathname;
        assert.equal((await ask('GET', path(created.headers.location!))).status, 200);
        assert.equal((await ask('GET', '/atommq/feed=secret-name')).status, 200);
        assert.equal((await ask('GET', '/atommq/feeds/none')).status, 404);
        assert.equal((await ask('GET', '/atommq/x/y/z')).status, 404);
        const after = await scrape();
        const more = (labels: Record<string, string>) =>
          after.sum('atommq_requests_total', labels) - before.sum('atommq_requests_total', labels);
        assert.equal(more({ route: '/feed=NAME', method: 'POST', status: '201' }), 1);
        assert.equal(more({ route: '/feed=NAME', method: 'GET', status: '200' }), 1);
        assert.equal(more({ route: '/feed=NAME', method: 'GET', status: '404' }), 1);
        assert.equal(more({ route: '/feed=NAME/entries/ID', method: 'GET', status: '200' }), 1);
        assert.equal(more({ route: 'none', status: '404' }), 1);
        const timed = (e: typeof after) =>
          e.sum('atommq_request_duration_seconds_count', { route: '/feed=NAME', method: 'POST' });
        assert.equal(timed(after) - timed(before), 1);
        for (const { name, labels } of after.samples) {
          if (!name.startsWith('atommq_feed_')) assert.ok(!JSON.stringify(labels).includes('secret-name'), name);
        }
      });

      test('publishing, its queue, and where feeds are', async () => {
        const { ask } = at();
        const before = await scrape();
        const entries = '<entry/>'.repeat(3);
        const batch = `<feed xmlns="http://www.w3.org/2005/Atom">${entries}</feed>`;
        assert.equal((await ask('POST', '/atommq/feed=numbers', { body: batch })).status, 201);
        const after = await scrape();
        const more = (name: string) => after.sum(name) - before.sum(name);
        assert.equal(more('atommq_publish_duration_seconds_count'), 1);
        assert.equal(more('atommq_commit_duration_seconds_count'), 1);
        assert.equal(more('atommq_commit_entries_sum'), 3);
        assert.equal(after.sum('atommq_feed_head', { feed: 'numbers' }), 3);
        assert.equal(after.sum('atommq_feed_floor', { feed: 'numbers' }), 0);
        assert.ok(after.sum('atommq_feed_bytes', { feed: 'numbers' }) > 0);
        assert.equal(after.sum('atommq_database_up'), 1);
        assert.equal(after.sum('atommq_queue_entries'), 0);
        assert.equal(after.sum('atommq_queue_bytes'), 0);
        assert.equal(after.sum('atommq_waiters'), 0);
        assert.ok(after.sum('atommq_requests_in_progress') >= 1, 'the scrape itself');
      });

      test('the process has its figures', async () => {
        const { samples, types } = await scrape();
        for (const name of [
          'process_cpu_seconds_total',
          'process_resident_memory_bytes',
          'nodejs_eventloop_lag_seconds',
        ])
          assert.ok(
            samples.some((sample) => sample.name === name),
            name,
          );
        assert.equal(types.get('atommq_websub_deliveries_total'), 'counter');
        assert.equal(types.get('atommq_database_retries_total'), 'counter');
      });

      test('a wait is not the time of an answer', async () => {
        const { ask } = at();
        await ask('POST', '/atommq/feed=waited', { body: '<entry/>' });
        const before = await scrape();
        const waited = await ask('GET', '/atommq/feed=waited?start_after=now', { headers: { prefer: 'wait=1' } });
        assert.equal(waited.headers['preference-applied'], 'wait=1');
        const after = await scrape();
        const more = (name: string, labels = {}) => after.sum(name, labels) - before.sum(name, labels);
        assert.equal(more('atommq_wait_duration_seconds_count'), 1);
        assert.equal(more('atommq_request_duration_seconds_count', { route: '/feed=NAME' }), 0);
      });

      test('other methods', async () => {
        assert.equal((await at().ask('POST', '/atommq/metrics')).status, 405);
        const head = await at().ask('HEAD', '/atommq/metrics');
        assert.deepEqual([head.status, head.text], [200, '']);
      });

      test('a request keeps the plain name that it came with', async () => {
        const named = (id: string) => at().ask('GET', '/atommq/health/live', { headers: { 'x-request-id': id } });
        assert.equal((await named('abc-123')).headers['x-request-id'], 'abc-123');
        for (const bad of ['a b', '"><script>', 'x'.repeat(129)]) {
          const id = (await named(bad)).headers['x-request-id'] ?? '';
          assert.match(id, /^[0-9a-f-]{36}$/);
        }
        assert.equal((await at().ask('GET', '/atommq/health/live')).headers['x-request-id'], undefined);
      });
    }
  },
  { environment: { ATOMMQ_METRICS: 'true' } },
);
