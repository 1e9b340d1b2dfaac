/** PROTOCOL.md has an exchange for every address and method, every type of problem, and every status of one. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROUTES } from '../../src/app.js';
import { PROBLEM_TYPES } from '../../src/problem.js';
import { root } from '../doors/children.js';
import { stepsOf } from './markdown.js';

const document = readFileSync(join(root, 'PROTOCOL.md'), 'utf8');
const exchanges = stepsOf(document)
  .filter(({ kind }) => kind === 'http')
  .map(({ text }) => text)
  .join('\n');
/** Nobody can ask for a mistake of ours. */
const NOT_TO_BE_HAD = [500];

for (const [route, resource] of Object.entries(ROUTES)) {
  const address = route.replace(/[.*+?()[\]{}|]/g, '\\$&').replace(/NAME|ID/g, '[^/?\\s]+');
  for (const method of Object.keys(resource)) {
    test(`${method} ${route}`, () => {
      assert.match(exchanges, new RegExp(`^${method} /atommq${address}(\\?\\S*)? HTTP/1\\.1$`, 'm'));
    });
  }
}

for (const method of ['HEAD', 'OPTIONS']) {
  test(method, () => assert.match(exchanges, new RegExp(`^${method} /`, 'm')));
}

for (const { status, type } of PROBLEM_TYPES) {
  test(`${status} ${type}`, () => {
    assert.match(document, new RegExp(`^\\|.*\\b${status}\\b.*\\| \`${type}\` \\|`, 'm'), 'a row of the table');
    if (NOT_TO_BE_HAD.includes(status)) return;
    assert.match(exchanges, new RegExp(`^HTTP/1\\.1 ${status} `, 'm'));
    assert.ok(exchanges.includes(`"${type}"`), 'a problem document');
  });
}
