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
 * @throws Failed that names it, and says what to do; ConfigError as it is
 */
export async function opening<T>(name: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof ConfigError || error instanceof Failed) throw error;
    throw new Failed(cannotOpen(name, error));
  }
}

/** One line about a database that does not open, and what to do about it. */
export function cannotOpen(name: string, error: unknown): string {
  // An AggregateError of tried addresses has its text in its parts.
  const { message, code } = error as NodeJS.ErrnoException;
  const said = (message || String(code)).replace(/\s*\n\s*/g, ' ');
  return `cannot open the database ${maskDatabase(name)}: ${said}${adviceOn(error)}`;
}

/** What may be done about an error of a database, by the codes that its driver gives. */
const ADVICE: [codes: RegExp, advice: string][] = [
  [/^SQLITE_(BUSY|LOCKED)/, 'another program holds its lock; wait for it, or longer: --busy-timeout SECONDS'],
  [/^SQLITE_CANTOPEN/, 'does its folder exist, and may this user write there?'],
  [/^SQLITE_(READONLY|PERM)/, 'this user must be able to write to the file and its folder'],
  [/^SQLITE_NOTADB/, 'the file is something else; --database names the right one'],
  [/^SQLITE_FULL|^53100$/, 'the disk is full'],
  [/^(ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH)$/, 'does the database server run, and is the address right?'],
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'is the name of the host right?'],
  [
    /^(28P01|28000|ER_ACCESS_DENIED_ERROR|ER_DBACCESS_DENIED_ERROR)$/,
    'are --user and ATOMMQ_PASSWORD (or --password-file) right?',
  ],
  [/^(3D000|ER_BAD_DB_ERROR)$/, 'make it first, by CREATE DATABASE'],
];

/** @returns what to do about an error, as the end of a sentence; nothing where that is not known */
export function adviceOn(error: unknown): string {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code = /^([A-Z_]+): /.exec(one.message)?.[1] ?? '' } = one as NodeJS.ErrnoException;
    const found = ADVICE.find(([codes]) => codes.test(String(code)));
    if (found !== undefined) return `; ${found[1]}`;
  }
  return '';
}

/** What is said when a database stops answering half-way. */
export function brokenOff(cause: unknown): Failed {
  return new Failed(`the database does not answer (${(cause as Error).message}); the same command goes on from here`);
}
