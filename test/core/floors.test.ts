/** The floors of the house: imports go downward only, and never in a circle. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { root } from '../doors/children.js';

const SRC = join(root, 'src');

/** Which folder or file may import from which, besides its own and packages. */
const MAY: Record<string, string[]> = {
  'slots.ts': [],
  // Who asks and what they may; types alone go from here to http.ts.
  access: [],
  'http.ts': ['access/caller.ts'],
  'problem.ts': ['http.ts'],
  'observer.ts': [],
  'failure.ts': ['http.ts', 'problem.ts', 'store/store.ts'],
  atom: ['http.ts'],
  // Types and ids of Atom; never its XML.
  store: ['http.ts', 'observer.ts', 'access/caller.ts', 'atom/model.ts', 'atom/ids.ts'],
  live: ['http.ts', 'store'],
  resource: ['http.ts', 'problem.ts', 'access', 'atom', 'store', 'live'],
  websub: ['slots.ts', 'http.ts', 'observer.ts', 'atom', 'store', 'live', 'resource'],
  'retention.ts': ['atom/ids.ts', 'store', 'resource/policy.ts'],
  guard: [
    'slots.ts',
    'http.ts',
    'observer.ts',
    'problem.ts',
    'failure.ts',
    'access',
    'store',
    'resource',
    'config/bad-value.ts',
  ],
  'guards.ts': ['http.ts', 'failure.ts', 'access', 'guard', 'store/token.ts', 'config.ts', 'config/bad-value.ts'],
  // Pages for people.
  web: ['http.ts', 'problem.ts', 'atom', 'store', 'live', 'resource'],
  'app.ts': ['http.ts', 'problem.ts', 'failure.ts', 'resource', 'store', 'web'],
  gateway: ['http.ts', 'problem.ts'],
  config: ['store/store.ts', 'store/dialects.ts', 'resource/policy.ts', 'access'],
  'config.ts': ['config', 'store/store.ts'],
  'views.ts': ['atom', 'store/subscription.ts'],
  'bus.ts': [
    'views.ts',
    'http.ts',
    'observer.ts',
    'failure.ts',
    'access',
    'guards.ts',
    'atom',
    'store',
    'live',
    'resource',
    'retention.ts',
    'guard',
    'access',
    'websub',
    'app.ts',
    'config.ts',
    'config',
    'gateway',
  ],
  transfer: ['atom', 'store', 'http.ts', 'resource/address.ts'],
  check: ['http.ts', 'atom', 'store', 'transfer', 'resource/address.ts'],
  client: [],
  cli: ['*'],
};

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => /(?<!\.d)\.ts$/.test(file));

/** What a file imports of ours, by path below src; `typeOnly` ones make no circle. */
function importsOf(file: string): { to: string; typeOnly: boolean }[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  return [...text.matchAll(/(?:import|export)\s+(type\s)?[^;]*?from\s+'(\.[^']*)'|import\('(\.[^']*)'\)/g)].map(
    ([, type, fixed, dynamic]) => ({
      to: relative(SRC, join(SRC, dirname(file), (fixed ?? dynamic)!)).replace(/\.js$/, '.ts'),
      typeOnly: type !== undefined || dynamic !== undefined,
    }),
  );
}

const floorOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : file);

for (const file of files) {
  test(`${file} imports downward`, () => {
    const floor = floorOf(file);
    const may = MAY[floor];
    assert.ok(may !== undefined, `${floor} has no place in the house`);
    for (const { to } of importsOf(file)) {
      const fine =
        floorOf(to) === floor || may.includes('*') || may.some((one) => to === one || to.startsWith(`${one}/`));
      assert.ok(fine, `${file} must not import ${to}`);
    }
  });
}

test('no imports go in a circle', () => {
  const done = new Set<string>();
  const walk = (file: string, path: string[]): void => {
    assert.ok(!path.includes(file), [...path, file].join(' → '));
    if (done.has(file)) return;
    for (const { to, typeOnly } of importsOf(file)) if (!typeOnly) walk(to, [...path, file]);
    done.add(file);
  };
  for (const file of files) walk(file, []);
});

test('only the store knows Knex, and only gateways know sockets', () => {
  for (const file of files) {
    const text = readFileSync(join(SRC, file), 'utf8');
    const floor = floorOf(file);
    if (floor !== 'store' && floor !== 'transfer') assert.doesNotMatch(text, /from 'knex/, file);
    if (['atom', 'store', 'resource', 'app.ts', 'http.ts'].includes(floor)) {
      assert.doesNotMatch(text, /from 'node:http'/, file);
    }
    if (floor === 'store') assert.doesNotMatch(text, /from '(saxes|xml2js)'/, file);
  }
});
