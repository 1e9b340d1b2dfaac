/** What an administrator should know of a MySQL or MariaDB server, as one of our sessions sees it. */
import type { Knex } from 'knex';
import { clock } from './clock.js';
import type { Remark } from './dialect.js';

const NAMES = [
  ...['version', 'innodb_flush_log_at_trx_commit', 'innodb_doublewrite', 'log_bin', 'sync_binlog', 'wsrep_on'],
  ...['transaction_isolation', 'tx_isolation', 'max_allowed_packet'],
];
/** A packet holds an entry with escapes, so it should be some times as long as the longest. */
const SHORT_PACKET = 16 * 1024 * 1024;

export async function inspect(knex: Knex): Promise<Remark[]> {
  const wanted = NAMES.map(() => '?').join(', ');
  const [rows] = (await knex.raw(`SHOW VARIABLES WHERE Variable_name IN (${wanted})`, NAMES)) as [
    { Variable_name: string; Value: string }[],
  ];
  const variables = new Map(rows.map((row) => [row.Variable_name.toLowerCase(), row.Value]));
  const value = (name: string) => variables.get(name)?.toUpperCase() ?? '';
  const cluster = value('wsrep_on') === 'ON';
  const version = variables.get('version') ?? '';
  return [
    { name: 'database', level: 'ok', text: `${/maria/i.test(version) ? 'MariaDB' : 'MySQL'} ${version}` },
    flush(value('innodb_flush_log_at_trx_commit'), cluster),
    binlog(value('log_bin'), value('sync_binlog'), cluster),
    doublewrite(value('innodb_doublewrite')),
    isolation(value('transaction_isolation') || value('tx_isolation')),
    packet(Number(value('max_allowed_packet'))),
    await clock(async () => {
      const [[row]] = (await knex.raw('SELECT unix_timestamp(now(6)) * 1000 AS now')) as [{ now: string }[]];
      return Number(row?.now);
    }),
  ];
}

function flush(value: string, cluster: boolean): Remark {
  const name = 'durability';
  const text = `innodb_flush_log_at_trx_commit is ${value}`;
  if (value === '1') return { name, level: 'ok', text };
  return {
    name,
    // The other nodes have it, unless the power of all goes at once.
    level: cluster ? 'warning' : 'problem',
    text: `${text}: a power cut ${cluster ? 'of all nodes ' : ''}takes what was acknowledged in the last second or more`,
    fix: 'Set innodb_flush_log_at_trx_commit = 1 in the [mysqld] part of the configuration.',
  };
}

/** With a binary log, what is committed is what is in it: after a crash everything else is rolled back. */
function binlog(log: string, sync: string, cluster: boolean): Remark {
  const name = 'binary log';
  if (log !== 'ON' && log !== '1') return { name, level: 'ok', text: 'there is no binary log' };
  if (sync === '1') return { name, level: 'ok', text: 'sync_binlog is 1' };
  return {
    name,
    level: cluster ? 'warning' : 'problem',
    text: `log_bin is on and sync_binlog is ${sync}: a power cut may take what was acknowledged, or part the replicas from this server`,
    fix: 'Set sync_binlog = 1 in the [mysqld] part of the configuration.',
  };
}

function doublewrite(value: string): Remark {
  const name = 'doublewrite';
  if (value !== 'OFF' && value !== '0') return { name, level: 'ok', text: 'innodb_doublewrite is on' };
  return {
    name,
    level: 'warning',
    text: 'innodb_doublewrite is off: a power cut may leave pages that are half written, unless the file system prevents that (ZFS does)',
    fix: 'Set innodb_doublewrite = ON in the [mysqld] part of the configuration.',
  };
}

function isolation(value: string): Remark {
  const name = 'isolation';
  if (value === 'READ-COMMITTED') return { name, level: 'ok', text: 'transactions are READ COMMITTED' };
  const text = `transactions are ${value}, though AtomMQ sets READ COMMITTED`;
  return {
    name,
    level: 'problem',
    text,
    fix: 'See what between AtomMQ and the server changes it: a proxy that shares sessions?',
  };
}

function packet(bytes: number): Remark {
  const name = 'max_allowed_packet';
  if (bytes >= SHORT_PACKET) return { name, level: 'ok', text: `${name} is ${bytes}` };
  const text = `${name} is ${bytes}: an entry of a quarter of that may be refused`;
  return {
    name,
    level: 'warning',
    text,
    fix: 'Set max_allowed_packet = 64M in the [mysqld] part of the configuration.',
  };
}
