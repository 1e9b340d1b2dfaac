/** Which socket a FastCGI server listens on, and what to do about a socket file that is there already. */
import cluster from 'node:cluster';
import { fstatSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { passedSocket } from './passed.js';

/** A path, a port, a host and port, or a descriptor that somebody else opened. */
export type FastCgiSocket = { path: string } | { host: string; port: number } | { fd: number };

/**
 * By `--socket`, else systemd's descriptor, else the one that a web server left on descriptor 0.
 * @throws Error with one clear line when there is none of them
 */
export function fastCgiSocket(socket: string | undefined, env: NodeJS.ProcessEnv): FastCgiSocket {
  if (socket !== undefined) {
    if (/^\d+$/.test(socket)) return { host: '127.0.0.1', port: Number(socket) };
    const [, host, port] = /^(.*):(\d+)$/.exec(socket) ?? [];
    if (host !== undefined && !host.includes('/'))
      return { host: host.replace(/^\[|\]$/g, '') || '0.0.0.0', port: Number(port) };
    return { path: socket };
  }
  const passed = passedSocket(env);
  if (passed !== undefined) return { fd: passed.fd };
  // In a worker of ours descriptor 0 is empty.
  if (cluster.isWorker || fstatSync(0).isSocket()) return { fd: 0 };
  throw new Error('no socket: give --socket PATH|PORT, or let a web server or systemd pass one');
}

/** The error for a socket that another process listens on. */
export function inUse(name: string): Error {
  return Object.assign(new Error(`${name} is in use (EADDRINUSE): another process listens on it`), {
    code: 'EADDRINUSE',
  });
}

/**
 * Removes a socket file that nobody listens on.
 * @throws Error with code EADDRINUSE when somebody does, or when it is a file of another kind
 */
export async function removeStale(path: string): Promise<void> {
  const file = statSync(path, { throwIfNoEntry: false });
  if (file === undefined) return;
  if (!file.isSocket()) {
    throw Object.assign(new Error(`${path} is there already and is not a socket`), { code: 'EADDRINUSE' });
  }
  const refused = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(false);
    });
    probe.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ECONNREFUSED' || error.code === 'ENOENT'),
    );
  });
  if (!refused) throw inUse(path);
  rmSync(path, { force: true });
}
