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
/** How often there is a look, in milliseconds, and how much all connections together are read in between, in bytes. */
const PERIOD = 50;
const SHARED = 1024 * 1024;
/** Each is read so much at least, in bytes: less would not be worth the trouble. */
const LEAST = 16 * 1024;

interface Ending {
  incoming: IncomingMessage;
  /** Bytes that had been read when it began, and at the last look. */
  from: number;
  seen: number;
  until: number;
}

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
  const from = socket.bytesRead;
  endings.set(socket, { incoming, from, seen: from, until: Date.now() + LONGEST });
  socket.once('close', () => endings.delete(socket));
  incoming.on('data', () => {
    const ending = endings.get(socket);
    if (ending !== undefined && socket.bytesRead - ending.seen > share()) incoming.pause();
  });
  timer ??= setInterval(look, PERIOD).unref();
}

function share(): number {
  return Math.max(LEAST, SHARED / endings.size);
}

function look(): void {
  const now = Date.now();
  for (const [socket, ending] of endings) {
    if (now > ending.until || socket.bytesRead - ending.from > MOST) {
      socket.destroy();
    } else {
      ending.seen = socket.bytesRead;
      if (ending.incoming.isPaused()) ending.incoming.resume();
    }
  }
  if (endings.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}
