/** A request body between the connection that brings it and the application that reads it. */
import { HttpError } from '../http.js';

/** So many bytes may wait before the connection is told to pause. */
const HIGH = 1024 * 1024;

export class BodyQueue implements AsyncIterable<Uint8Array> {
  readonly #pause: (paused: boolean) => void;
  #chunks: Buffer[] = [];
  #length = 0;
  #paused = false;
  #state: 'open' | 'ended' | 'broken' | 'dropped' = 'open';
  #wake: () => void = () => {};

  /** @param pause is told when the sender should pause, and when it may go on */
  constructor(pause: (paused: boolean) => void) {
    this.#pause = pause;
  }

  get complete(): boolean {
    return this.#state !== 'open';
  }

  push(chunk: Buffer): void {
    if (this.#state !== 'open') return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length > HIGH) this.#setPaused(true);
    this.#wake();
  }

  end(): void {
    this.#settle('ended');
  }

  /** The sender went away: whoever reads gets an error. */
  fail(): void {
    this.#settle('broken');
  }

  /** Nobody will read: what still comes is thrown away. */
  drop(): void {
    this.#settle('dropped');
    this.#chunks = [];
    this.#length = 0;
    this.#setPaused(false);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#length -= chunk.length;
        if (this.#length <= HIGH / 2) this.#setPaused(false);
        yield chunk;
      } else if (this.#state === 'open') {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else if (this.#state === 'broken') throw new HttpError(400, 'The body ended before it was complete.');
      else return;
    }
  }

  #settle(state: 'ended' | 'broken' | 'dropped'): void {
    if (this.#state === 'open' || state === 'dropped') this.#state = state;
    this.#wake();
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#pause(paused);
  }
}
