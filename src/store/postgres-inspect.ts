/** What an administrator should know of a PostgreSQL server, as one of our sessions sees it. */
import type { Knex } from 'knex';
import { clock } from './clock.js';
import type { Remark } from './dialect.js';

interface Setting {
  setting: string;
  /** What a session has that sets nothing. */
  reset_val: string;
}

const NAMES = [
  ...['server_version', 'synchronous_commit', 'fsync', 'full_page_writes', 'default_transaction_isolation'],
  ...['synchronous_standby_names', 'data_checksums'],
];

export async function inspect(knex: Knex): Promise<Remark[]> {
  const marks = NAMES.map(() => '?').join(', ');
  const { rows } = (await knex.raw(
    `SELECT name, setting, reset_val FROM pg_settings WHERE name IN (${marks})`,
    NAMES,
  )) as {
    rows: (Setting & { name: string })[];
  };
  const settings = new Map(rows.map((row) => [row.name, row]));
  const value = (name: string) => settings.get(name)?.setting ?? '';
  return [
    { name: 'database', level: 'ok', text: `PostgreSQL ${value('server_version')}` },
    commit(settings.get('synchronous_commit')),
    switched('fsync', value('fsync'), 'a power cut may destroy the whole database'),
    switched('full_page_writes', value('full_page_writes'), 'a power cut may leave pages that are half written'),
    checksums(value('data_checksums')),
    isolation(value('default_transaction_isolation')),
    await clock(async () => {
      const result = await knex.raw('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now');
      return Number((result as { rows: { now: string }[] }).rows[0]?.now);
    }),
  ];
}

function commit(setting: Setting | undefined): Remark {
  const name = 'durability';
  const { setting: ours = '', reset_val: theirs = '' } = setting ?? {};
  const fix =
    'Set synchronous_commit = on in postgresql.conf, and for the role and the database (ALTER ROLE, ALTER DATABASE).';
  if (ours === 'off') {
    return { name, level: 'problem', text: 'synchronous_commit is off: a crash takes what was acknowledged', fix };
  }
  if (theirs !== 'off') return { name, level: 'ok', text: `synchronous_commit is ${ours}` };
  const text = `synchronous_commit is ${ours} for AtomMQ, which sets it, and off for programs that call mq_append themselves`;
  return { name, level: 'warning', text, fix };
}

function switched(name: string, value: string, danger: string): Remark {
  if (value === 'on') return { name, level: 'ok', text: `${name} is on` };
  return {
    name,
    level: 'problem',
    text: `${name} is ${value}: ${danger}`,
    fix: `Set ${name} = on in postgresql.conf.`,
  };
}

function checksums(value: string): Remark {
  if (value === 'on') return { name: 'checksums', level: 'ok', text: 'data_checksums is on' };
  const text = 'data_checksums is off: what a disk gets wrong is found by atommq verify alone';
  return {
    name: 'checksums',
    level: 'ok',
    text,
    fix: 'pg_checksums --enable turns them on while the server is stopped.',
  };
}

function isolation(value: string): Remark {
  const name = 'isolation';
  if (value === 'read committed') return { name, level: 'ok', text: 'transactions are READ COMMITTED' };
  const text = `transactions are ${value.toUpperCase()}, though AtomMQ sets READ COMMITTED`;
  return {
    name,
    level: 'problem',
    text,
    fix: 'See what between AtomMQ and the server changes it: a pooler that shares sessions?',
  };
}
