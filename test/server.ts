/** Servers of our own as child processes, and a client for them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import type { Answer, Client } from './fixture.js';

export { freePort } from './doors/children.js';

const children = new Set<ChildProcess>();

/** Ends every child that is still there: after a failed test, so that its file can end. */
export function endAll(): void {
  for (const child of children) child.kill('SIGKILL');
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
  children.add(child);
  child.once('exit', () => children.delete(child));
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
