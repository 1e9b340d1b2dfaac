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
 * Those that send more than this, in bytes, take turns: each PERIOD, in milliseconds, so many of them are read, and of all
 * together about SHARED bytes. The waiting costs those who send too much their time and not ours.
 */
const LITTLE = 64 * 1024;
const PERIOD = 50;
const AT_ONCE = 4;
const SHARED = 1024 * 1024;

interface Ending {
  incoming: IncomingMessage;
  /** Bytes that had been read when it began. */
  from: number;
  /** How many more are read before it has to wait. */
  left: number;
  until: number;
}

const endings = new Map<Socket, Ending>();
/** Those that are not read until it is their turn. */
const waiting = new Set<Ending>();
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
  const ending: Ending = { incoming, from: socket.bytesRead, left: LITTLE, until: Date.now() + LONGEST };
  endings.set(socket, ending);
  socket.once('close', () => {
    endings.delete(socket);
    waiting.delete(ending);
  });
  incoming.on('data', (chunk: Buffer) => {
    ending.left -= chunk.length;
    if (ending.left > 0) return;
    incoming.pause();
    waiting.add(ending);
  });
  timer ??= setInterval(look, PERIOD).unref();
}

function look(): void {
  const now = Date.now();
  for (const [socket, { from, until }] of endings) {
    if (now > until || socket.bytesRead - from > MOST) socket.destroy();
  }
  const share = SHARED / Math.max(1, waiting.size);
  let turns = Math.min(AT_ONCE, waiting.size);
  for (const ending of waiting) {
    if (turns === 0) break;
    turns -= 1;
    waiting.delete(ending);
    ending.left = share;
    ending.incoming.resume();
  }
  if (endings.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}
