/** Databases that a command is given beside the configured one. */
import { existsSync } from 'node:fs';
import { BadValue } from '../config/bad-value.js';
import { maskDatabase, parseDatabase } from '../config/database.js';
import { ConfigError } from '../config.js';
import type { DatabaseSettings } from '../store/store.js';
import { Failed } from './failed.js';

/**
 * The database that a flag names, or the variable for it: a password on a command line is seen by everybody.
 * @throws ConfigError when neither is there, or it is none
 */
export function databaseOf(flag: 'from' | 'to', name: string | undefined): DatabaseSettings {
  if (name === undefined || name === '') throw new ConfigError(`--${flag} DATABASE is needed`);
  try {
    return parseDatabase(name);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    throw new ConfigError(`--${flag}: database ${JSON.stringify(maskDatabase(name))} ${error.message}`);
  }
}

/** @throws Failed for a file that is not there: opening it would make it */
export function mustExist(name: string, { connection }: DatabaseSettings): void {
  const { filename } = connection;
  if (typeof filename === 'string' && !existsSync(filename))
    throw new Failed(`there is no database ${maskDatabase(name)}`);
}

/**
 * Opens a database that people named.
 * @throws Failed that names it
 */
export async function opening<T>(name: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    // An AggregateError of tried addresses has its text in its parts.
    const { message, code } = error as NodeJS.ErrnoException;
    const said = (message || String(code)).replace(/\s*\n\s*/g, ' ');
    throw new Failed(`cannot open the database ${maskDatabase(name)}: ${said}`);
  }
}

/** What is said when a database stops answering half-way. */
export function brokenOff(cause: unknown): Failed {
  return new Failed(`the database does not answer (${(cause as Error).message}); the same command goes on from here`);
}
