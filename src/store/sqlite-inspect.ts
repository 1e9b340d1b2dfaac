/** What an administrator should know of an SQLite file, as its connection sees it. */
import type { Knex } from 'knex';
import type { Remark } from './dialect.js';

/** A file up to this many bytes is read to its end to see whether it is in order. */
const QUICK = 256 * 1024 * 1024;
const SYNCHRONOUS = ['OFF', 'NORMAL', 'FULL', 'EXTRA'];

export async function inspect(knex: Knex): Promise<Remark[]> {
  const one = async (sql: string) => Object.values(((await knex.raw(sql)) as object[])[0] ?? {})[0] as string | number;
  const remarks = [
    { name: 'database', level: 'ok', text: `SQLite ${await one('SELECT sqlite_version() AS version')}` } as Remark,
    synchronous(Number(await one('PRAGMA synchronous'))),
    journal(String(await one('PRAGMA journal_mode'))),
  ];
  const bytes = Number(await one('PRAGMA page_count')) * Number(await one('PRAGMA page_size'));
  if (bytes <= QUICK) remarks.push(inOrder(String(await one('PRAGMA quick_check(1)'))));
  return remarks;
}

/** @param value what SQLite has for it */
export function synchronous(value: number): Remark {
  const text = `synchronous is ${SYNCHRONOUS[value] ?? value}`;
  if (value >= 2) return { name: 'durability', level: 'ok', text };
  return {
    name: 'durability',
    level: 'problem',
    text: `${text}: a power cut takes what was acknowledged`,
    fix: 'Use an SQLite that takes PRAGMA synchronous = FULL, which AtomMQ sets.',
  };
}

export function journal(mode: string): Remark {
  if (mode === 'wal') return { name: 'journal', level: 'ok', text: 'journal mode is WAL' };
  return {
    name: 'journal',
    level: 'problem',
    text: `journal mode is ${mode}, not WAL: readers and publishers lock each other out`,
    fix: 'Put the file on a file system of this machine, in a folder that the server may write to.',
  };
}

function inOrder(found: string): Remark {
  if (found === 'ok') return { name: 'file', level: 'ok', text: 'SQLite finds its file in order' };
  return {
    name: 'file',
    level: 'problem',
    text: `SQLite finds its file damaged: ${found}`,
    fix: 'Restore a backup, or copy what can be read: atommq copy, sqlite3 FILE .recover. Then look for what did it: memory, disk, another program.',
  };
}
