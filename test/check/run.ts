/** All checks, against a server and a database. */
import { Web } from '../../src/check/ask.js';
import { runChecks } from '../../src/check/checks.js';
import { parseDatabase } from '../../src/config/database.js';
import type { Remark } from '../../src/store/dialect.js';
import { OPTIONS } from '../store/stores.js';

export interface CheckedAt {
  database: string;
  /** Undefined for none. */
  url?: string;
  readOnly?: boolean;
  wait?: number;
  baseUrl?: string;
  signal?: AbortSignal;
}

export async function checked({
  database,
  url,
  readOnly = false,
  wait = 1,
  baseUrl,
  signal,
}: CheckedAt): Promise<Remark[]> {
  const remarks: Remark[] = [];
  const settings = {
    ...{ database: parseDatabase(database), databaseName: database, baseUrl, trustRemoteUser: false },
    ...{ maxEntryBytes: 4 * 1024 * 1024, retryDeadline: 10 },
  };
  const web = url === undefined ? undefined : new Web(url, undefined);
  await runChecks(settings, { web, open: OPTIONS, readOnly, wait, signal }, (remark) => remarks.push(remark));
  return remarks;
}

/** The names of those that are of one level, each once. */
export function named(remarks: Remark[], level: Remark['level']): string[] {
  return [...new Set(remarks.filter((remark) => remark.level === level).map(({ name }) => name))];
}

/** What is said of one thing at that level, and what to do about it. */
export function said(remarks: Remark[], name: string, level: Remark['level'] = 'problem'): string {
  return remarks
    .filter((remark) => remark.name === name && remark.level === level)
    .map(({ text, fix }) => `${text} | ${fix}`)
    .join('\n');
}
