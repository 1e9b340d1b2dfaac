/** The kinds of databases that buses are moved between here. */
import { join } from 'node:path';
import { temporaryFolder } from '../fixture.js';

export interface Place {
  name: string;
  /** A new and empty database, named as `--database` takes it. */
  create(): Promise<string>;
}

export const places: Place[] = [{ name: 'SQLite', create: async () => join(temporaryFolder(), 'bus.db') }];
