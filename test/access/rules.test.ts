/** Who may do what by which rules: what the rules mean, and any rules and callers against the plainest reading of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Access, type AccessRule, ANYONE, AUTHENTICATED_ONLY } from '../../src/access/access.js';
import type { Caller, Permission } from '../../src/access/caller.js';
import { covers, patternOf } from '../../src/access/pattern.js';

const PERMISSIONS: Permission[] = ['read', 'publish', 'edit', 'admin'];
const made = (...rules: AccessRule[]) => new Access(rules, { credentials: true });
const user = (name: string, ...groups: string[]): Caller => ({ name, groups });

test('the first rule that matches the feed and names the caller decides', () => {
  const access = made(
    { match: 'orders', allow: [], to: ['mallory'] },
    { match: 'orders', allow: ['publish'], to: ['@shop'] },
    { match: 'orders', allow: ['read', 'publish'], to: ['authenticated'] },
    { match: '*', allow: ['read'], to: ['anyone'] },
  );
  const may = (caller: Caller, feed = 'orders') => PERMISSIONS.filter((one) => access.may(caller, one, feed));
  assert.deepEqual(may(user('mallory', 'shop')), []);
  assert.deepEqual(may(user('ann', 'shop')), ['publish']);
  assert.deepEqual(may(user('ben')), ['read', 'publish']);
  assert.deepEqual(may(ANYONE), ['read']);
  assert.deepEqual(may(user('mallory'), 'other'), ['read']);
  assert.equal(access.isOpen('orders'), true);
});

test('what no rule speaks of is denied, and a program itself may do everything', () => {
  const access = made({ match: 'a', allow: ['admin'], to: ['ann'] });
  assert.equal(access.may(user('ann'), 'read', 'a'), true);
  assert.equal(access.may(user('ann'), 'read', 'b'), false);
  assert.equal(access.may(user('ben'), 'read', 'a'), false);
  assert.equal(access.may(ANYONE, 'read', 'a'), false);
  assert.equal(access.may(undefined, 'admin', 'b'), true);
});

test('names of users, of groups and of neither do not mix', () => {
  const access = made(
    { match: '1', allow: ['read'], to: ['staff'] },
    { match: '2', allow: ['read'], to: ['@staff'] },
    { match: '3', allow: ['read'], to: ['user:anyone', 'user:@x', 'user:authenticated'] },
  );
  const reads = (caller: Caller) => ['1', '2', '3'].filter((feed) => access.may(caller, 'read', feed));
  assert.deepEqual(reads(user('staff')), ['1']);
  assert.deepEqual(reads(user('Staff')), []);
  assert.deepEqual(reads(user('x', 'staff')), ['2']);
  assert.deepEqual(reads(user('@staff', 'group:staff')), []);
  assert.deepEqual(reads(user('anyone')), ['3']);
  assert.deepEqual(reads(user('@x')), ['3']);
  // Whoever has no name is in no group, whatever it says.
  assert.deepEqual(reads({ name: undefined, groups: ['staff'] }), []);
});

test('credentials with a scope give less than the rules, never more', () => {
  const access = made({ match: '*', allow: ['admin'], to: ['ann'] });
  const scoped = (permissions: Permission[], feeds?: string[]): Caller => ({
    ...user('ann'),
    scope: { permissions, feeds },
  });
  const may = (caller: Caller, feed: string) => PERMISSIONS.filter((one) => access.may(caller, one, feed));
  assert.deepEqual(may(scoped(['read']), 'a'), ['read']);
  assert.deepEqual(may(scoped(['admin']), 'a'), PERMISSIONS);
  assert.deepEqual(may(scoped(['read', 'publish'], ['log-*']), 'a'), []);
  assert.deepEqual(may(scoped(['read', 'publish'], ['x', 'LOG-*']), 'log-a'), ['read', 'publish']);
  assert.deepEqual(may({ ...scoped(['admin']), name: 'ben' }, 'a'), []);
  assert.deepEqual(may(scoped([]), 'a'), []);
});

test('the whole server is for those whom the first rule for * that names them makes admin', () => {
  const access = made(
    { match: 'log-*', allow: ['admin'], to: ['ben'] },
    { match: '*', allow: ['read'], to: ['carl'] },
    { match: '*', allow: ['admin'], to: ['ann', 'carl'] },
  );
  const scope = (permissions: Permission[], feeds?: string[]) => ({ ...user('ann'), scope: { permissions, feeds } });
  assert.equal(access.mayAdmin(user('ann')), true);
  assert.equal(access.mayAdmin(user('ben')), false);
  assert.equal(access.mayAdmin(user('carl')), false);
  assert.equal(access.mayAdmin(ANYONE), false);
  assert.equal(access.mayAdmin(undefined), true);
  assert.equal(access.mayAdmin(scope(['read', 'publish', 'edit'])), false);
  assert.equal(access.mayAdmin(scope(['admin'], ['log-*'])), false);
  assert.equal(access.mayAdmin(scope(['admin'], ['log-*', '*'])), true);
});

test('without rules whoever has said who they are may do everything, within their scope', () => {
  const access = new Access(AUTHENTICATED_ONLY, { credentials: true });
  assert.equal(access.may(user('ann'), 'admin', 'a'), true);
  assert.equal(access.mayAdmin(user('ann')), true);
  assert.equal(access.may(ANYONE, 'read', 'a'), false);
  assert.equal(access.isOpen('a'), false);
  assert.equal(
    access.may({ ...user('ann'), scope: { permissions: ['read'], feeds: undefined } }, 'publish', 'a'),
    false,
  );
});

/** Few letters, so that patterns, feeds, users and groups meet often. */
const letter = fc.constantFrom('a', 'b', '-');
const feed = fc.string({ unit: letter, minLength: 1, maxLength: 4 });
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*', '?', '.'), minLength: 1, maxLength: 4 });
const permissions = fc.subarray(PERMISSIONS);
const name = fc.constantFrom('ann', 'ben', 'anyone', 'authenticated', 'staff');
const group = fc.constantFrom('staff', 'ops', 'ann');
const subject = fc.oneof(
  fc.constantFrom('anyone', 'authenticated', 'ann', 'ben', 'staff'),
  name.map((one) => `user:${one}`),
  group.map((one) => `@${one}`),
  group.map((one) => `group:${one}`),
);
const rule: fc.Arbitrary<AccessRule> = fc.record({
  match: pattern,
  allow: permissions,
  to: fc.array(subject, { minLength: 1, maxLength: 3 }),
});
const caller: fc.Arbitrary<Caller> = fc
  .record({
    name: fc.option(name, { nil: undefined }),
    groups: fc.subarray(['staff', 'ops', 'ann']),
    scope: fc.option(
      fc.record({ permissions, feeds: fc.option(fc.array(pattern, { maxLength: 2 }), { nil: undefined }) }),
      { nil: undefined },
    ),
  })
  .map(({ scope, ...rest }) => (scope === undefined ? rest : { ...rest, scope }));

/** A pattern read letter by letter. */
function matches(match: string, text: string): boolean {
  if (match === '') return text === '';
  const [first, rest] = [match[0]!, match.slice(1)];
  if (first === '*') return matches(rest, text) || (text !== '' && matches(match, text.slice(1)));
  return text !== '' && (first === '?' || first === text[0]) && matches(rest, text.slice(1));
}

/** The same by the words of the documentation. */
function mayByTheBook(rules: AccessRule[], who: Caller, permission: Permission, name: string): boolean {
  const lists = (some: readonly Permission[]) => some.indexOf(permission) >= 0 || some.indexOf('admin') >= 0;
  if (who.scope !== undefined) {
    if (!lists(who.scope.permissions)) return false;
    if (who.scope.feeds !== undefined && !who.scope.feeds.some((one) => matches(one, name))) return false;
  }
  for (const { match, allow, to } of rules) {
    if (!matches(match, name)) continue;
    for (const one of to) {
      const isNamed =
        one === 'anyone' ||
        (who.name !== undefined &&
          (one === 'authenticated' ||
            one === `user:${who.name}` ||
            (one === who.name && one !== 'anyone' && one !== 'authenticated') ||
            who.groups.some((group) => one === `@${group}` || one === `group:${group}`)));
      if (isNamed) return lists(allow);
    }
  }
  return false;
}

test('any rules, callers and feeds: as by the book', () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 6 }), caller, feed, (rules, who, name) => {
      const access = made(...rules);
      for (const permission of PERMISSIONS) {
        const expected = mayByTheBook(rules, who, permission, name);
        assert.equal(access.may(who, permission, name), expected, permission);
        // Whoever may with some feed is not told that they may with none.
        if (expected) assert.ok(access.maySomewhere(who, permission));
      }
      assert.equal(access.isOpen(name), mayByTheBook(rules, ANYONE, 'read', name));
    }),
    { numRuns: 5000 },
  );
});

test('whoever administers the server may do everything with a feed of which no other rule speaks', () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 6 }), caller, (rules, who) => {
      const last: AccessRule[] = [...rules.filter(({ match }) => !/^\*?\?|^\*+$/.test(match)), ...rules, ADMIN];
      // A name that is longer and of other letters than any pattern but those with a star alone.
      if (rules.some(({ match }) => match !== '*' && matches(match, 'zzzzzzzz'))) return;
      assert.equal(made(...last).mayAdmin(who), made(...last).may({ ...who, ...unlimited(who) }, 'admin', 'zzzzzzzz'));
    }),
    { numRuns: 2000 },
  );
});

const ADMIN: AccessRule = { match: '*', allow: ['admin'], to: ['ann'] };

/** A scope that names all feeds by one pattern, or none. */
function unlimited({ scope }: Caller): Partial<Caller> {
  if (scope === undefined) return {};
  return { scope: { ...scope, feeds: scope.feeds?.includes('*') === false ? [] : undefined } };
}

test('a pattern that covers another matches all that it matches', () => {
  fc.assert(
    fc.property(pattern, pattern, feed, (one, other, name) => {
      if (covers(one, other) && patternOf(other).test(name)) assert.match(name, patternOf(one));
      assert.ok(covers('*', other) && covers(other, other));
      assert.equal(patternOf(one).test(name), matches(one, name));
    }),
    { numRuns: 20_000 },
  );
});
