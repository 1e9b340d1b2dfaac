/** The sending half of a FastCGI connection: records put together into few writes, with back-pressure. */
import type { Socket } from 'node:net';
import { MOST_CONTENT, recordHeader } from './fastcgi-records.js';

/** So much may wait for the peer before it is not read from any more, in bytes. */
const HIGH = 1024 * 1024;

export class FastCgiOutput {
  readonly #socket: Socket;
  readonly #onFull: (full: boolean) => void;
  #waiting: ((error?: Error | null) => void)[] = [];
  #corked = false;
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
    if (!this.#corked) {
      // An answer is several records that come within a moment: they leave together.
      this.#corked = true;
      socket.cork();
      setImmediate(() => this.flush());
    }
    for (let at = 0; at === 0 || at < content.length; at += MOST_CONTENT) {
      const part = content.length <= MOST_CONTENT ? content : content.subarray(at, at + MOST_CONTENT);
      socket.write(recordHeader(type, id, part.length));
      if (part.length > 0) socket.write(part);
    }
    if (socket.writableLength > HIGH && !this.#full) {
      this.#full = true;
      this.#onFull(true);
    }
    if (this.#full && done !== undefined) this.#waiting.push(done);
    else done?.();
  }

  flush(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#socket.uncork();
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
