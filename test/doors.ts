/** Every way into AtomMQ, each with the configuration that `deploy/` holds: one suite runs through all of them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Answer, Client } from './fixture.js';
import { temporaryFolder } from './fixture.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BIN = join(ROOT, 'bin');

/** A running door. */
export interface Door {
  client: Client;
  stop: () => Promise<void>;
}

export interface DoorKind {
  name: string;
  /** Programs without which it cannot be tried. */
  needs: string[];
  start: () => Promise<Door>;
}

/** A program that is missing, if any is. */
export function missing({ needs }: DoorKind): string | undefined {
  return needs.find((program) => spawnSync('which', [program]).status !== 0);
}

export async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** A client over HTTP that sends paths as they are given. */
export function overHttp(port: number, mount = '/atommq'): Client {
  return (method, path, { body, headers = {} } = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const bytes = body === undefined ? undefined : Buffer.from(body);
      const length: Record<string, string> = bytes === undefined ? {} : { 'content-length': String(bytes.length) };
      const request = httpRequest(
        { host: '127.0.0.1', port, method, path: mount + path, headers: { ...length, ...headers }, agent: false },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString(),
            }),
          );
        },
      );
      request.on('error', reject);
      request.end(bytes);
    });
}

/** Starts a program that stays in the foreground. */
export function start(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcess & { said: () => string } {
  let said = '';
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  return Object.assign(child, { said: () => said });
}

/** Ends a process by its id, and waits until it is gone. */
export async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const gone = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  child.kill(signal);
  return gone;
}

/** Waits until a check holds; says what the servers said when it does not come to that. */
async function until(check: () => Promise<boolean>, children: { said: () => string }[]): Promise<void> {
  for (let i = 0; i < 200; i += 1) {
    if (await check().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not reached: ${children.map((child) => child.said()).join('\n')}`);
}

/** A file of `deploy/` with each of these replaced; one that does not occur is a mistake. */
function deployed(name: string, replacements: [string, string][]): string {
  let text = readFileSync(join(ROOT, 'deploy', name), 'utf8');
  for (const [from, to] of replacements) {
    if (!text.includes(from)) throw new Error(`deploy/${name} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** A folder that servers running as another user may use. */
function openFolder(): string {
  const folder = temporaryFolder();
  chmodSync(folder, 0o777);
  return folder;
}

async function ready(port: number, children: (ChildProcess & { said: () => string })[]): Promise<Door> {
  const client = overHttp(port);
  await until(async () => (await client('GET', '/health/ready')).status === 200, children);
  return {
    client,
    stop: async () => {
      for (const child of children) await stop(child);
    },
  };
}

function fastCgi(folder: string, workers = 1) {
  const socket = join(folder, 'fcgi.sock');
  const args = ['--gateway', 'fastcgi', '--socket', socket, '--socket-mode', '0666', '--workers', String(workers)];
  return start(join(BIN, 'atommq'), [...args, '--database', join(folder, 'bus.db')]);
}

async function lighttpd(
  file: string,
  replacements: (folder: string) => [string, string][],
  backend = false,
): Promise<Door> {
  const folder = openFolder();
  const port = await freePort();
  const config = join(folder, 'lighttpd.conf');
  writeFileSync(
    config,
    `server.port = ${port}\nserver.bind = "127.0.0.1"\nserver.document-root = "${folder}"\nserver.modules = ()\n${deployed(file, replacements(folder))}`,
  );
  const back = backend ? [fastCgi(folder)] : [];
  return ready(port, [start('lighttpd', ['-D', '-f', config]), ...back]);
}

async function nginx(
  file: string,
  replacements: [string, string][],
  backend: (folder: string) => ReturnType<typeof start>,
): Promise<Door> {
  const folder = openFolder();
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  const all: [string, string][] = [['listen 80', `listen 127.0.0.1:${port}`], ...replacements];
  const text = deployed(file, all)
    .replaceAll('/run/atommq', folder)
    .replace('include fastcgi_params', 'include /etc/nginx/fastcgi_params');
  writeFileSync(
    config,
    `user root;\npid ${folder}/nginx.pid;\nerror_log stderr;\ndaemon off;\nevents {}\nhttp {\naccess_log off;\nclient_body_temp_path ${folder}/b;\nproxy_temp_path ${folder}/p;\nfastcgi_temp_path ${folder}/f;\nuwsgi_temp_path ${folder}/u;\nscgi_temp_path ${folder}/s;\n${text}\n}\n`,
  );
  return ready(port, [start('nginx', ['-p', folder, '-c', config]), backend(folder)]);
}

async function apache(
  file: string,
  modules: string[],
  replacements: (folder: string) => [string, string][],
  backend: boolean,
): Promise<Door> {
  const folder = openFolder();
  const port = await freePort();
  const config = join(folder, 'apache.conf');
  const load = ['mpm_event', 'authz_core', ...modules]
    .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\n`)
    .join('');
  mkdirSync(join(folder, 'run'));
  writeFileSync(
    config,
    `ServerRoot ${folder}\nServerName localhost\nListen 127.0.0.1:${port}\nPidFile ${folder}/apache.pid\nErrorLog ${folder}/error.log\nDefaultRuntimeDir ${folder}/run\nUser www-data\nGroup www-data\nDocumentRoot ${folder}\n${load}${deployed(file, replacements(folder))}`,
  );
  const back = backend ? [fastCgi(folder)] : [];
  return ready(port, [start('apache2', ['-D', 'FOREGROUND', '-f', config]), ...back]);
}

async function http(workers: number): Promise<Door> {
  const folder = temporaryFolder();
  const port = await freePort();
  const args = ['--port', String(port), '--workers', String(workers), '--database', join(folder, 'bus.db')];
  return ready(port, [start(join(BIN, 'atommq'), args)]);
}

export const doors: DoorKind[] = [
  { name: 'HTTP', needs: [], start: () => http(1) },
  { name: 'HTTP, two workers', needs: [], start: () => http(2) },
  {
    name: 'lighttpd FastCGI, spawned',
    needs: ['lighttpd'],
    start: () =>
      lighttpd('lighttpd-fastcgi.conf', (folder) => [
        ['/run/atommq', folder],
        ['/var/lib/atommq', folder],
        ['/var/log/lighttpd', folder],
        ['/opt/atommq/bin', BIN],
      ]),
  },
  {
    name: 'lighttpd FastCGI, ready socket',
    needs: ['lighttpd'],
    start: () => lighttpd('lighttpd-socket.conf', (folder) => [['/run/atommq', folder]], true),
  },
  {
    name: 'lighttpd CGI',
    needs: ['lighttpd'],
    start: () =>
      lighttpd('lighttpd-cgi.conf', (folder) => [
        ['/var/lib/atommq', folder],
        ['/opt/atommq/bin', BIN],
      ]),
  },
  {
    name: 'nginx FastCGI, kept connections',
    needs: ['nginx'],
    start: () => nginx('nginx-fastcgi.conf', [], (folder) => fastCgi(folder, 2)),
  },
  {
    name: 'nginx FastCGI, a connection a request',
    needs: ['nginx'],
    start: () =>
      nginx('nginx-fastcgi.conf', [['fastcgi_keep_conn on', 'fastcgi_keep_conn off']], (folder) => fastCgi(folder)),
  },
  {
    name: 'nginx proxy',
    needs: ['nginx'],
    start: async () => {
      const back = await freePort();
      return nginx('nginx-proxy.conf', [['127.0.0.1:8080', `127.0.0.1:${back}`]], (folder) =>
        start(join(BIN, 'atommq'), ['--port', String(back), '--database', join(folder, 'bus.db')]),
      );
    },
  },
  {
    name: 'Apache FastCGI',
    needs: ['apache2'],
    start: () => apache('apache-fastcgi.conf', ['proxy', 'proxy_fcgi'], (folder) => [['/run/atommq', folder]], true),
  },
];

/** Apache runs CGI scripts as www-data, who must be able to read the package. */
doors.push({
  name: 'Apache CGI',
  needs: ['apache2'],
  start: () =>
    apache(
      'apache-cgi.conf',
      ['alias', 'env', 'cgid'],
      (folder) => [
        ['/var/lib/atommq', folder],
        ['/opt/atommq/bin', BIN],
      ],
      false,
    ),
});
