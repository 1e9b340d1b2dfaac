/** The guard: what it tells the application of a caller, and what it lets nobody see. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Caller } from '../../src/access/caller.js';
import { makeToken } from '../../src/access/token.js';
import { answering, errorOf } from '../../src/failure.js';
import { type AuthenticationSettings, makeAuthentication } from '../../src/guard/authentication.js';
import { type App, HttpError, HttpRequest, type HttpResponse } from '../../src/http.js';
import { problem } from '../../src/problem.js';
import { StoreUnavailable } from '../../src/store/store.js';
import type { Token, Tokens } from '../../src/store/token.js';
import { PATH, root } from '../doors/children.js';
import { temporaryFolder } from '../fixture.js';
import { basic, bearer, fileOf, htpasswd } from './credentials.js';

const HTPASSWD = fileOf(htpasswd({ bob: 'hunter2' }));
const GROUPS = fileOf('editors: bob app jörg\nall: bob\n');

interface Options {
  settings?: Partial<AuthenticationSettings>;
  anonymous?: boolean;
  token?: Partial<Token>;
  find?: () => Promise<Token | undefined>;
  app?: App;
}

/** A guarded application that shows who calls, unless it is another one. */
function open({ settings = {}, anonymous = false, token = {}, find, app = show }: Options = {}) {
  const { hash, token: text } = makeToken();
  const kept: Token = {
    ...{ id: 'x', name: 'app', hash, permissions: ['read'], feeds: ['a*'], createdAt: 1 },
    ...{ expiresAt: undefined, revokedAt: undefined },
    ...token,
  };
  const told: unknown[] = [];
  let asked = 0;
  const tokens = {
    find: (wanted: string) => {
      asked += 1;
      return find?.() ?? Promise.resolve(wanted === hash ? kept : undefined);
    },
  } as unknown as Tokens;
  const guard = makeAuthentication(
    { htpasswdFile: HTPASSWD, groupsFile: GROUPS, title: 'A "bus" für\\alle', ...settings },
    { tokens: async () => tokens, anonymous, onError: (error) => told.push(error) },
  );
  const answers = answering(async (request, error) =>
    problem(errorOf(error, request, (trouble) => told.push(trouble))),
  );
  const guarded = answers(guard(app));
  const ask = (headers: Record<string, string> = {}, more: { user?: string; path?: string; search?: string } = {}) =>
    guarded(
      new HttpRequest({
        method: 'GET',
        base: 'http://h/atommq',
        path: '/feed=a',
        search: '',
        headers,
        body: (async function* () {})(),
        nature: { runOnce: false, multiprocess: false },
        ...more,
      }),
    );
  return { ask, text, told, asked: () => asked };
}

const show: App = async ({ caller }) => ({ status: 200, headers: {}, body: JSON.stringify(caller ?? 'a program') });
const callerOf = ({ status, body }: HttpResponse): Caller => {
  assert.equal(status, 200, String(body));
  return JSON.parse(String(body)) as Caller;
};

test('who calls: by a password, by a token with its limits, by the web server’s word', async () => {
  const { ask, text } = open({ settings: { trustRemoteUser: true } });
  assert.deepEqual(callerOf(await ask(basic('bob', 'hunter2'))), { name: 'bob', groups: ['editors', 'all'] });
  assert.deepEqual(callerOf(await ask(bearer(text))), {
    name: 'app',
    groups: ['editors'],
    scope: { permissions: ['read'], feeds: ['a*'] },
  });
  const latin1 = Buffer.from('jörg').toString('latin1');
  assert.deepEqual(callerOf(await ask({}, { user: latin1 })), { name: 'jörg', groups: ['editors'] });
  assert.deepEqual(
    callerOf(await ask(basic('bob', 'wrong'), { user: 'someone' })),
    { name: 'someone', groups: [] },
    'what the web server has verified is not looked at again',
  );
});

test('nobody: refused, or a caller without a name where the application decides; wrong is wrong in both', async () => {
  const strict = open();
  assert.equal((await strict.ask()).status, 401);
  const lenient = open({ anonymous: true });
  assert.deepEqual(callerOf(await lenient.ask()), { groups: [] });
  for (const { ask } of [strict, lenient]) {
    for (const headers of [basic('bob', 'wrong'), bearer('x'), { authorization: '' }, { authorization: 'Digest x' }]) {
      assert.equal((await ask(headers)).status, 401);
    }
  }
});

test('a 401 of the application gets the challenges, and names are quoted so that they stay in their quotes', async () => {
  const app: App = async () => ({ status: 401, headers: { 'content-type': 'x' } });
  const { headers } = await open({ anonymous: true, app }).ask();
  const realm = `realm="A 'bus' f?r'alle"`;
  assert.deepEqual(headers, {
    'content-type': 'x',
    'www-authenticate': [`Basic ${realm}, charset="UTF-8"`, `Bearer ${realm}`],
  });
});

test('only the schemes that are configured are named; where there is none the answer is 403', async () => {
  const schemes = async (settings: Partial<AuthenticationSettings>) => {
    const { status, headers } = await open({ settings }).ask();
    return [status, ...[headers['www-authenticate'] ?? []].flat().map((one) => one.split(' ')[0])];
  };
  assert.deepEqual(await schemes({}), [401, 'Basic', 'Bearer']);
  assert.deepEqual(await schemes({ tokens: false }), [401, 'Basic']);
  assert.deepEqual(await schemes({ htpasswdFile: undefined }), [401, 'Bearer']);
  assert.deepEqual(await schemes({ htpasswdFile: undefined, tokens: false, trustRemoteUser: true }), [403]);
  const without = open({ settings: { tokens: false } });
  assert.equal((await without.ask(bearer(without.text))).status, 401);
  assert.equal(without.asked(), 0);
  assert.equal((await open({ settings: { htpasswdFile: undefined } }).ask(basic('bob', 'hunter2'))).status, 401);
});

test('a token that is of no use', async () => {
  const now = Date.now() * 1000;
  for (const [token, why] of [
    [{ expiresAt: now - 1 }, 'expired'],
    [{ revokedAt: now }, 'revoked'],
  ] as const) {
    const { ask, text } = open({ token });
    const { status, headers } = await ask(bearer(text));
    assert.equal(status, 401);
    assert.match(String(headers['www-authenticate']), new RegExp(`error="invalid_token", error_description=".*${why}`));
  }
});

test('the database is asked once for many requests with one token, and not for what is no token of ours', async () => {
  const { ask, text, asked } = open();
  await Promise.all(Array.from({ length: 50 }, () => ask(bearer(text))));
  await ask(bearer(text));
  assert.equal(asked(), 1);
  for (const other of ['x', 'amq_', `${text}x`, 'a.b.c']) assert.equal((await ask(bearer(other))).status, 401);
  assert.equal(asked(), 1);
});

test('a database that is away is a 503 and an error in the log; what else goes wrong a 500 that says nothing', async () => {
  const away = open({ find: () => Promise.reject(new StoreUnavailable(new Error('connect ECONNREFUSED'))) });
  const answer = await away.ask(bearer(away.text));
  assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '1']);
  assert.ok(away.told[0] instanceof StoreUnavailable);
  const broken = open({ find: () => Promise.reject(new Error('a secret')) });
  const { status, body } = await broken.ask(bearer(broken.text));
  assert.equal(status, 500);
  assert.doesNotMatch(String(body), /secret/);
});

test('a token in the address is refused before anything else', async () => {
  const { ask } = open({ anonymous: true });
  for (const search of ['access_token=x', 'a=b&access%5ftoken=', 'access_token']) {
    assert.equal((await ask(basic('bob', 'hunter2'), { search })).status, 400);
  }
  assert.equal((await ask({}, { search: 'x=access_token' })).status, 200);
});

test('health is open as it is written, and nothing else is', async () => {
  const { ask } = open();
  for (const path of ['/health/live', '/health/ready']) assert.equal((await ask({}, { path })).status, 200);
  for (const path of [
    '',
    '/',
    '/health',
    '/health/',
    '/health/live/x',
    '/health/%6cive',
    '/x/health/live',
    '/metrics',
  ]) {
    assert.equal((await ask({}, { path })).status, 401, path);
  }
});

test('a stream that ends because of its credentials is closed for the application, too', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  let closed = false;
  const app: App = async () => ({
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
    body: (async function* () {
      try {
        for (;;) yield ':\n\n';
      } finally {
        closed = true;
      }
    })(),
  });
  let token: Token | undefined = {
    ...{ id: 'x', name: 'app', hash: '', permissions: [], feeds: undefined, createdAt: 1 },
    ...{ expiresAt: undefined, revokedAt: undefined },
  };
  let isAway = false;
  const find = async () => {
    if (isAway) throw new StoreUnavailable(new Error());
    return token;
  };
  const { ask, text } = open({ app, find });
  const { body } = await ask(bearer(text));
  const pieces = (body as AsyncIterable<string>)[Symbol.asyncIterator]();
  const next = async () => {
    t.mock.timers.tick(3001);
    return (await pieces.next()).done === true;
  };
  assert.equal(await next(), false);
  isAway = true;
  assert.equal(await next(), false, 'nobody loses a stream because the database cannot be asked');
  isAway = false;
  assert.equal(await next(), false);
  token = undefined;
  assert.equal(await next(), true);
  assert.equal(closed, true);
});

test('a stream ends when its reader comes into other groups, and a long poll is to be asked again', async (t) => {
  const app: App = async () => ({
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
    body: (async function* () {
      for (;;) yield ':\n\n';
    })(),
  });
  for (const way of ['basic', 'token', 'user']) {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const groupsFile = fileOf('some: bob app\n');
    const { ask, text } = open({ app, settings: { groupsFile, trustRemoteUser: true } });
    const { body } = await (way === 'user'
      ? ask({}, { user: 'bob' })
      : ask(way === 'basic' ? basic('bob', 'hunter2') : bearer(text)));
    const pieces = (body as AsyncIterable<string>)[Symbol.asyncIterator]();
    const next = async () => {
      t.mock.timers.tick(3001);
      return (await pieces.next()).done === true;
    };
    assert.equal(await next(), false, way);
    writeFileSync(groupsFile, 'other: bob app\n');
    assert.equal(await next(), true, way);
    const waiting = async () => {
      t.mock.timers.tick(3001);
      writeFileSync(groupsFile, 'some: bob app\n');
      return { status: 200, headers: {}, body: 'for others' };
    };
    const poll = open({ app: waiting, settings: { groupsFile, trustRemoteUser: true } });
    const credentials = way === 'basic' ? basic('bob', 'hunter2') : way === 'token' ? bearer(poll.text) : {};
    const answer = await poll.ask(credentials, way === 'user' ? { user: 'bob' } : {});
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '1'], way);
    t.mock.timers.reset();
  }
});

test('what the application throws passes as it is', async () => {
  const app: App = () => Promise.reject(new HttpError(418, 'x'));
  assert.equal((await open({ app, anonymous: true }).ask()).status, 418);
});

test('REMOTE_USER of a CGI script: believed where the configuration says so, and never from a header', () => {
  const run = (env: Record<string, string>) => {
    const { stdout } = spawnSync(join(root, 'bin/atommq.cgi'), [], {
      encoding: 'utf8',
      env: {
        PATH,
        ATOMMQ_DATABASE: join(temporaryFolder(), 'bus.db'),
        GATEWAY_INTERFACE: 'CGI/1.1',
        SERVER_NAME: 'h',
        SERVER_PORT: '80',
        REQUEST_METHOD: 'GET',
        REQUEST_URI: '/atommq/',
        SCRIPT_NAME: '/atommq',
        PATH_INFO: '/',
        ...env,
      },
    });
    return Number(/^Status: (\d+)/.exec(stdout)?.[1]);
  };
  const asked = { ATOMMQ_HTPASSWD_FILE: HTPASSWD };
  assert.equal(run({ ...asked }), 401);
  assert.equal(run({ ...asked, REMOTE_USER: 'jane' }), 401);
  assert.equal(run({ ...asked, HTTP_REMOTE_USER: 'jane', ATOMMQ_TRUST_REMOTE_USER: 'yes' }), 401);
  assert.equal(run({ ...asked, REMOTE_USER: 'jane', ATOMMQ_TRUST_REMOTE_USER: 'yes' }), 200);
  assert.equal(run({ ATOMMQ_TRUST_REMOTE_USER: 'yes' }), 401);
  assert.equal(run({ ...asked, HTTP_AUTHORIZATION: basic('bob', 'hunter2').authorization }), 200);
});
