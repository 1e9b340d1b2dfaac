/** The access matrix through what runs on, and that it leaves no address out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROUTES } from '../../src/app.js';
import { doors } from '../doors/all.js';
import { ROWS } from './access.js';
import { accessMatrix } from './access-matrix.js';

test('the matrix says of each route what the application says', () => {
  assert.deepEqual(
    Object.entries(ROWS).map(([route, methods]) => [
      route,
      Object.entries(methods).map(([method, { needs }]) => [method, needs]),
    ]),
    Object.entries(ROUTES).map(([route, methods]) => [
      route,
      Object.entries(methods).map(([method, { needs }]) => [method, needs]),
    ]),
  );
});

accessMatrix(doors.filter(({ name }) => !/CGI/.test(name)));
