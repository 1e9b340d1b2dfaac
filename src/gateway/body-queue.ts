/** A request body between the connection that brings it and the application that reads it. */
import { brokenOff, Gatherer } from './body.js';
import type { CgiBody } from './cgi-request.js';

/** So much may wait, in bytes and in pieces, before the connection is told to pause. */
const HIGH = 1024 * 1024;
const MOST_PIECES = 1024;

/** Somebody who waits for the whole. */
interface Waiting {
  gatherer: Gatherer;
  resolve: (bytes: Uint8Array) => void;
  reject: (error: unknown) => void;
}

export class BodyQueue implements CgiBody {
  readonly #pause: (paused: boolean) => void;
  /** The length that was announced, once it is known. */
  expected: number | undefined;
  #chunks: Buffer[] = [];
  #waitingBytes = 0;
  #received = 0;
  #paused = false;
  #state: 'open' | 'ended' | 'broken' | 'dropped' = 'open';
  #wake: () => void = () => {};
  #whole: Waiting | undefined;

  /** @param pause is told when the sender should pause, and when it may go on */
  constructor(pause: (paused: boolean) => void) {
    this.#pause = pause;
  }

  /** Nothing more is to come. */
  get complete(): boolean {
    return this.#state !== 'open';
  }

  /** The sender was told to wait, so it is not its fault that nothing comes. */
  get paused(): boolean {
    return this.#paused;
  }

  push(chunk: Buffer): void {
    if (this.#state !== 'open') return;
    this.#received += chunk.length;
    if (this.#whole !== undefined) {
      this.#gather(chunk);
      return;
    }
    this.#chunks.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes > HIGH || this.#chunks.length > MOST_PIECES) this.#setPaused(true);
    this.#wake();
  }

  /** The sender says that this was all; less, or more, than it announced is a body that broke off. */
  end(): void {
    this.#settle(this.expected === undefined || this.expected === this.#received ? 'ended' : 'broken');
  }

  /** The sender went away: whoever reads gets an error. */
  fail(): void {
    this.#settle('broken');
  }

  /** Nobody will read: what still comes is thrown away. */
  drop(): void {
    this.#state = 'dropped';
    this.#chunks = [];
    this.#waitingBytes = 0;
    this.#setPaused(false);
    this.#finish();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#waitingBytes -= chunk.length;
        if (this.#waitingBytes <= HIGH / 2 && this.#chunks.length <= MOST_PIECES / 2) this.#setPaused(false);
        yield chunk;
      } else if (this.#state === 'open') {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else if (this.#state === 'ended') return;
      else throw brokenOff();
    }
  }

  gather(limit: number, expected: number | undefined): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#whole = { gatherer: new Gatherer(limit, expected), resolve, reject };
      const chunks = this.#chunks;
      this.#chunks = [];
      this.#waitingBytes = 0;
      for (const chunk of chunks) this.#gather(chunk);
      this.#setPaused(false);
      if (this.#state !== 'open') this.#finish();
    });
  }

  #gather(chunk: Buffer): void {
    try {
      this.#whole?.gatherer.add(chunk);
    } catch (error) {
      this.#whole?.reject(error);
      this.#whole = undefined;
    }
  }

  #settle(state: 'ended' | 'broken'): void {
    if (this.#state === 'open') this.#state = state;
    this.#finish();
  }

  #finish(): void {
    this.#wake();
    if (this.#whole === undefined) return;
    if (this.#state === 'ended') this.#whole.resolve(this.#whole.gatherer.take());
    else this.#whole.reject(brokenOff());
    this.#whole = undefined;
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#pause(paused);
  }
}
