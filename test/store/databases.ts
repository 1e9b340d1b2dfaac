/** Databases for tests: SQLite files, and PostgreSQL and MariaDB as children in temporary folders on free ports. */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe } from 'node:test';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { freePort, missing, openFolder, openSubfolder, PATH, type Server, startServer } from '../doors/children.js';

/** A kind of database. */
export interface DatabaseKind {
  name: string;
  /** Programs without which it cannot run. */
  needs: string[];
  /** A new and empty database, named as `--database` takes it. */
  create(): Promise<string>;
  /** The server behind it, started if it is not running; undefined where there is none. */
  server?(): Promise<DatabaseServer>;
}

/** A database server that this process started. */
export interface DatabaseServer {
  port: number;
  /** The file with its certificate, which it has signed itself, for localhost. */
  certificate: string;
  pid(): number;
  /** Ends it, by default as an administrator would, and resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same files and the same port. */
  start(): Promise<void>;
}

const sqlite: DatabaseKind = {
  name: 'SQLite',
  needs: [],
  create: async () => join(openFolder(), 'bus.db'),
};

/** The same files by the other driver. */
const betterSqlite: DatabaseKind = {
  name: 'better-sqlite3',
  needs: [],
  create: async () => `better-sqlite3:${await sqlite.create()}`,
};

const postgres: DatabaseKind = {
  name: 'PostgreSQL',
  needs: [postgresProgram('postgres'), postgresProgram('initdb'), 'openssl'],
  server: once(() => startPostgres()),
  async create() {
    const { port } = await postgres.server!();
    const name = nextName();
    const client = new pg.Client(`postgres://atommq@127.0.0.1:${port}/postgres`);
    await client.connect();
    await client.query(`CREATE DATABASE ${name}`);
    await client.end();
    return `postgres://atommq@127.0.0.1:${port}/${name}`;
  },
};

const mariadb: DatabaseKind = {
  name: 'MariaDB',
  needs: ['mariadbd', 'mariadb-install-db', 'openssl'],
  server: once(() => startMariadb()),
  async create() {
    const { port } = await mariadb.server!();
    const name = nextName();
    const client = await mysql.createConnection({ host: '127.0.0.1', port, user: 'root' });
    // Not ours: what is in a database's defaults must not matter.
    await client.query(`CREATE DATABASE ${name} CHARACTER SET latin1 COLLATE latin1_swedish_ci`);
    await client.end();
    return `mysql://root@127.0.0.1:${port}/${name}`;
  },
};

/** Every kind of database; `ATOMMQ_TEST_DATABASES=sqlite,postgresql` keeps to those whose names begin so. */
export const databases: DatabaseKind[] = [sqlite, betterSqlite, postgres, mariadb].filter(({ name }) => {
  const only = process.env.ATOMMQ_TEST_DATABASES?.toLowerCase().split(',');
  const known = name === 'PostgreSQL' ? ['pg', 'postgres', 'postgresql'] : [name.toLowerCase()];
  return only === undefined || only.some((word) => known.includes(word));
});

/** Why tests that need this kind of database cannot run, as their `skip`. */
export function lackingFor({ needs }: DatabaseKind): string | false {
  const lacking = missing(needs);
  if (lacking.length === 0) return false;
  const reason = `${lacking.join(', ')} not installed (test/provision installs it)`;
  if (process.env.ATOMMQ_TEST_REQUIRE === 'all') throw new Error(reason);
  return reason;
}

/** Defines the same tests for each kind of database. */
export function eachDatabase(define: (database: DatabaseKind) => void): void {
  for (const database of databases) describe(database.name, { skip: lackingFor(database) }, () => define(database));
}

let names = 0;
function nextName(): string {
  names += 1;
  return `bus_${names}`;
}

/** Servers end with the file that uses them; the benchmark, which is no test, ends them itself. */
const running: DatabaseServer[] = [];
export const endServers = async () => {
  for (const server of running.splice(0)) await server.stop();
};
if (process.env.ATOMMQ_BENCH === undefined) after(endServers);

function once(start: () => Promise<DatabaseServer>): () => Promise<DatabaseServer> {
  let started: Promise<DatabaseServer> | undefined;
  return () => {
    started ??= start().then((server) => {
      running.push(server);
      return server;
    });
    return started;
  };
}

/** Debian keeps PostgreSQL's programs out of the search path, by version. */
export function postgresProgram(name: string): string {
  const root = '/usr/lib/postgresql';
  const [newest] = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  return newest === undefined ? name : join(root, newest, 'bin', name);
}

/** Neither server runs as root: then it is the user that its package made, and the folder is that user's. */
export function asUser(user: string, folder: string): string[] {
  if (process.getuid?.() !== 0) return [];
  const id = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));
  chownSync(folder, id('-u'), id('-g'));
  return ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
}

/**
 * @param settings in place of those of tests: nothing is lost without fsync as long as the machine itself goes on
 * @param folder where its files go
 */
export async function startPostgres(settings = ['fsync=off'], folder = openFolder()): Promise<DatabaseServer> {
  const data = openSubfolder(folder, 'data');
  // An ordering of names that is not by bytes, as many servers have it.
  const locale = ['--encoding=UTF8', '--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en-US'];
  const made = ['-A', 'trust', '-U', 'atommq', '--no-sync', ...locale];
  initialise('postgres', data, (at, as) => [...as, postgresProgram('initdb'), '-D', at, ...made]);
  chmodSync(data, 0o700);
  return runPostgres(data, folder, settings);
}

async function runPostgres(data: string, folder: string, durability = ['fsync=off']): Promise<DatabaseServer> {
  const as = asUser('postgres', data);
  const port = await freePort();
  const { certificate, key } = makeCertificate(folder);
  asUser('postgres', key);
  const tls = ['ssl=on', `ssl_cert_file=${certificate}`, `ssl_key_file=${key}`];
  const settings = [...tls, ...durability, `unix_socket_directories=${folder}`, 'listen_addresses=127.0.0.1'];
  const argv = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
  return keep({ port, certificate }, [...as, postgresProgram('postgres'), ...argv], 'SIGINT', async () => {
    const client = new pg.Client(`postgres://atommq@127.0.0.1:${port}/postgres`);
    client.on('error', () => {});
    await client.connect();
    await client.end();
  });
}

/** A streaming standby of a PostgreSQL server of ours; it ends with the file that uses it. */
export async function startStandby(primary: DatabaseServer): Promise<DatabaseServer> {
  const folder = openFolder();
  const data = openSubfolder(folder, 'data');
  chmodSync(data, 0o700);
  const as = asUser('postgres', data);
  const from = ['-h', '127.0.0.1', '-p', String(primary.port), '-U', 'atommq'];
  runProgram([...as, postgresProgram('pg_basebackup'), '-D', data, '-R', '--checkpoint=fast', '--no-sync', ...from]);
  const standby = await runPostgres(data, folder);
  running.push(standby);
  return standby;
}

/** @param more options, and `folder` where its files go */
export async function startMariadb(more: string[] = [], folder = openFolder()): Promise<DatabaseServer> {
  const data = openSubfolder(folder, 'data');
  const root = ['--auth-root-authentication-method=normal', '--skip-test-db'];
  const install = ['mariadb-install-db', '--no-defaults'];
  initialise('mysql', data, (at, as) => [...as, ...install, `--datadir=${at}`, ...root]);
  const as = asUser('mysql', data);
  // Temporary tables of two servers in one folder would have the same names.
  const scratch = openSubfolder(folder, 'tmp');
  const common = ['--no-defaults', `--datadir=${data}`, `--tmpdir=${scratch}`, ...more];
  const port = await freePort();
  const { certificate, key } = makeCertificate(folder);
  asUser('mysql', key);
  const argv = [
    ...common,
    `--ssl-cert=${certificate}`,
    `--ssl-key=${key}`,
    `--port=${port}`,
    `--socket=${join(data, 'mysql.sock')}`,
    `--pid-file=${join(data, 'mysql.pid')}`,
    '--bind-address=127.0.0.1',
    '--innodb-flush-log-at-trx-commit=2',
    '--innodb-buffer-pool-size=64M',
    '--skip-name-resolve',
  ];
  return keep({ port, certificate }, [...as, 'mariadbd', ...argv], 'SIGTERM', async () => {
    const client = await mysql.createConnection({ host: '127.0.0.1', port, user: 'root' });
    await client.end();
  });
}

/**
 * Puts a new database server's files into a folder. The runner names a folder for what all files of tests have in common: there they are
 * made once, which takes seconds, and then copied.
 * @param command is given the folder, and what makes a command run as the user
 */
function initialise(user: string, data: string, command: (at: string, as: string[]) => string[]): void {
  const templates = process.env.ATOMMQ_TEST_TEMPLATES;
  if (templates === undefined) {
    runProgram(command(data, asUser(user, data)));
    return;
  }
  const template = join(templates, user);
  if (!existsSync(template)) {
    const mine = openSubfolder(templates, `${user}-${process.pid}`);
    runProgram(command(mine, asUser(user, mine)));
    try {
      renameSync(mine, template);
    } catch {
      // Another file of tests was sooner.
    }
  }
  runProgram(['cp', '-a', `${template}/.`, data]);
}

/** A certificate for a name, signed by itself, and its key, as files. */
export function makeCertificate(folder: string, name = 'localhost'): { certificate: string; key: string } {
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  const algorithm = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  runProgram(['openssl', 'req', '-x509', ...algorithm, ...subject, '-keyout', key, '-out', certificate]);
  chmodSync(key, 0o600);
  return { certificate, key };
}

export function runProgram([command = '', ...argv]: string[]): void {
  execFileSync(command, argv, { env: { PATH, LANG: 'C.UTF-8' }, stdio: ['ignore', 'ignore', 'pipe'] });
}

async function keep(
  known: Pick<DatabaseServer, 'port' | 'certificate'>,
  [command = '', ...argv]: string[],
  gentle: NodeJS.Signals,
  connect: () => Promise<void>,
): Promise<DatabaseServer> {
  let server: Server | undefined;
  const start = async () => {
    server = startServer({ command, arguments: argv });
    const { pid } = server;
    // Where the process ends before its tests do. Nobody needs the files; SIGTERM would let PostgreSQL wait for clients.
    const end = () => process.kill(pid, gentle === 'SIGINT' ? 'SIGQUIT' : 'SIGKILL');
    process.prependOnceListener('exit', end);
    void server.ended.then(() => process.off('exit', end));
    let over: number | string | undefined;
    void server.ended.then((how) => {
      over = how;
    });
    for (let tries = 0; ; tries += 1) {
      try {
        return await connect();
      } catch (error) {
        if (over === undefined && tries < 600) await new Promise((resolve) => setTimeout(resolve, 50));
        else throw new Error(`${command} does not answer (${over ?? error}):\n${server.log()}`);
      }
    }
  };
  await start();
  return {
    ...known,
    pid: () => server!.pid,
    start,
    stop: (signal = gentle) => server!.stop(signal),
  };
}
