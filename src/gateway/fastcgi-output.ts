/** The sending half of a FastCGI connection: records put together into few writes, with back-pressure. */
import type { Socket } from 'node:net';
import { MOST_CONTENT, recordHeader } from './fastcgi-records.js';

/** So much may wait for the peer before it is not read from any more, in bytes. */
const HIGH = 1024 * 1024;
/** So much is copied together to leave as one piece; more leaves as it is, in bytes. */
const IN_ONE_PIECE = 64 * 1024;

export class FastCgiOutput {
  readonly #socket: Socket;
  readonly #onFull: (full: boolean) => void;
  #waiting: ((error?: Error | null) => void)[] = [];
  /** Records that leave with the next flush. */
  #parts: Uint8Array[] = [];
  #length = 0;
  #full = false;

  /** @param onFull is told when the peer does not read what it is sent, and when it has caught up */
  constructor(socket: Socket, onFull: (full: boolean) => void) {
    this.#socket = socket;
    this.#onFull = onFull;
    socket.on('drain', () => this.#caughtUp());
  }

  /** More waits for the peer than it should. */
  get full(): boolean {
    return this.#full;
  }

  /** Writes one record, or several where the content is too long for one; `done` is called when more may follow. */
  write(type: number, id: number, content: Uint8Array, done?: (error?: Error | null) => void): void {
    const socket = this.#socket;
    if (socket.destroyed || !socket.writable) {
      done?.();
      return;
    }
    // An answer is several records that come within a moment: they leave together.
    if (this.#parts.length === 0) setImmediate(() => this.flush());
    for (let at = 0; at === 0 || at < content.length; at += MOST_CONTENT) {
      const part = content.length <= MOST_CONTENT ? content : content.subarray(at, at + MOST_CONTENT);
      const header = recordHeader(type, id, part.length);
      this.#parts.push(header, part);
      this.#length += header.length + part.length;
    }
    if (this.#length > IN_ONE_PIECE) this.flush();
    if (this.#full && done !== undefined) this.#waiting.push(done);
    else done?.();
  }

  flush(): void {
    const parts = this.#parts;
    const length = this.#length;
    if (parts.length === 0) return;
    this.#parts = [];
    this.#length = 0;
    const socket = this.#socket;
    if (socket.destroyed || !socket.writable) return;
    if (length <= IN_ONE_PIECE) socket.write(Buffer.concat(parts, length));
    else {
      socket.cork();
      for (const part of parts) if (part.length > 0) socket.write(part);
      socket.uncork();
    }
    if (socket.writableLength > HIGH && !this.#full) {
      this.#full = true;
      this.#onFull(true);
    }
  }

  /** The connection is gone: nobody waits any more. */
  close(): void {
    this.#caughtUp();
  }

  #caughtUp(): void {
    if (!this.#full) return;
    this.#full = false;
    this.#onFull(false);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }
}
