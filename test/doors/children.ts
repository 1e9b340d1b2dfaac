/** Servers as children: free ports, temporary folders, logs for when a start fails, an end by process id. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ask } from '../client.js';

/** The root of the package, seen from dist/test/doors. */
export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

/** Where programs are looked for, and what children get: node first, then what Debian keeps for administrators. */
export const PATH = [dirname(process.execPath), process.env.PATH ?? '', '/usr/sbin', '/sbin', '/usr/bin', '/bin'].join(
  delimiter,
);

/** Debian's own interpreters, for which `test/provision` installs modules; another one on the path would not see them. */
export const PERL = '/usr/bin/perl';
export const PYTHON = '/usr/bin/python3';

/** Which of these this machine lacks: files by path, programs on the path, and modules by `perl:NAME` and `python3:NAME`, as in `test/provision`. */
export function missing(needs: string[]): string[] {
  return needs.filter((need) => !isThere(need));
}

const modules = new Map<string, boolean>();

function isThere(need: string): boolean {
  const [, language, module = ''] = /^(perl|python3):(.*)$/.exec(need) ?? [];
  if (need.startsWith('/')) return existsSync(need);
  if (language === undefined) return PATH.split(delimiter).some((folder) => isExecutable(join(folder, need)));
  let there = modules.get(need);
  if (there === undefined) {
    const [command, argv] = language === 'perl' ? [PERL, [`-M${module}`, '-e1']] : [PYTHON, ['-c', `import ${module}`]];
    there = spawnSync(command, argv, { stdio: 'ignore' }).status === 0;
    modules.set(need, there);
  }
  return there;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What is done, newest first, when this process ends without having done it itself. */
const atExit = new Set<() => void>();
process.once('exit', () => {
  for (const undo of [...atExit].reverse()) undo();
});

/** A folder that every user may enter and write to, since web servers change theirs; gone when this process ends. */
export function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'atommq-door-'));
  chmodSync(folder, 0o777);
  atExit.add(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A subfolder that every user may write to. */
export function openSubfolder(folder: string, name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  chmodSync(path, 0o777);
  return path;
}

// Below the range that outgoing connections are given theirs from, and a stretch for each process: no two meet.
let next = 10_000 + (process.pid % 1000) * 20;

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 20_000; tries += 1) {
    const port = next;
    next = next >= 29_999 ? 10_000 : next + 1;
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new Error('no port is free');
}

/** A server that runs as a child of this process. */
export interface Server {
  pid: number;
  /** All it said, and what is in its log files. */
  log(): string;
  /** Resolves with the exit code, or the signal's name. */
  ended: Promise<number | string>;
  /** Ends it by its process id, and resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface ServerOptions {
  command: string;
  arguments: string[];
  environment?: Record<string, string>;
  cwd?: string;
  /** Files that it writes its errors to. */
  logs?: string[];
  /** What ends it when this process ends without having done so. */
  lastly?: NodeJS.Signals[];
}

/** Starts a server in the foreground. */
export function startServer({
  command,
  arguments: argv,
  environment = {},
  cwd,
  logs = [],
  lastly = ['SIGTERM'],
}: ServerOptions): Server {
  const child: ChildProcess = spawn(command, argv, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH, LANG: 'C.UTF-8', ...environment },
    ...(cwd === undefined ? {} : { cwd }),
  });
  let said = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000);
    });
  }
  const ended = new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? code ?? 0));
  });
  // Never SIGKILL first: web servers have processes of their own to end.
  const end = () => {
    for (const signal of lastly) child.kill(signal);
  };
  const kill = () => child.kill('SIGKILL');
  atExit.add(end);
  void ended.then(() => {
    atExit.delete(end);
    // What a server leaves behind must not keep this process waiting for more of its output.
    setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, 1000).unref();
  });
  return {
    pid: child.pid ?? 0,
    ended,
    log: () => [said, ...logs.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : ''))].join(''),
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const patience = setTimeout(kill, 20_000);
      await ended;
      clearTimeout(patience);
    },
  };
}

/**
 * Resolves when the application answers at a path through a server.
 * @throws Error with the logs of all that was started, when one of them ends or none answers in 30 s
 */
export async function untilItAnswers(
  ask: Ask,
  servers: Record<string, Server>,
  path = '/atommq/health/live',
): Promise<void> {
  const deadline = Date.now() + 30_000;
  let last = 'nothing was tried';
  let over: string | undefined;
  for (const [name, { ended }] of Object.entries(servers)) {
    void ended.then((how) => {
      over ??= `${name} ended (${how})`;
    });
  }
  while (over === undefined && Date.now() < deadline) {
    try {
      const { status, text } = await ask('GET', path);
      if (status === 200) return;
      last = `${status} ${text.slice(0, 500)}`;
    } catch (error) {
      last = String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const logs = Object.entries(servers).map(([name, server]) => `--- ${name}\n${server.log()}`);
  await Promise.all(Object.values(servers).map((server) => server.stop()));
  throw new Error(`The server does not answer: ${over ?? last}\n${logs.join('\n')}`);
}
