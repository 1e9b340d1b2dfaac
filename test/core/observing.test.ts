/** What is seen of requests: their routes, their names, their records, and whether more of them may come. */
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import Knex from 'knex';
import { makeApp, ROUTES } from '../../src/app.js';
import { AtomMQ } from '../../src/bus.js';
import { resolveSettings } from '../../src/config.js';
import { answering } from '../../src/failure.js';
import { serveHttp } from '../../src/gateway/http.js';
import { type AccessRecord, accessLog, lineOf } from '../../src/guard/access-log.js';
import { Metrics } from '../../src/guard/metrics.js';
import { maskedAddress, oneLine, withoutPasswords } from '../../src/guard/plain.js';
import { named } from '../../src/guard/request-id.js';
import { routeOf } from '../../src/guard/route.js';
import { traceOf } from '../../src/guard/trace.js';
import { type App, HttpError } from '../../src/http.js';
import { problem } from '../../src/problem.js';
import type { Context } from '../../src/resource/context.js';
import { StoreUnavailable } from '../../src/store/store.js';
import { parseExposition } from '../exposition.js';
import { inProcess, temporaryFolder } from '../fixture.js';

test('every address has a route, without names', () => {
  const routes: Record<string, string[]> = {
    '/': ['', '/'],
    '/feed=NAME': ['/feed=a', '/feed=a/', '/feed=%2F', '/feeds/a', '/feeds/a/', '/feed%3Da', '/%66eeds/a', '/feed='],
    '/feed=NAME/categories': ['/feed=a/categories', '/feeds/a/categories/'],
    '/feed=NAME/entries/ID': ['/feed=a/entries/b', '/feeds/a/entries/urn%3Ab/', '/feed=a/%65ntries/b'],
    '/feed=NAME/entries/ID/media': ['/feed=a/entries/b/media', '/feeds/a/entries/b/media'],
    '/events': ['/events', '/events/'],
    '/hub': ['/hub'],
    '/metrics': ['/metrics', '/%6detrics'],
    '/health/live': ['/health/live'],
    '/health/ready': ['/health/ready/'],
    none: [
      '/x',
      '/feed=a/x',
      '/feed=a/entries',
      '/feed=a/entries/b/c',
      '/feeds',
      '/health',
      '//',
      '/%2F',
      '/%zz',
      '/%00',
    ],
  };
  for (const [route, paths] of Object.entries(routes))
    for (const path of paths) assert.equal(routeOf(path), route, path);
});

test('a line of a log is one line, and steers nothing', () => {
  assert.equal(oneLine('a\r\n  b\u2028c\x1b[2J\0\x7f\u202e\n'), 'a | b | c\\u001b[2J\\u0000\\u007f\\u202e');
  assert.equal(withoutPasswords('at postgres://joe:momma@db/x and a:b@c'), 'at postgres://joe:***@db/x and a:b@c');
});

test('secrets in addresses are masked, and nothing else', () => {
  for (const [search, shown] of [
    ['access_token=abc&start_after=urn:uuid:1', '?access_token=***&start_after=urn:uuid:1'],
    ['p%61ssword=x&page_size=3', '?p%61ssword=***&page_size=3'],
    ['TOKEN=a=b&key=1&sig=2&hub.secret=s', '?TOKEN=***&key=***&sig=***&hub.secret=***'],
    ['monkey=1&order=desc&token', '?monkey=1&order=desc&token'],
    ['u=http://a:b@c', '?u=http://a:***@c'],
  ])
    assert.equal(maskedAddress('/feed=a', search!), `/feed=a${shown}`);
  assert.ok(maskedAddress('/', `a=${'x'.repeat(10_000)}`).length < 3000);
});

test('traceparent: what W3C takes, and nothing else', () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const parentId = '00f067aa0ba902b7';
  const good = `00-${traceId}-${parentId}-01`;
  assert.deepEqual(traceOf(good), { traceId, parentId });
  assert.deepEqual(traceOf(`cc-${traceId}-${parentId}-01-what-is-to-come`), { traceId, parentId });
  for (const bad of [
    undefined,
    '',
    good.toUpperCase(),
    `${good}-x`,
    `${good} `,
    `ff-${traceId}-${parentId}-01`,
    `00-${'0'.repeat(32)}-${parentId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId}-${parentId}-1`,
    `00-${traceId}-${parentId}`,
    `cc-${traceId}-${parentId}-01.x`,
    `${good}, ${good}`,
  ])
    assert.equal(traceOf(bad), undefined, bad);
});

test('every route of the table is one to count by', () => {
  for (const route of Object.keys(ROUTES)) {
    assert.equal(routeOf(route.replace('=NAME', '=a').replace(/NAME|ID/g, 'b')), route);
  }
});

/** An application of a few answers behind the access log, and the records of it. */
function watched(app: App) {
  const records: AccessRecord[] = [];
  return { records, ask: inProcess(accessLog((record) => records.push(record))(named(true)(app))) };
}

test('a record says who asked for what, and what came of it', async () => {
  const { records, ask } = watched(async (request) => {
    request.caller = { name: 'ann\n2026 forged', groups: [] };
    return { status: 200, headers: {}, body: 'übel' };
  });
  const answer = await ask('GET', '/feed=Widgets/entries/x?token=hunter2', {
    headers: {
      authorization: 'Basic aHVudGVyMg==',
      cookie: 'session=hunter2',
      'x-request-id': 'mine-1',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    },
  });
  assert.equal(answer.headers['x-request-id'], 'mine-1');
  const [record] = records;
  const { duration, ...rest } = record!;
  assert.ok(duration >= 0);
  assert.deepEqual(rest, {
    method: 'GET',
    path: '/feed=Widgets/entries/x?token=***',
    status: 200,
    bytes: 5,
    user: 'ann | 2026 forged',
    id: 'mine-1',
    trace: '4bf92f3577b34da6a3ce929d0e0e4736',
    parent: '00f067aa0ba902b7',
    feed: 'widgets',
  });
  assert.doesNotMatch(JSON.stringify(record) + lineOf(record!), /hunter2|aHVu|\n|session/);
});

test('a stream is recorded when it ends, with all its bytes; no body has none', async () => {
  const { records, ask } = watched(async ({ method }) => {
    const body = (async function* () {
      yield 'one';
      assert.equal(records.length, 0);
      yield Buffer.from('two');
    })();
    return { status: method === 'HEAD' ? 200 : 226, headers: {}, body };
  });
  await ask('GET', '/');
  await inProcess(accessLog((record) => records.push(record))(async () => ({ status: 304, headers: {} })))('GET', '/');
  assert.deepEqual(
    records.map(({ status, bytes }) => [status, bytes]),
    [
      [226, 6],
      [304, 0],
    ],
  );
});

test('what a guard throws is an answer, recorded and counted', async () => {
  const metrics = new Metrics(0);
  const { records, ask } = watched(
    metrics.guard(
      answering(async (_, error) => problem(error))(async () => {
        throw new HttpError(503, 'Too much.', { headers: { 'retry-after': '1' } });
      }),
    ),
  );
  const { status, headers } = await ask('GET', '/feed=a');
  assert.deepEqual([status, headers['retry-after'], headers['x-request-id']], [503, '1', records[0]!.id]);
  assert.equal(records[0]!.status, 503);
  const exposed = parseExposition(String((await metrics.answer()).body));
  assert.equal(exposed.sum('atommq_requests_total', { route: '/feed=NAME', status: '503' }), 1);
});

test('methods that clients make up are one', async () => {
  const metrics = new Metrics(0);
  const ask = inProcess(metrics.guard(async () => ({ status: 405, headers: {} })));
  for (const method of ['BREW', 'constructor', 'other', 'GET']) await ask(method, '/');
  const exposed = parseExposition(String((await metrics.answer()).body));
  assert.equal(exposed.sum('atommq_requests_total', { method: 'other' }), 3);
  assert.equal(exposed.sum('atommq_requests_total', { method: 'GET' }), 1);
});

test('an error of ours names its request in the answer and in the log', async () => {
  const told: unknown[][] = [];
  const errors = [new Error('oh'), new StoreUnavailable(new Error('away')), new HttpError(503, 'Too much.')];
  const store = { feeds: () => Promise.reject(errors.shift()), allCategories: () => Promise.resolve([]) };
  const ask = inProcess(makeApp({ store, settings: {} } as unknown as Context, (...all) => told.push(all)));
  for (const status of [500, 503, 503]) {
    const answer = await ask('GET', '/', { headers: { 'x-request-id': `r-${status}` } });
    assert.equal(answer.status, status, answer.body);
    assert.equal(answer.headers['x-request-id'], `r-${status}`);
    const problem = JSON.parse(answer.body) as Record<string, unknown>;
    assert.equal(problem.request, `r-${status}`);
    assert.equal(typeof problem.detail, 'string');
    assert.ok(answer.body.length < 400);
  }
  assert.deepEqual(
    told.map(([, id]) => id),
    ['r-500', 'r-503'],
  );
});

test('the log has what the database said, without the statement and its values', () => {
  const said = (cause: unknown) => new StoreUnavailable(cause).message;
  const full = 'could not extend file "base/5/16414": No space left on device';
  assert.equal(
    said(new Error(`insert into "x" values ('a secret - 1') - ${full}`)),
    `The database does not answer: ${full}`,
  );
  const mysql = Object.assign(new Error('insert …'), { sqlMessage: "The table 'a - b' is full" });
  assert.equal(said(mysql), "The database does not answer: The table 'a - b' is full");
  assert.equal(said(new Error('x'.repeat(1000))).length, 330);
  assert.match(said(undefined), /undefined$/);
});

test('ready while the database is there, away, and of another schema', async () => {
  const filename = join(temporaryFolder(), 'bus.db');
  const bus = await AtomMQ.from(resolveSettings({ file: false, set: { database: filename } }).settings);
  const ask = inProcess(bus.app);
  assert.deepEqual(
    [(await ask('GET', '/health/ready')).status, (await ask('GET', '/health/live')).body],
    [200, 'live\n'],
  );
  const knex = Knex({ client: 'sqlite3', connection: { filename }, useNullAsDefault: true });
  await knex('mq_meta').where({ name: 'schema' }).update({ value: '99' });
  const other = await ask('GET', '/health/ready');
  assert.equal(other.status, 503);
  assert.match(other.body, /schema version 99/);
  await knex.destroy();
  await bus.close();
  const store = { ping: () => Promise.reject(new StoreUnavailable(new Error('postgres://joe:momma@db'))) };
  const away = await inProcess(makeApp({ store } as unknown as Context, () => {}))('GET', '/health/ready');
  assert.deepEqual([away.status, away.headers['retry-after']], [503, '1']);
  assert.match(away.body, /database does not answer/);
  assert.doesNotMatch(away.body, /momma/);
});

test('a server that stops is not ready, and still lives', async () => {
  const bus = await AtomMQ.from(resolveSettings({ file: false, set: { database: ':memory:' } }).settings);
  const options = { mount: '/atommq', trustedProxies: [], trustRemoteUser: false };
  const listener = await serveHttp(bus.app, { ...options, host: '127.0.0.1', port: 0 });
  const ask = (path: string, agent: Agent) =>
    new Promise<[number, string]>((resolve, reject) => {
      request(`${listener.address}${path}`, { agent }, async (response) => {
        const pieces = await response.toArray();
        resolve([response.statusCode!, Buffer.concat(pieces).toString()]);
      })
        .on('error', reject)
        .end();
    });
  const [one, two] = [new Agent({ keepAlive: true, maxSockets: 1 }), new Agent({ keepAlive: true, maxSockets: 1 })];
  assert.equal((await ask('/health/ready', one))[0], 200);
  assert.equal((await ask('/health/ready', two))[0], 200);
  const closed = listener.close(5);
  const [status, body] = await ask('/health/ready', one);
  assert.equal(status, 503);
  assert.match(body, /stopping/);
  assert.equal((await ask('/health/live', two))[0], 200);
  assert.equal(await closed, true);
  await bus.close();
  for (const agent of [one, two]) agent.destroy();
});
