/** Which socket a FastCGI server listens on, and what to do about a socket file that is there already. */
import { fstatSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';

/** A path, a port, a host and port, or a descriptor that somebody else opened. */
export type FastCgiSocket = { path: string } | { host: string; port: number } | { fd: number };

/** The first descriptor that systemd passes (sd_listen_fds(3)). */
const SYSTEMD = 3;

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
  if (env.LISTEN_PID === String(process.pid) || (env.LISTEN_FDS !== undefined && env.NODE_UNIQUE_ID !== undefined)) {
    return { fd: SYSTEMD };
  }
  // In a worker of ours descriptor 0 is empty; the primary has the socket.
  if (env.NODE_UNIQUE_ID !== undefined || fstatSync(0).isSocket()) return { fd: 0 };
  throw new Error('no socket: give --socket PATH|PORT, or let a web server or systemd pass one');
}

/** Removes a socket file that nobody listens on; a live one, or another kind of file, stays. */
export async function removeStale(path: string): Promise<void> {
  if (!statSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  const refused = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(false);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
  if (refused) rmSync(path, { force: true });
}
