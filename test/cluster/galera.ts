/** Three MariaDB nodes on this machine, by `deploy/galera/galera.cnf`: started, killed, paused and brought back. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { freePort, openFolder, openSubfolder, PATH, root, type Server, startServer } from '../doors/children.js';
import { configured } from '../doors/configure.js';
import { asUser, runProgram } from '../store/databases.js';

/** What the nodes need of this machine. */
export const GALERA = ['mariadbd', 'mariadb-install-db', '/usr/lib/galera/libgalera_smm.so', 'rsync'];

/** How long a node may take to be in step, in milliseconds: this machine may have much else to do. */
const PATIENCE = 180_000;

/** Where each node listens. */
interface Ports {
  mysql: number;
  group: number;
  increments: number;
  copies: number;
}

export class Node {
  readonly port: number;
  readonly #name: string;
  readonly #folder: string;
  readonly #file: string;
  readonly #as: string[];
  readonly #extra: string[];
  #server: Server | undefined;

  constructor(number: number, all: Ports[]) {
    const ports = all[number - 1]!;
    this.port = ports.mysql;
    this.#name = `node${number}`;
    const folder = openFolder();
    const scratch = openSubfolder(folder, 'tmp');
    this.#folder = openSubfolder(folder, 'data');
    this.#as = asUser('mysql', this.#folder);
    this.#file = join(folder, 'galera.cnf');
    const group = all.map((other) => `127.0.0.1:${other.group}`);
    const listen = `gmcast.listen_addr=tcp://${group[number - 1]}; ist.recv_addr=127.0.0.1:${ports.increments}; `;
    writeFileSync(
      this.#file,
      configured('galera/galera.cnf', {
        'gcomm://10.0.0.1,10.0.0.2,10.0.0.3': `gcomm://${group.join(',')}`,
        'wsrep_node_name = node1': `wsrep_node_name = ${this.#name}`,
        'wsrep_node_address = 10.0.0.1': `wsrep_node_address = ${group[number - 1]}`,
        'bind-address = 0.0.0.0': 'bind-address = 127.0.0.1',
        '"gcache.size=1G;': `"${listen}gcache.size=256M;`,
      }),
    );
    // What Debian's own files say, and what three nodes on one machine cannot share.
    this.#extra = [
      `--datadir=${this.#folder}`,
      `--tmpdir=${scratch}`,
      `--socket=${join(this.#folder, 'mysql.sock')}`,
      `--pid-file=${join(this.#folder, 'mysql.pid')}`,
      `--port=${ports.mysql}`,
      `--wsrep-sst-receive-address=127.0.0.1:${ports.copies}`,
      '--innodb-buffer-pool-size=64M',
      '--skip-name-resolve',
    ];
  }

  get pid(): number {
    return this.#server?.pid ?? 0;
  }

  install(): void {
    const auth = ['--auth-root-authentication-method=normal', '--skip-test-db'];
    runProgram([...this.#as, 'mariadb-install-db', '--no-defaults', `--datadir=${this.#folder}`, ...auth]);
  }

  /**
   * Starts the node, and resolves when it is in step with the others.
   * @param first begins a new cluster
   */
  async start(first = false): Promise<void> {
    const how = first ? ['--wsrep-new-cluster'] : this.#recovered();
    const [command = '', ...argv] = [...this.#as, 'mariadbd', `--defaults-file=${this.#file}`, ...this.#extra, ...how];
    const server = startServer({ command, arguments: argv, lastly: ['SIGKILL'] });
    this.#server = server;
    let over: number | string | undefined;
    void server.ended.then((how) => {
      over = how;
    });
    await this.untilInStep(1, () => {
      if (over !== undefined) throw new Error(`${this.#name} ended (${over}):\n${server.log()}`);
    });
  }

  /**
   * Resolves when the node is in step with at least so many, itself among them.
   * @param check throws where that is not to be waited for
   */
  async untilInStep(members: number, check: () => void = () => {}): Promise<void> {
    for (const deadline = Date.now() + PATIENCE; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
      const state = await this.#state().catch(String);
      const [size, synced, ready] = state.split(' ');
      if (Number(size) >= members && synced === 'Synced' && ready === 'ON') return;
      check();
      if (Date.now() > deadline) throw new Error(`${this.#name} is not in step (${state}):\n${this.#server?.log()}`);
    }
  }

  /** As Debian's service does before each start: where the files stand, so that a node that was killed needs no full copy. */
  #recovered(): string[] {
    const [command = '', ...argv] = [...this.#as, 'mariadbd', `--defaults-file=${this.#file}`, ...this.#extra];
    const log = join(this.#folder, 'recover.log');
    spawnSync(command, [...argv, '--wsrep-recover', `--log-error=${log}`], { env: { PATH }, stdio: 'ignore' });
    const position = /WSREP: Recovered position:? *(\S+)/.exec(readFileSync(log, 'utf8'))?.[1];
    return position === undefined || position.startsWith('0000') ? [] : [`--wsrep-start-position=${position}`];
  }

  async #state(): Promise<string> {
    const client = await this.connect();
    try {
      const [rows] = await client.query(
        `SELECT group_concat(variable_value ORDER BY variable_name SEPARATOR ' ') AS state
          FROM information_schema.global_status
          WHERE variable_name IN ('WSREP_CLUSTER_SIZE', 'WSREP_LOCAL_STATE_COMMENT', 'WSREP_READY')`,
      );
      return String((rows as { state: string }[])[0]?.state);
    } finally {
      client.destroy();
    }
  }

  connect(): Promise<mysql.Connection> {
    return mysql.createConnection({
      host: '127.0.0.1',
      port: this.port,
      user: 'root',
      multipleStatements: true,
      connectTimeout: 3000,
    });
  }

  signal(signal: NodeJS.Signals): void {
    if (this.pid > 0) process.kill(this.pid, signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#server?.stop(signal);
  }
}

/** Three nodes in step, with the bus's database and users as `deploy/galera/users.sql` makes them. */
export async function startGalera(): Promise<Node[]> {
  const ports: Ports[] = [];
  for (let i = 0; i < 3; i += 1) {
    ports.push({
      mysql: await freePort(),
      group: await freePort(),
      increments: await freePort(),
      copies: await freePort(),
    });
  }
  const nodes = [1, 2, 3].map((number) => new Node(number, ports));
  for (const node of nodes) node.install();
  const [first, ...others] = nodes as [Node, ...Node[]];
  await first.start(true);
  for (const node of others) await node.start();
  const client = await first.connect();
  await client.query(readFileSync(join(root, 'deploy/galera/users.sql'), 'utf8'));
  client.destroy();
  return nodes;
}

/** A new and empty database of the cluster for the user `atommq`. */
export async function makeDatabase(node: Node, name: string): Promise<void> {
  const client = await node.connect();
  await client.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4; GRANT ALL PRIVILEGES ON ${name}.* TO atommq`);
  client.destroy();
}

/** Ends nodes, paused ones too, whatever the test came to. */
export async function endGalera(nodes: Node[]): Promise<void> {
  for (const node of nodes) {
    try {
      node.signal('SIGCONT');
    } catch {
      // It has ended already.
    }
  }
  await Promise.all(nodes.map((node) => node.stop('SIGKILL')));
}
