/** HAProxy and web heads, by the files of `deploy/`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { httpClient } from '../client.js';
import { openFolder, root, type Server, startServer } from '../doors/children.js';
import { configured } from '../doors/configure.js';
import { sleep } from './traffic.js';

/** How long a head may take to be ready, in milliseconds. */
const PATIENCE = 60_000;

/** A web head, which can be killed and started again on its port. */
export class Head {
  readonly port: number;
  readonly #file: string;
  #server: Server | undefined;

  /** @param file its configuration, as text */
  constructor(port: number, file: string) {
    this.port = port;
    this.#file = join(openFolder(), 'config.yml');
    writeFileSync(this.#file, file);
  }

  /** As systemd does: one that ends because its database is away is started again a second later. */
  async start(): Promise<void> {
    const flags = ['--config', this.#file, '--host', '127.0.0.1', '--port', String(this.port)];
    for (const deadline = Date.now() + PATIENCE; ; await sleep(1000)) {
      this.#server = startServer({ command: join(root, 'bin/atommq'), arguments: flags, cwd: openFolder() });
      try {
        return await untilReady(this.port, this.#server);
      } catch (error) {
        await this.stop('SIGKILL');
        if (Date.now() > deadline) throw error;
      }
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#server?.stop(signal);
  }
}

/** Starts HAProxy by a file of `deploy/`. */
export function startHaproxy(file: string, replacements: Record<string, string>): Server {
  const path = join(openFolder(), 'haproxy.cfg');
  const asRoot = process.getuid?.() === 0;
  const user: Record<string, string> = asRoot ? {} : { '  user haproxy\n  group haproxy\n': '' };
  writeFileSync(path, configured(file, { ...replacements, ...user }));
  return startServer({ command: 'haproxy', arguments: ['-db', '-f', path] });
}

/** Resolves when a head, or HAProxy in front of some, answers and the database behind it does. */
export async function untilReady(port: number, server: Server): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  const asks = httpClient(port);
  let over: number | string | undefined;
  void server.ended.then((how) => {
    over = how;
  });
  let last = '';
  while (over === undefined && Date.now() < deadline) {
    const answer = await asks('GET', '/atommq/health/ready').catch((error: unknown) => ({
      status: 0,
      text: String(error),
    }));
    if (answer.status === 200) return;
    last = `${answer.status} ${answer.text}`;
    await sleep(100);
  }
  throw new Error(`port ${port} is not ready (${over ?? last}):\n${server.log()}`);
}
