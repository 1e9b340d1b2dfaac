/** Servers that ask for credentials: several processes, files that change, streams, our own client, and what the log says. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, Refused } from '../../src/client/client.js';
import { BIN, newFolder, Server, until } from '../client/server.js';
import { readEvents } from '../events.js';
import { endAll, freePort, overHttp, start, stop } from '../server.js';
import { AUDIENCE, basic, bearer, fileOf, htpasswd, ISSUER, jwks, keyServer, makeIssuer } from './credentials.js';

const ENTRY = '<entry xmlns="http://www.w3.org/2005/Atom"><title>a</title></entry>';
const USERS = { bob: 'hunter2-of-bob', ann: 'hunter2-of-ann' };
const passwords = fileOf(htpasswd(USERS));
const database = join(newFolder(), 'bus.db');
const SECRETS = /hunter2|amq_[\w-]{10}|eyJ/;

/** Everything that a process of this file has said. */
const said: (() => string)[] = [];

async function serve(flags: string[], env: NodeJS.ProcessEnv = {}) {
  const port = await freePort();
  const child = start(BIN, ['--port', String(port), '--database', database, '--log', 'debug', ...flags], env);
  said.push(child.said);
  const ask = overHttp(port);
  await until(async () => (await ask('GET', '/health/ready').catch(() => undefined))?.status === 200);
  return { child, port, ask, url: `http://127.0.0.1:${port}/atommq` };
}

function atommq(args: string[], env: NodeJS.ProcessEnv = {}, input = '') {
  const all = { PATH: process.env.PATH, ATOMMQ_DATABASE: database, ...env };
  return spawnSync(BIN, args, { env: all, input, encoding: 'utf8', cwd: newFolder() });
}

function newToken(name: string, ...flags: string[]): string {
  const { status, stdout, stderr } = atommq(['token', 'create', name, ...flags]);
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stderr, SECRETS);
  return stdout.trim();
}

function idOf(name: string): string {
  const list = JSON.parse(atommq(['token', 'list', '--json']).stdout) as { id: string; name: string }[];
  return list.find((one) => one.name === name)!.id;
}

type Served = Awaited<ReturnType<typeof serve>>;
let one: Served;
let two: Served;
before(async () => {
  one = await serve(['--htpasswd-file', passwords, '--heartbeat', '1']);
  two = await serve(['--tokens']);
});
after(endAll);

test('a token works in every process of a bus, and is revoked in every one', async () => {
  const token = newToken('fleet');
  for (const { ask } of [one, two]) {
    assert.equal((await ask('POST', '/feed=fleet', { body: ENTRY, headers: bearer(token) })).status, 201);
  }
  assert.equal(atommq(['token', 'revoke', idOf('fleet')]).status, 0);
  await new Promise((resolve) => setTimeout(resolve, 3100));
  for (const { ask } of [one, two]) {
    assert.equal((await ask('GET', '/feed=fleet', { headers: bearer(token) })).status, 401);
  }
});

test('a stream ends with the token that it was opened with, and a long poll is answered with 401', async () => {
  const token = newToken('stream');
  await one.ask('POST', '/feed=stream', { body: ENTRY, headers: bearer(token) });
  const lasting = newToken('lasting');
  const [stream, other] = await Promise.all(
    [token, lasting].map((text) => readEvents(`${one.url}/feed=stream`, bearer(text))),
  );
  await stream!.until(1);
  const poll = one.ask('GET', '/feed=stream?start_after=now', { headers: { ...bearer(token), prefer: 'wait=30' } });
  assert.equal(atommq(['token', 'revoke', idOf('stream')]).status, 0);
  await stream!.ended;
  await new Promise((resolve) => setTimeout(resolve, 3100));
  await one.ask('POST', '/feed=stream', { body: ENTRY, headers: bearer(lasting) });
  assert.equal((await poll).status, 401);
  await other!.until(2);
  other!.close();
});

test('the file of passwords may change while the server runs; a broken one changes nothing', async () => {
  const file = fileOf(htpasswd(USERS));
  // It is asked until the change has been seen.
  const server = await serve(['--htpasswd-file', file, '--login-failures', '0']);
  const status = async (password: string) => (await server.ask('GET', '/', { headers: basic('bob', password) })).status;
  assert.equal(await status('hunter2-of-bob'), 200);
  writeFileSync(file, htpasswd({ ...USERS, bob: 'hunter2-new' }));
  await until(async () => (await status('hunter2-new')) === 200);
  assert.equal(await status('hunter2-of-bob'), 401);
  writeFileSync(file, 'bob:$apr1$FWv5bS8w$hunter2NPNVHVyXKMDnCE/\n');
  await until(async () => {
    assert.equal(await status('hunter2-new'), 200);
    return /htpasswd-file .*MD5 \(apr1\); only bcrypt is taken.*still counts/.test(server.child.said());
  });
  assert.equal(await status('hunter2-new'), 200);
  writeFileSync(file, htpasswd(USERS));
  await until(async () => (await status('hunter2-of-bob')) === 200);
  await stop(server.child);
});

test('after failed logins an address must wait; whoever is known there goes on', async () => {
  const server = await serve(['--htpasswd-file', passwords, '--trusted-proxies', '127.0.0.1']);
  const login = (name: string, password: string, from: string) =>
    server.ask('GET', '/', { headers: { ...basic(name, password), 'x-forwarded-for': from } });
  assert.equal((await login('bob', USERS.bob, '192.0.2.1')).status, 200);
  for (let i = 0; i < 5; i += 1) assert.equal((await login('ann', `hunter2-${i}`, '192.0.2.1')).status, 401);
  const limited = await login('ann', USERS.ann, '192.0.2.1');
  assert.equal(limited.status, 429);
  assert.match(String(limited.headers['retry-after']), /^[1-9]\d*$/);
  assert.equal((JSON.parse(limited.body) as { type: string }).type, 'urn:atommq:problem:too-many-requests');
  assert.equal((await login('bob', USERS.bob, '192.0.2.1')).status, 200);
  assert.equal((await login('ann', USERS.ann, '192.0.2.2')).status, 200);
  const strange = { ...bearer(`amq_${'x'.repeat(43)}`), 'x-forwarded-for': '192.0.2.3' };
  for (let i = 0; i < 5; i += 1) assert.equal((await server.ask('GET', '/', { headers: strange })).status, 401);
  assert.equal((await server.ask('GET', '/', { headers: strange })).status, 429);
  const good = { ...bearer(newToken('good')), 'x-forwarded-for': '192.0.2.3' };
  assert.equal((await server.ask('GET', '/', { headers: good })).status, 200, 'a token that is good always does');
  await stop(server.child);
});

test('keys of JWTs at an address that is away are a 503, and no end', async () => {
  const issuer = await makeIssuer();
  let status = 500;
  const keys = await keyServer(() => ({ status, body: jwks(issuer) }));
  const flags = ['--jwt-jwks', keys.url, '--jwt-issuer', ISSUER, '--jwt-audience', AUDIENCE];
  const server = await serve(flags);
  const headers = bearer(await issuer.sign());
  const away = await server.ask('GET', '/', { headers });
  assert.deepEqual([away.status, away.headers['retry-after']], [503, '5']);
  status = 200;
  await until(async () => (await server.ask('GET', '/', { headers })).status === 200);
  await keys.stop();
  assert.equal((await server.ask('GET', '/', { headers })).status, 200);
  assert.match(server.child.said(), /jwt-jwks http:\/\/127.0.0.1:\d+\/keys: answered 500/);
  await stop(server.child);
});

test('tail and publish: credentials in the address, or a token in the environment', async () => {
  const token = newToken('command');
  const address = (user: string) => `${one.url.replace('//', `//${user}@`)}/feed=command`;
  const ways: [string, NodeJS.ProcessEnv][] = [
    [address('bob:hunter2-of-bob'), {}],
    [`${one.url}/feed=command`, { ATOMMQ_TOKEN: token }],
  ];
  for (const [feed, env] of ways) {
    const published = atommq(['publish', '--lines', feed, '-'], env, 'a line\n');
    assert.equal(published.status, 0, published.stderr);
    const tailed = atommq(['tail', '--no-follow', feed], env);
    assert.equal(tailed.status, 0, tailed.stderr);
    assert.match(tailed.stdout, /a line/);
  }
  for (const [feed, env] of [
    [`${one.url}/feed=command`, {}],
    [address('bob:hunter2-wrong'), {}],
    [`${one.url}/feed=command`, { ATOMMQ_TOKEN: `${token}x` }],
  ] as [string, NodeJS.ProcessEnv][]) {
    for (const command of ['tail', 'publish']) {
      const { status, stderr } = atommq([command, feed], env, ENTRY);
      assert.equal(status, 1);
      assert.match(stderr, /Give credentials in the address/);
      assert.doesNotMatch(stderr, SECRETS);
    }
  }
});

test('the client of programs: a token, and live entries', async () => {
  const token = newToken('program');
  const feed = connect(two.url, { token }).feed('program');
  await feed.publish({ title: 'one' });
  for await (const entry of feed.entries({ live: true })) {
    assert.equal('title' in entry && entry.title, 'one');
    break;
  }
  await assert.rejects(
    connect(two.url).feed('program').publish({ title: 'two' }),
    (error: unknown) => error instanceof Refused && error.status === 401,
  );
});

test('the server itself publishes what its commands are asked to, without credentials', async () => {
  const { AtomMQ } = await import('../../src/bus.js');
  const bus = await AtomMQ.open({ database, htpasswdFile: passwords }, {});
  await bus.publish('own', { title: 'mine' });
  assert.equal((await bus.read('own')).entries.length, 1);
  await bus.close();
});

test('token: what is no use of it', () => {
  const cases: [string[], RegExp][] = [
    [['token'], /token needs more: atommq token create NAME \| list \| revoke ID/],
    [['token', 'make'], /token takes no "make"; the nearest is/],
    [['token', 'create'], /token create needs more: atommq token create NAME/],
    [['token', 'create', 'a', 'b'], /token create takes no "b"/],
    [['token', 'create', ''], /NAME of a token/],
    [['token', 'create', 'a', '--permissions', 'raed'], /"raed" is none; the nearest is read/],
    [['token', 'create', 'a', '--permissions', ','], /--permissions names none/],
    [['token', 'create', 'a', '--expires', 'soon'], /--expires: "soon" must be a time/],
    [['token', 'list', 'a'], /token list takes no "a"/],
    [['token', 'list', '--expires', '1d'], /--expires is for token create/],
    [['token', 'revoke'], /token revoke needs more: atommq token revoke ID/],
    [['prune', '--permissions', 'read'], /--permissions is for token/],
  ];
  for (const [args, why] of cases) {
    const { status, stderr } = atommq(args);
    assert.equal(status, 2, args.join(' '));
    assert.match(stderr, why);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
  }
  const { status, stderr } = atommq(['token', 'revoke', 'nope']);
  assert.equal(status, 1);
  assert.match(stderr, /there is no token with the id "nope"/);
});

test('token: what is printed', () => {
  const created = atommq([
    'token',
    'create',
    'shown',
    '--feeds',
    'Orders,log-*',
    '--permissions',
    'read',
    '--expires',
    '30d',
  ]);
  assert.match(created.stdout, /^amq_[\w-]{43}\n$/);
  assert.match(
    created.stderr,
    /^atommq: [0-9a-f]{12} "shown" read of orders,log-\*, made .*, until .*It is not shown again\.\n$/,
  );
  const list = atommq(['token', 'list']);
  assert.match(list.stdout, /^active {3}[0-9a-f]{12} "shown" read of orders/m);
  assert.ok(!list.stdout.includes(created.stdout.trim()));
  const made = JSON.parse(atommq(['token', 'create', 'as JSON', '--json']).stdout) as Record<string, unknown>;
  assert.match(String(made.token), /^amq_/);
  assert.deepEqual([made.name, made.state, made.permissions], ['as JSON', 'active', ['read', 'publish']]);
  const revoked = atommq(['token', 'revoke', String(made.id), '--json']);
  assert.equal((JSON.parse(revoked.stdout) as { state: string }).state, 'revoked');
});

test('a start with files that cannot be used is one line and code 2', () => {
  const cases: [string[], RegExp][] = [
    [['--htpasswd-file', '/nope'], /htpasswd-file \/nope: cannot be read \(ENOENT\)/],
    [
      ['--htpasswd-file', fileOf('bob:hunter2\n')],
      /the hash of "bob" \(line 1\) is crypt or plain text; only bcrypt is taken: htpasswd -B/,
    ],
    [['--tokens', '--groups-file', fileOf('x\n')], /groups-file .*line 1 is not a group/],
    [['--jwt-jwks', fileOf('{}')], /jwt-jwks needs jwt-issuer and jwt-audience/],
  ];
  for (const [flags, why] of cases) {
    for (const workers of ['1', '2']) {
      const { status, stderr } = atommq(['--port', '0', '--workers', workers, ...flags]);
      assert.equal(status, 2);
      assert.match(stderr, why);
      assert.doesNotMatch(stderr, SECRETS);
      assert.equal(stderr.trimEnd().split('\n').length, 1);
    }
  }
});

test('nobody listens for others without asking them, unless it is said', async () => {
  const refused: string[][] = [
    ['--host', '0.0.0.0'],
    ['--host', '::'],
    ['--host', '192.0.2.1'],
    ['--host', 'bus.example.org'],
    ['--host', '0.0.0.0', '--trust-remote-user'],
    ['--gateway', 'fastcgi', '--socket', ':9999'],
    ['--gateway', 'fastcgi', '--socket', '0.0.0.0:9999'],
    ['--gateway', 'fastcgi', '--socket', '[::]:9999'],
    ['--gateway', 'fastcgi', '--socket', '0.0.0.0:9999', '--tokens', '--trust-remote-user'],
  ];
  for (const flags of refused) {
    const { status, stderr } = atommq([...flags, '--port', '0']);
    assert.equal(status, 2, flags.join(' '));
    assert.match(stderr, /^atommq: listening on \S+ is for others, too, .*--allow-anonymous\n$/);
  }
  const allowed: string[][] = [
    ['--host', '0.0.0.0', '--allow-anonymous'],
    ['--host', '0.0.0.0', '--tokens'],
    ['--host', '0.0.0.0', '--htpasswd-file', passwords],
    ['--host', 'localhost'],
    ['--gateway', 'fastcgi', '--socket', join(newFolder(), 'a.sock')],
    ['--gateway', 'fastcgi', '--socket', String(await freePort())],
    ['--gateway', 'fastcgi', '--socket', `0.0.0.0:${await freePort()}`, '--allow-anonymous'],
  ];
  for (const flags of allowed) {
    const child = spawn(BIN, [...flags, '--port', '0', '--database', database], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let text = '';
    child.stderr.on('data', (chunk) => {
      text += chunk;
    });
    await until(() => text.includes('listening on') || child.exitCode !== null);
    assert.equal(child.exitCode, null, text);
    assert.equal(await stop(child), 0);
  }
});

test('no password and no token is in what the servers said', async () => {
  for (const { child } of [one, two]) await stop(child);
  assert.ok(said.length >= 4);
  for (const text of said) {
    assert.match(text(), /listening on/);
    assert.doesNotMatch(text(), SECRETS);
  }
});

test('an old kind of server stays as it is: on this machine, for everybody', async () => {
  const server = await Server.start();
  const ask = overHttp(server.port);
  for (const headers of [{}, basic('bob', 'x'), bearer('x')]) {
    assert.equal((await ask('POST', '/feed=a', { body: ENTRY, headers })).status, 201);
  }
  await server.stop();
});
