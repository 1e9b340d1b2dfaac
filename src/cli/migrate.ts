/** `atommq migrate`: the tables as this program wants them, or the SQL that would make them so. */
import { existsSync } from 'node:fs';
import { maskDatabase } from '../config/database.js';
import type { Resolved, Settings } from '../config.js';
import { type Database, openDatabase } from '../store/dialect.js';
import { plan, readMarks } from '../store/migrate.js';
import { SCHEMA_VERSION } from '../store/schema.js';
import type { DatabaseSettings } from '../store/store.js';
import { opening } from './databases.js';

/** @returns the exit code */
export function migrateOnce({ settings }: Resolved, dryRun: boolean): Promise<number> {
  const { databaseName } = settings;
  return opening(databaseName, () => migrate(settings, maskDatabase(databaseName), dryRun));
}

async function migrate(settings: Settings, name: string, dryRun: boolean): Promise<number> {
  let database = await openDatabase(dryRun ? unmade(settings.database) : settings.database, {
    ...settings,
    asIs: true,
  });
  try {
    const { version } = await readMarks(database.writer);
    const statements = await plan(database.writer, database.dialect);
    if (dryRun) {
      for (const statement of statements) process.stdout.write(`${statement};\n`);
      return 0;
    }
    if (statements.length > 0) database = await reopen(database, settings);
    const what = statements.length === 0 ? 'there was nothing to do' : `from ${version || 'nothing'}`;
    process.stdout.write(`${name}: schema version ${SCHEMA_VERSION}, ${what}\n`);
    return 0;
  } finally {
    await database.close();
  }
}

async function reopen(database: Database, settings: Settings): Promise<Database> {
  await database.close();
  return openDatabase(settings.database, settings);
}

/** A file that is not there yet must not be there afterwards either. */
function unmade({ client, connection }: DatabaseSettings): DatabaseSettings {
  const { filename } = connection;
  return {
    client,
    connection:
      typeof filename === 'string' && !existsSync(filename) ? { ...connection, filename: ':memory:' } : connection,
  };
}
