/** A PostgreSQL primary and its standby on this machine, by the files of `deploy/postgres/`. */
import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort, openFolder, openSubfolder, PATH, root, type Server, startServer } from '../doors/children.js';
import { configured } from '../doors/configure.js';
import { asUser, postgresProgram } from '../store/databases.js';

const execute = promisify(execFile);

/** What the servers need of this machine. */
export const POSTGRES = ['postgres', 'initdb', 'pg_basebackup', 'pg_rewind', 'pg_ctl'].map(postgresProgram);

/** How long a server may take to start, in milliseconds: this machine may have much else to do. */
const PATIENCE = 120_000;

/** Administers; the users of `deploy/postgres/users.sql` come through the network. */
const ADMINISTRATOR = 'postgres';

export class PostgresServer {
  readonly port: number;
  readonly #folder: string;
  readonly #data: string;
  readonly #as: string[];
  #server: Server | undefined;

  constructor(port: number) {
    this.port = port;
    this.#folder = openFolder();
    this.#data = openSubfolder(this.#folder, 'data');
    this.#as = asUser('postgres', this.#data);
    chmodSync(this.#data, 0o700);
    const settings = configured('postgres/postgresql.conf', {
      "listen_addresses = '*'": "listen_addresses = '127.0.0.1'",
    });
    const own = `port = ${port}\nunix_socket_directories = '${this.#folder}'\ninclude_if_exists = 'role.conf'\n`;
    // Debian's file is outside of the data too, and includes those of conf.d.
    const places = `data_directory = '${this.#data}'\nhba_file = '${this.#folder}/pg_hba.conf'\nident_file = '${this.#data}/pg_ident.conf'\n`;
    writeFileSync(this.#config, places + settings + own);
    const access = configured('postgres/pg_hba.conf', { '10.0.0.0/24': '127.0.0.1/32' });
    writeFileSync(
      join(this.#folder, 'pg_hba.conf'),
      `local all postgres trust\nhost all postgres 127.0.0.1/32 trust\n${access}`,
    );
    writeFileSync(this.#passwords, '127.0.0.1:*:*:replicator:change me too\n', { mode: 0o600 });
    asUser('postgres', this.#passwords);
  }

  get #config(): string {
    return join(this.#folder, 'postgresql.conf');
  }

  get #passwords(): string {
    return join(this.#folder, '.pgpass');
  }

  /** Makes its files, for a primary. */
  async initialize(): Promise<void> {
    const options = ['--encoding=UTF8', '--locale=C.UTF-8', '--no-sync', '-U', ADMINISTRATOR];
    await this.#run([postgresProgram('initdb'), '-D', this.#data, ...options]);
  }

  /** Copies a primary's files, for a standby. */
  async copy(primary: PostgresServer): Promise<void> {
    const from = `host=127.0.0.1 port=${primary.port} user=replicator passfile=${this.#passwords}`;
    await this.#run([postgresProgram('pg_basebackup'), '-D', this.#data, '-d', from, '--no-sync', '--checkpoint=fast']);
    writeFileSync(join(this.#data, 'standby.signal'), '');
    this.follow(primary);
  }

  follow(primary: PostgresServer): void {
    this.#role(
      configured('postgres/standby.conf', {
        'host=10.0.0.1 port=5432': `host=127.0.0.1 port=${primary.port}`,
        '/var/lib/postgresql/.pgpass': this.#passwords,
      }),
    );
  }

  /** From now on commits wait for the standby. */
  async synchronize(): Promise<void> {
    this.#role(configured('postgres/synchronous.conf', {}));
    await this.query('SELECT pg_reload_conf()');
    for (const deadline = Date.now() + PATIENCE; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
      const [row] = await this.query(`SELECT count(*)::int AS n FROM pg_stat_replication WHERE sync_state = 'sync'`);
      if (row?.n === 1) return;
      if (Date.now() > deadline) throw new Error('no standby comes');
    }
  }

  async start(): Promise<void> {
    const argv = [...this.#as, postgresProgram('postgres'), '-c', `config_file=${this.#config}`];
    const server = startServer({ command: argv[0]!, arguments: argv.slice(1), lastly: ['SIGQUIT'] });
    this.#server = server;
    let over: number | string | undefined;
    void server.ended.then((how) => {
      over = how;
    });
    for (const deadline = Date.now() + PATIENCE; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
      try {
        return void (await this.query('SELECT 1'));
      } catch (error) {
        if (over !== undefined || Date.now() > deadline) {
          throw new Error(`PostgreSQL does not start (${over ?? error}):\n${server.log()}`);
        }
      }
    }
  }

  promote(): Promise<void> {
    return this.#run([join(root, 'deploy/postgres/promote'), this.#data, postgresProgram('pg_ctl')]);
  }

  /** Makes it a standby of the server that took its place. */
  async rejoin(primary: PostgresServer): Promise<void> {
    const from = `host=127.0.0.1 port=${primary.port} user=replicator dbname=postgres passfile=${this.#passwords}`;
    const bin = postgresProgram('pg_rewind').replace(/\/pg_rewind$/, '');
    await this.#run([join(root, 'deploy/postgres/rejoin'), this.#data, from, this.#config, bin]);
    this.follow(primary);
  }

  async query(sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ host: '127.0.0.1', port: this.port, user: ADMINISTRATOR, database: 'postgres' });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** The whole server; a child that outlives a killed postmaster ends by itself at once. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    await this.#server?.stop(signal);
  }

  #role(settings: string): void {
    // At once, for whoever reads it meanwhile.
    writeFileSync(join(this.#folder, 'role.new'), settings);
    renameSync(join(this.#folder, 'role.new'), join(this.#folder, 'role.conf'));
  }

  async #run(command: string[]): Promise<void> {
    const [program = '', ...argv] = [...this.#as, ...command];
    await execute(program, argv, { cwd: this.#folder, env: { PATH, LANG: 'C.UTF-8' } });
  }
}

/** A primary that waits for its standby, with the bus's database and users. */
export async function startPair(): Promise<[primary: PostgresServer, standby: PostgresServer]> {
  const primary = new PostgresServer(await freePort());
  const standby = new PostgresServer(await freePort());
  await primary.initialize();
  await primary.start();
  const users = readFileSync(join(root, 'deploy/postgres/users.sql'), 'utf8').replace(/^--.*$/gm, '');
  for (const statement of users.split(';')) if (statement.trim() !== '') await primary.query(statement);
  await standby.copy(primary);
  await standby.start();
  await primary.synchronize();
  return [primary, standby];
}
