/** A request body between the connection that brings it and the application that reads it. */
import type { HttpError } from '../http.js';
import { brokenOff, Gatherer } from './body.js';
import type { CgiBody } from './cgi-request.js';
import type { Arrival, Intake } from './intake.js';

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
  readonly #intake: Intake;
  #arrival: Arrival | undefined;
  #failure: HttpError | undefined;

  /** @param pause is told when the sender should pause, and when it may go on */
  constructor(pause: (paused: boolean) => void, intake: Intake) {
    this.#pause = pause;
    this.#intake = intake;
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
    if (this.#arrival !== undefined) {
      try {
        this.#intake.came(this.#arrival, chunk.length, this.#waitingBytes);
      } catch (error) {
        this.#expire(error as HttpError);
        return;
      }
    }
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

  /** The reader gets this error: the body came too slowly, or holds what others need. */
  #expire(error: HttpError): void {
    this.#failure = error;
    this.#whole?.reject(error);
    this.#whole = undefined;
    this.drop();
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
    const arrival = this.#begin();
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) {
          this.#waitingBytes -= chunk.length;
          if (this.#waitingBytes <= HIGH / 2 && this.#chunks.length <= MOST_PIECES / 2) this.#setPaused(false);
          arrival.resting = true;
          yield chunk;
          arrival.resting = false;
        } else if (this.#failure !== undefined) throw this.#failure;
        else if (this.#state === 'open') {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        } else if (this.#state === 'ended') return;
        else throw brokenOff();
      }
    } finally {
      this.#leave();
    }
  }

  gather(limit: number, expected: number | undefined): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#whole = { gatherer: new Gatherer(limit, expected), resolve, reject };
      const chunks = this.#chunks;
      this.#chunks = [];
      this.#waitingBytes = 0;
      this.#begin();
      for (const chunk of chunks) this.#gather(chunk);
      this.#setPaused(false);
      if (this.#state !== 'open') this.#finish();
    });
  }

  #gather(chunk: Buffer): void {
    if (this.#whole === undefined) return;
    const { gatherer, reject } = this.#whole;
    try {
      gatherer.add(chunk);
      if (this.#arrival !== undefined) this.#intake.came(this.#arrival, chunk.length, gatherer.size);
    } catch (error) {
      reject(error);
      this.#whole = undefined;
      this.#leave();
    }
  }

  /** Somebody reads now: the sender has its time. */
  #begin(): Arrival {
    this.#leave();
    this.#arrival = this.#intake.begin((error) => this.#expire(error));
    return this.#arrival;
  }

  #leave(): void {
    if (this.#arrival !== undefined) this.#intake.end(this.#arrival);
    this.#arrival = undefined;
  }

  #settle(state: 'ended' | 'broken'): void {
    if (this.#state === 'open') this.#state = state;
    this.#finish();
  }

  #finish(): void {
    this.#wake();
    this.#leave();
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
