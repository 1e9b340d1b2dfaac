/** The other driver for SQLite, which is installed beside: its calls are made on the main thread, where ours go to threads of their own. */
import { join } from 'node:path';
import type { Row } from '../row.js';
import type { Stage } from '../stage.js';
import { alone, publish } from './publish.js';
import { uncached } from './read.js';

const DRIVER = 'better-sqlite3:';
const database = (stage: Stage) => DRIVER + join(stage.folder, 'better.db');

export const rows: Row[] = [
  {
    name: 'better-sqlite3: publish, 64 clients',
    against: 'bare POST',
    measure: (stage) => publish(stage, ['load'], database(stage)),
  },
  {
    name: 'better-sqlite3: publish, 1 client',
    against: 'append + fdatasync',
    measure: (stage) => alone(stage, database(stage)),
  },
  {
    name: 'better-sqlite3: page of 1,000, not in cache',
    against: 'bare GET',
    measure: (stage) => uncached(stage, DRIVER),
  },
];
