/** The socket that systemd opened for us (sd_listen_fds(3)), and where it is. */
import cluster from 'node:cluster';
import { readFileSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';

/** The first descriptor that systemd passes. */
const FIRST = 3;

export interface PassedSocket {
  fd: number;
  /** Undefined for a socket file: its mode says who may connect. */
  at: { host: string; port: number } | undefined;
}

/**
 * @returns undefined where systemd passed none
 * @throws Error with one clear line when it passed several, or one that is no stream of a network or a file
 */
export function passedSocket(env: NodeJS.ProcessEnv): PassedSocket | undefined {
  // In a worker of ours descriptor 3 is another one: systemd's variables name the primary, which has the socket.
  const pid = cluster.isWorker ? process.ppid : process.pid;
  if (env.LISTEN_PID !== String(pid)) return undefined;
  if (env.LISTEN_FDS !== '1') {
    throw new Error(`systemd passes ${env.LISTEN_FDS} sockets, and one is served: put one ListenStream= in the unit`);
  }
  return { fd: FIRST, at: boundTo(pid) };
}

/** Where the descriptor is bound, by the kernel's own lists: Node would say so only after it has begun to take connections. */
function boundTo(pid: number): PassedSocket['at'] {
  const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${FIRST}`)) ?? [];
  for (const list of ['tcp', 'tcp6']) {
    const columns = rows(list).find((row) => row[9] === inode);
    if (columns !== undefined) return addressOf(columns[1]!);
  }
  if (rows('unix').some((row) => row[6] === inode)) return undefined;
  throw new Error('what systemd passes is no socket that can be listened on: put a ListenStream= in the unit');
}

function rows(list: string): string[][] {
  try {
    return readFileSync(`/proc/self/net/${list}`, 'latin1')
      .split('\n')
      .map((line) => line.trim().split(/\s+/));
  } catch {
    // A kernel without IPv6 has no such list.
    return [];
  }
}

/** `0100007F:1F90`, four bytes at a time as the machine has them in memory, is 127.0.0.1 and 8080. */
function addressOf(text: string): { host: string; port: number } {
  const [digits = '', port = ''] = text.split(':');
  const bytes = Buffer.from(digits, 'hex');
  if (endianness() === 'LE') bytes.swap32();
  const host =
    bytes.length === 4
      ? bytes.join('.')
      : // The shortest form of an address is what a URL has.
        new URL(`http://[${bytes.toString('hex').replace(/(.{4})(?=.)/g, '$1:')}]`).hostname.slice(1, -1);
  return { host, port: Number.parseInt(port, 16) };
}
