/** The kinds of databases that buses are moved between here, and files for them. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../fixture.js';

export interface Place {
  name: string;
  /** A new and empty database, named as `--database` takes it. */
  create(): Promise<string>;
}

const base = temporaryFolder();

/** The name of a file that is not there yet, in a folder of its own. */
export function newFile(name = 'bus.db'): string {
  return join(mkdtempSync(join(base, 'bus-')), name);
}

export const places: Place[] = [{ name: 'SQLite', create: async () => newFile() }];
