/**
 * The end of a connection whose client still sends: closing a socket that holds unread bytes resets it, and the answer
 * would be lost. So it is read for a while, and what comes is thrown away; slowly, since those who send what nobody wants
 * must not take time from the others.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** So much is read after an answer, so that the client gets to see it, in bytes and in milliseconds. */
const MOST = 64 * 1024 * 1024;
const LONGEST = 5000;
/**
 * How often there is a look, in milliseconds; how many connections are read until the next, and how many bytes of all of
 * them. The others wait for their turn, which costs those who send too much their time and not ours.
 */
const PERIOD = 50;
const AT_ONCE = 4;
const SHARED = 1024 * 1024;

interface Ending {
  incoming: IncomingMessage;
  /** Bytes that had been read when it began. */
  from: number;
  /** How many more are read before the next look. */
  left: number;
  until: number;
}

/** The one whose turn is next comes first. */
const endings = new Map<Socket, Ending>();
const over = new WeakSet<Socket>();
let timer: NodeJS.Timeout | undefined;

/** Whether a connection has had its last answer: what still comes on it is not a request. */
export function isOver(socket: Socket): boolean {
  return over.has(socket);
}

/** What comes on a connection from now on is not a request. */
export function isLast(socket: Socket): void {
  over.add(socket);
}

/** Ends our side now, and the connection when its client has had time to read the answer. */
export function linger(socket: Socket, incoming: IncomingMessage): void {
  isLast(socket);
  socket.end();
  incoming.pause();
  const ending: Ending = { incoming, from: socket.bytesRead, left: 0, until: Date.now() + LONGEST };
  endings.set(socket, ending);
  socket.once('close', () => endings.delete(socket));
  incoming.on('data', (chunk: Buffer) => {
    ending.left -= chunk.length;
    if (ending.left <= 0) incoming.pause();
  });
  timer ??= setInterval(look, PERIOD).unref();
}

function look(): void {
  const now = Date.now();
  for (const [socket, { from, until }] of endings) {
    if (now > until || socket.bytesRead - from > MOST) socket.destroy();
  }
  for (const [socket, ending] of [...endings].slice(0, AT_ONCE)) {
    endings.delete(socket);
    if (socket.destroyed) continue;
    endings.set(socket, ending);
    ending.left = SHARED / endings.size;
    ending.incoming.resume();
  }
  if (endings.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}
