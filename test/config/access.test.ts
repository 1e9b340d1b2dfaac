/** The rules of access as they are configured: how they are written, and what is said of mistakes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { access } from '../../src/config/access.js';
import { resolveSettings } from '../../src/config.js';

const READ = { match: '*', allow: ['read'], to: ['anyone'] };

test('lists, texts and JSON are the same', () => {
  const made = [{ match: 'log-*', allow: ['read', 'publish'], to: ['ann', '@staff', '@ops', 'user:anyone'] }];
  assert.deepEqual(
    access([{ match: 'log-*', allow: ['read', 'publish'], to: ['ann', '@staff', 'group:ops', 'user:anyone'] }]),
    made,
  );
  assert.deepEqual(access([{ match: 'log-*', allow: 'read publish', to: 'ann,@staff, group:ops user:anyone' }]), made);
  assert.deepEqual(access(JSON.stringify(made)), made);
  assert.deepEqual(access([{ match: 'a', allow: 'nothing', to: 'a user' }])[0]!.allow, []);
  // In a list a name may have spaces in it.
  assert.deepEqual(access([{ match: 'a', allow: ['admin'], to: ['a user'] }])[0]!.to, ['a user']);
});

const WRONG: [string, unknown, RegExp][] = [
  [
    'no list',
    { match: '*' },
    /must be a list of rules such as \[\{match: "log-\*", allow: \[read, publish\], to: \[alice, "@staff"\]\}\]/,
  ],
  ['no JSON', '[{', /must be a list as JSON such as \[\{"match": "log-\*"/],
  ['no rules', [], /has no rules; leave it out to let everybody in/],
  [
    'an unknown key',
    [READ, { ...READ, match: 'a', who: 'ann' }],
    /rule 2 .* unknown key "who"; the nearest known one is to/,
  ],
  ['no match', [{ allow: ['read'], to: ['ann'] }], /rule 1 .* needs a match/],
  [
    'no allow',
    [{ match: '*', to: ['ann'] }],
    /rule 1 .* needs an allow: some of read, publish, edit, admin, or nothing/,
  ],
  ['no to', [{ match: '*', allow: ['read'] }], /rule 1 .* needs a to/],
  ['no permission', [{ ...READ, allow: ['raed'] }], /rule 1 .* allow has "raed"; the nearest permission is read/],
  ['nothing and something', [{ ...READ, allow: 'nothing read' }], /allow has "nothing"/],
  ['an empty allow', [{ ...READ, allow: [] }], /allow must list some of .*, or be nothing/],
  ['an empty to', [{ ...READ, to: [] }], /to must name users/],
  ['a group without a name', [{ ...READ, to: ['group:'] }], /to has "group:", which names nobody/],
  [
    'a rule after one for anyone',
    [READ, { match: 'a', allow: ['publish'], to: ['ann'] }],
    /rule 2 that never counts: rule 1/,
  ],
  [
    'a rule after one for all who are known',
    [
      { match: 'log-*', allow: ['read'], to: ['authenticated'] },
      { match: 'log-a?', allow: ['publish'], to: ['@staff', 'ann'] },
    ],
    /rule 2 that never counts: rule 1/,
  ],
  [
    'the same rule twice',
    [
      { match: 'b', allow: ['read'], to: ['ben'] },
      { match: 'a', allow: ['read'], to: ['ann', 'group:staff'] },
      { match: 'A', allow: ['publish'], to: ['@staff'] },
    ],
    /rule 3 that never counts: rule 2/,
  ],
];

for (const [what, given, message] of WRONG) {
  test(`${what} is an error that says so`, () => assert.throws(() => access(given), message));
}

test('a rule that still has something to decide is fine', () => {
  for (const given of [
    [
      { match: 'log-?', allow: 'read', to: 'anyone' },
      { ...READ, match: 'log-*' },
    ],
    [
      { match: 'a?', allow: 'read', to: 'anyone' },
      { ...READ, match: 'a*' },
    ],
    [{ match: '*', allow: 'admin', to: 'authenticated' }, READ],
    [
      { match: '*', allow: 'admin', to: '@staff' },
      { match: '*', allow: 'read', to: 'staff' },
    ],
  ]) {
    assert.equal(access(given).length, 2);
  }
});

test('a file, a variable and a program may give them', () => {
  const rules = [{ match: '*', allow: ['read'], to: ['anyone'] }];
  assert.deepEqual(resolveSettings({ env: { ATOMMQ_ACCESS: JSON.stringify(rules) } }).settings.access, rules);
  assert.deepEqual(resolveSettings({ set: { access: rules } }).settings.access, rules);
  assert.throws(() => resolveSettings({ env: { ATOMMQ_ACCESS: '[]' } }), /ATOMMQ_ACCESS: access "\[\]" has no rules/);
});

test('rules for callers whom nobody asks who they are get a warning', () => {
  const warnings = (set: Record<string, unknown>) => resolveSettings({ file: false, set }).warnings;
  const named = [{ match: 'a', allow: 'read', to: 'ann' }];
  assert.match(warnings({ access: named }).join(), /access has a rule for "ann", and nobody is asked who they are/);
  assert.deepEqual(warnings({ access: named, tokens: true }), []);
  assert.deepEqual(warnings({ access: named, trustRemoteUser: true }), []);
  assert.deepEqual(warnings({ access: [READ] }), []);
  assert.deepEqual(warnings({}), []);
});
