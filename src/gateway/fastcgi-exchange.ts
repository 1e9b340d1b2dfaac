/** One FastCGI request as it comes in: its parameters, its body, and who may still be waiting for it. */
import { BodyQueue } from './body-queue.js';
import type { Drain } from './drain.js';
import { readPairs } from './fastcgi-records.js';
import type { Intake } from './intake.js';

export class Exchange {
  readonly id: number;
  readonly body: BodyQueue;
  readonly #drain: Drain;
  params: Record<string, string> = {};
  /** The parameters are complete: node-fastcgi and the application know of it. */
  started = false;
  #chunks: Buffer[] = [];
  #length = 0;
  #gone = false;
  #controller: AbortController | undefined;

  /** @param pause is told when the connection should pause, and when it may go on */
  constructor(id: number, drain: Drain, intake: Intake, pause: (paused: boolean) => void) {
    this.id = id;
    this.#drain = drain;
    this.body = new BodyQueue(pause, intake);
  }

  /** Bytes of parameters that wait for the rest. */
  get pending(): number {
    return this.#length;
  }

  /** A part of the parameters. A pair may go on in the next record, so they are kept until all are there. */
  addParams(content: Buffer): void {
    this.#chunks.push(content);
    this.#length += content.length;
  }

  /** @throws ProtocolError for lengths that lead beyond the end */
  start(): void {
    this.params = readPairs(this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks));
    this.#chunks = [];
    this.#length = 0;
    this.started = true;
    const length = this.params.CONTENT_LENGTH;
    if (length !== undefined && /^\d{1,15}$/.test(length)) this.body.expected = Number(length);
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = this.#drain.signal();
      if (this.#gone) this.#drain.over(this.#controller, true);
    }
    return this.#controller.signal;
  }

  /** The client or the web server gave it up. */
  giveUp(): void {
    this.body.fail();
    this.over(true);
  }

  /** No more is to be done for it. */
  over(gone: boolean): void {
    this.#gone ||= gone;
    if (this.#controller !== undefined) this.#drain.over(this.#controller, gone);
  }
}
