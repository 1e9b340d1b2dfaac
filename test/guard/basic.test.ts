/** Names and passwords: what is verified, what is remembered, and whom another one's failures hold up. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Basic } from '../../src/guard/basic.js';
import { parseHtpasswd } from '../../src/guard/htpasswd.js';
import { Refusal } from '../../src/guard/identity.js';
import { WatchedFile } from '../../src/guard/watched-file.js';
import { HttpError } from '../../src/http.js';
import { fileOf, htpasswd } from './credentials.js';

beforeEach(() => mock.timers.enable({ apis: ['Date'], now: 1e12 }));
afterEach(() => mock.timers.reset());

const USERS = { bob: 'hunter2', ann: 'pässwörd', joe: '' };

function open(users: Record<string, string> = USERS, failures = 3) {
  const path = fileOf(htpasswd(users));
  const file = new WatchedFile('htpasswd-file', path, parseHtpasswd, () => {});
  const basic = new Basic({ users: file, groupsOf: (name) => [`of-${name}`], failures });
  /** 200, or the status of the refusal. */
  const login = async (name: string, password: string, place = 'here') => {
    try {
      await basic.identify(name, Buffer.from(password), place);
      return 200;
    } catch (error) {
      if (error instanceof Refusal) return 401;
      assert.ok(error instanceof HttpError, String(error));
      if (error.status === 429) assert.match(String(error.headers['retry-after']), /^[1-9]\d*$/);
      return error.status;
    }
  };
  return { path, basic, login };
}

test('right and wrong names and passwords', async () => {
  const { login, basic } = open(USERS, 0);
  const cases: [string, string, number][] = [
    ['bob', 'hunter2', 200],
    ['ann', 'pässwörd', 200],
    ['joe', '', 200],
    ['bob', 'hunter', 401],
    ['bob', 'hunter2 ', 401],
    ['bob', 'pässwörd', 401],
    ['Bob', 'hunter2', 401],
    ['', '', 401],
    ['nobody', 'hunter2', 401],
    ['__proto__', 'hunter2', 401],
  ];
  for (const [name, password, status] of cases)
    assert.equal(await login(name, password), status, `${name}:${password}`);
  const { caller } = await basic.identify('bob', Buffer.from('hunter2'), 'here');
  assert.deepEqual(caller, { name: 'bob', groups: ['of-bob'] });
});

test('without any user nobody gets in', async () => {
  const { login } = open({});
  assert.equal(await login('bob', 'hunter2'), 401);
});

test('after too many failures an address waits, and then gets one more attempt', async () => {
  const { login } = open();
  for (let i = 0; i < 3; i += 1) assert.equal(await login('bob', `wrong${i}`), 401);
  assert.equal(await login('bob', 'wrong'), 429);
  assert.equal(await login('bob', 'hunter2'), 429, 'right ones that nobody knows, too');
  assert.equal(await login('bob', 'hunter2', 'elsewhere'), 200);
  mock.timers.tick(1000);
  assert.equal(await login('bob', 'wrong'), 401);
  assert.equal(await login('bob', 'hunter2'), 429);
  mock.timers.tick(2000);
  assert.equal(await login('bob', 'hunter2'), 200);
});

test('attempts that come all at once are no more than those that come one by one', async () => {
  const { login } = open();
  const statuses = await Promise.all(Array.from({ length: 20 }, (_, i) => login('bob', `guess${i}`)));
  assert.deepEqual(statuses.slice(0, 3), [401, 401, 401]);
  assert.ok(statuses.slice(3).every((status) => status === 429));
});

test('many who are right may come from one place at once', async () => {
  const users = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`user${i}`, `password${i}`]));
  const { login } = open(users);
  const statuses = await Promise.all(Object.entries(users).flatMap((user) => [login(...user), login(...user)]));
  assert.ok(statuses.every((status) => status === 200));
});

test('a neighbour’s failures do not hold up whoever is known, and are no way to guess at them either', async () => {
  const { login } = open();
  assert.equal(await login('bob', 'hunter2'), 200);
  for (let i = 0; i < 50; i += 1) assert.notEqual(await login('ann', `guess${i}`), 200);
  assert.equal(await login('bob', 'hunter2'), 200);
  assert.equal(await login('ann', 'pässwörd'), 429);
  for (let i = 0; i < 50; i += 1) assert.notEqual(await login('bob', `guess${i}`), 200);
  assert.equal(await login('bob', 'hunter2'), 429, 'guessing at a name from its own address ends its privilege there');
  assert.equal(await login('bob', 'hunter2', 'elsewhere'), 200);
});

test('right credentials are remembered while they are in use, and not for another address', async () => {
  const { login, basic } = open();
  assert.equal(await login('bob', 'hunter2'), 200);
  for (let i = 0; i < 5; i += 1) {
    mock.timers.tick(50_000);
    assert.equal(await login('bob', 'hunter2'), 200);
  }
  for (let i = 0; i < 3; i += 1) await login('x', `wrong${i}`);
  assert.equal(await login('bob', 'hunter2'), 200);
  const { stands } = await basic.identify('bob', Buffer.from('hunter2'), 'here');
  assert.equal(await stands(), true);
  mock.timers.tick(61_000);
  for (let i = 0; i < 3; i += 1) await login('x', `wrong${i}`);
  assert.equal(await login('bob', 'hunter2'), 429, 'they are forgotten after a minute');
});

test('a new password, or no user any more, counts at once for what is remembered', async () => {
  const { login, basic, path } = open();
  assert.equal(await login('bob', 'hunter2'), 200);
  const { stands } = await basic.identify('bob', Buffer.from('hunter2'), 'here');
  writeFileSync(path, htpasswd({ bob: 'changed', ann: 'x' }));
  mock.timers.tick(1000);
  assert.equal(await stands(), false);
  assert.equal(await login('bob', 'hunter2'), 401);
  assert.equal(await login('bob', 'changed'), 200);
  writeFileSync(path, htpasswd({ ann: 'x' }));
  mock.timers.tick(1000);
  assert.equal(await login('bob', 'changed'), 401);
});

test('a name that is not there costs as much work as one that is', async () => {
  const { verify } = await import('@node-rs/bcrypt');
  // Times are of no use on a busy machine; that a hash of dots is computed to its end is what time would show.
  const hash = `$2y$10$${'.'.repeat(53)}`;
  const real = `$2y$10$${htpasswd({ bob: 'x' }, 10).slice(11, 64)}`;
  const cost = async (one: string) => {
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 3; i += 1) {
      const begun = process.hrtime.bigint();
      assert.equal(await verify('wrong', one), false);
      least = Math.min(least, Number(process.hrtime.bigint() - begun));
    }
    return least;
  };
  const [dots, there] = [await cost(hash), await cost(real)];
  assert.ok(dots > there / 20, `${dots} ns against ${there} ns`);
});
