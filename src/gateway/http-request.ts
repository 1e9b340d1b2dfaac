/** A request of `node:http` as the application sees it; what most requests do not need is made on first use. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpError, HttpRequest, type HttpRequestInit, tooLarge } from '../http.js';
import { announced, brokenOff, Gatherer } from './body.js';
import type { Drain } from './drain.js';
import type { Arrival, Intake } from './intake.js';

/** Of a body that is read piece by piece no more than so much is in memory, in bytes. */
const PIECES = 1024 * 1024;

/** The body: by iteration, or gathered by events, which is several times cheaper. */
export class NodeBody implements AsyncIterable<Uint8Array> {
  readonly #incoming: IncomingMessage;
  #expecting: ServerResponse | undefined;
  readonly #intake: Intake;
  #expired = false;

  /** @param expecting the answer of a client that waits for a 100 before it sends (RFC 9110 §10.1.1) */
  constructor(incoming: IncomingMessage, expecting: ServerResponse | undefined, intake: Intake) {
    this.#incoming = incoming;
    this.#expecting = expecting;
    this.#intake = intake;
  }

  /** There is a body, and some of it has not come. */
  get unread(): boolean {
    const { headers, complete } = this.#incoming;
    const some = headers['transfer-encoding'] !== undefined || (announced(headersOf(this.#incoming)) ?? 0) > 0;
    return some && (!complete || this.#expecting !== undefined);
  }

  /** It came too slowly: there is no waiting for the rest of it. */
  get expired(): boolean {
    return this.#expired;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    this.#invite();
    const incoming = this.#incoming;
    let failure: HttpError | undefined;
    const arrival = this.#begin((error) => {
      failure = error;
      // Whoever reads gets it, and the connection stays.
      incoming.emit('error', error);
    });
    try {
      // Breaking off must not end the connection: an answer is still to come.
      for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
        this.#intake.came(arrival, chunk.length, Math.min(PIECES, arrival.received + chunk.length));
        arrival.resting = true;
        yield chunk;
        arrival.resting = false;
      }
    } catch (error) {
      throw failure ?? (error instanceof HttpError ? error : brokenOff());
    } finally {
      this.#intake.end(arrival);
    }
    if (!incoming.complete) throw brokenOff();
  }

  /** Reads what nobody wants, for the sake of the connection. */
  discard(): void {
    const incoming = this.#incoming;
    const arrival = this.#begin(() => incoming.socket.destroy());
    incoming.once('close', () => this.#intake.end(arrival));
  }

  #begin(expire: (error: HttpError) => void): Arrival {
    return this.#intake.begin((error) => {
      this.#expired = true;
      expire(error);
    });
  }

  /** All of it. */
  gather(limit: number): Promise<Uint8Array> {
    this.#invite();
    const incoming = this.#incoming;
    const gatherer = new Gatherer(limit, announced(headersOf(incoming)));
    const intake = this.#intake;
    return new Promise((resolve, reject) => {
      const arrival = this.#begin((error) => fail(error));
      const settle = () => {
        intake.end(arrival);
        incoming.off('data', onData).off('end', onEnd).off('close', onBroken);
      };
      const onData = (chunk: Buffer) => {
        try {
          gatherer.add(chunk);
          intake.came(arrival, chunk.length, gatherer.size);
        } catch (error) {
          fail(error);
        }
      };
      const fail = (error: unknown) => {
        settle();
        incoming.pause();
        reject(error);
      };
      const onEnd = () => {
        settle();
        resolve(gatherer.take());
      };
      const onBroken = () => {
        settle();
        reject(brokenOff());
      };
      incoming.on('data', onData).on('end', onEnd).on('close', onBroken);
      incoming.once('error', ignore);
    });
  }

  /** @throws Error when somebody else has read the body */
  #invite(): void {
    if (this.#incoming.readableEnded) {
      throw new Error('The body has been read already: mount AtomMQ before anything that parses bodies.');
    }
    if (this.#incoming.destroyed) throw brokenOff();
    this.#expecting?.writeContinue();
    this.#expecting = undefined;
  }
}

/** The request itself. */
export class NodeRequest extends HttpRequest {
  readonly #outgoing: ServerResponse;
  readonly #drain: Drain;
  #controller: AbortController | undefined;

  constructor(init: HttpRequestInit & { body: NodeBody }, outgoing: ServerResponse, drain: Drain) {
    super(init);
    this.#outgoing = outgoing;
    this.#drain = drain;
  }

  override get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = this.#drain.signal();
      this.#controller = controller;
      const outgoing = this.#outgoing;
      if (outgoing.destroyed) this.#drain.over(controller, true);
      else outgoing.once('close', () => this.#drain.over(controller, !outgoing.writableFinished));
    }
    return this.#controller.signal;
  }

  override bytes(limit: number): Promise<Uint8Array> {
    if ((announced(this.headers) ?? 0) > limit) return Promise.reject(tooLarge(limit));
    return (this.body as NodeBody).gather(limit);
  }
}

/** Node joins the fields of one name, all but `set-cookie`, which is not for requests. */
export function headersOf(incoming: IncomingMessage): Record<string, string | undefined> {
  return incoming.headers as Record<string, string | undefined>;
}

function ignore(): void {}
