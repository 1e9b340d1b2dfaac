/** What the steps of a document share: a folder, ports, variables of the shell, servers, and what was said so far. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { freePort, openFolder, PATH, PYTHON, root } from '../doors/children.js';

/** What a document calls the first of its ports. */
const SHOWN_PORT = 8080;
/** Folders that a document names and a test may not write to. */
const SYSTEM = /\/(?:etc|run|var\/lib|var\/log)\/atommq(?![\w-])/g;
/** Most milliseconds for one step. */
const PATIENCE = 60_000;

export interface Ended {
  status: number | null;
  /** Standard output and error as they came. */
  output: string;
}

interface Running {
  /** Ends it as soon as it has printed this. */
  until?: string | undefined;
}

export class Session {
  /** All that was answered and printed, in the words of the document. */
  said = '';
  /** What the last step printed. */
  printed = '';
  #folder: string | undefined;
  readonly #ports: number[] = [];

  constructor() {
    process.once('exit', () => {
      for (const pid of this.#servers()) if (lives(pid)) process.kill(pid, 'SIGKILL');
    });
  }

  /** The session's folder, made when it is first asked for. */
  get folder(): string {
    this.#folder ??= prepared();
    return this.#folder;
  }

  /** A text as it is run: with the real ports and folders. */
  async real(text: string): Promise<string> {
    while (this.#ports.length < 10) this.#ports.push(await freePort());
    return text
      .replace(/\b808(\d)\b/g, (_, digit) => String(this.#ports[Number(digit)]))
      .replace(SYSTEM, (path) => `${this.folder}${path}`);
  }

  /** What was said, as the document says it. */
  shown(text: string): string {
    let shown = text.replaceAll(this.folder, '').replaceAll('127.0.0.1:', 'localhost:');
    for (const [digit, port] of this.#ports.entries()) {
      shown = shown.replace(new RegExp(`\\b${port}\\b`, 'g'), String(SHOWN_PORT + digit));
    }
    return shown;
  }

  /** Keeps what a step printed or was answered. */
  remember(text: string): void {
    this.printed = this.shown(text);
    this.said += `\n${this.printed}`;
  }

  /** The real port of one that the document shows. */
  async port(shown: string): Promise<number> {
    return Number(await this.real(shown));
  }

  /** Runs a program to its end, with all that it starts in the foreground. */
  async run(command: string, argv: string[], { until }: Running = {}): Promise<Ended> {
    const { folder } = this;
    const child = spawn(command, argv, {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: join(folder, 'bin'),
        HOME: folder,
        LANG: 'C.UTF-8',
        no_proxy: '*',
        ATOMMQ_PORT: await this.real(String(SHOWN_PORT)),
        DOCUMENT: folder,
      },
    });
    const kill = (signal: NodeJS.Signals) => {
      try {
        process.kill(-child.pid!, signal);
      } catch {
        // It has ended by itself.
      }
    };
    return new Promise((resolve, reject) => {
      let output = '';
      let stopped = false;
      const timer = setTimeout(() => {
        kill('SIGKILL');
        reject(new Error(`it did not end in ${PATIENCE / 1000} s, and had printed:\n${output}`));
      }, PATIENCE);
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
          if (until === undefined || stopped || !this.shown(output).includes(until)) return;
          stopped = true;
          kill('SIGTERM');
        });
      }
      child.on('error', reject);
      child.on('close', (status) => {
        clearTimeout(timer);
        if (until !== undefined && !stopped) reject(new Error(`it ended and had not printed ${until}:\n${output}`));
        resolve({ status: stopped ? 0 : status, output });
      });
    });
  }

  /** Ends the servers and forgets everything. */
  async end(): Promise<void> {
    if (this.#folder === undefined) return;
    const pids = this.#servers();
    for (const pid of pids) if (lives(pid)) process.kill(pid, 'SIGTERM');
    for (const pid of pids) while (lives(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
    rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
    this.#ports.length = 0;
    this.said = '';
    this.printed = '';
  }

  /** The process ids of the servers that were started. */
  #servers(): number[] {
    if (this.#folder === undefined) return [];
    const folder = join(this.#folder, '.servers');
    return readdirSync(folder).map((name) => Number(readFileSync(join(folder, name), 'utf8')));
  }
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** All that a block finds: nothing that could change the machine it runs on. */
const PROGRAMS =
  'awk base64 bash cat chmod cmp cp cut date dirname env false find flock grep head htpasswd kill ln ls mkdir mktemp mv openssl readlink ' +
  'rm rmdir sed seq setsid sh sleep sort sqlite3 tail tee test touch tr true uniq wc xargs xmllint';

function programs(): Map<string, string> {
  const ours = join(root, 'test/documents/bin');
  const found = new Map([
    ['node', process.execPath],
    ['python3', PYTHON],
    ...readdirSync(ours).map((name): [string, string] => [name, join(ours, name)]),
  ]);
  for (const name of PROGRAMS.split(' ')) {
    const folder = PATH.split(delimiter).find((one) => existsSync(join(one, name)));
    if (folder !== undefined) found.set(name, join(folder, name));
  }
  return found;
}

/** A folder in which `atommq` is a command and a package. */
function prepared(): string {
  const folder = openFolder();
  for (const path of [
    '.servers',
    'etc/atommq',
    'run/atommq',
    'var/lib/atommq',
    'var/log/atommq',
    'node_modules',
    'bin',
  ]) {
    mkdirSync(join(folder, path), { recursive: true });
  }
  const packages = join(root, 'node_modules');
  for (const name of readdirSync(packages).filter((one) => !one.startsWith('.'))) {
    symlinkSync(join(packages, name), join(folder, 'node_modules', name));
  }
  if (!existsSync(join(folder, 'node_modules/atommq'))) symlinkSync(root, join(folder, 'node_modules/atommq'));
  for (const [name, path] of programs()) symlinkSync(path, join(folder, 'bin', name));
  symlinkSync(root, join(folder, 'repository'));
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  writeFileSync(join(folder, '.curlrc'), 'silent\nshow-error\nmax-time = 50\nconnect-to = "::127.0.0.1:"\n');
  writeFileSync(join(folder, '.variables'), '');
  writeFileSync(join(folder, '.here'), folder);
  return folder;
}
