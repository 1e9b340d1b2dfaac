/** The kinds of databases that buses are moved between here, and files for them. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../fixture.js';
import { databases, lackingFor } from '../store/databases.js';

const base = temporaryFolder();

/** The name of a file that is not there yet, in a folder of its own. */
export function newFile(name = 'bus.db'): string {
  return join(mkdtempSync(join(base, 'bus-')), name);
}

/** Those that this machine has. */
export const places = databases.filter((kind) => lackingFor(kind) === false);
