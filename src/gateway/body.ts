/** Bytes on their way: request bodies gathered into one piece, answer bodies passed on with back-pressure. */
import type { Writable } from 'node:stream';
import { HttpError, type HttpResponse, tooLarge } from '../http.js';

/** For so long a reader may take nothing before it counts as gone, in milliseconds. */
const STALLED = 60_000;

/** More than the first piece of a body is put into an array of this size at least. */
const LEAST = 4096;

/** The error for a body whose sender went away or sent less than it announced. */
export function brokenOff(detail = 'The body ended before it was complete.'): HttpError {
  return new HttpError(400, detail);
}

/** The length that a request announced, of a field that the gateway has checked. */
export function announced(headers: Record<string, string | undefined>): number | undefined {
  const field = headers['content-length'];
  return field === undefined ? undefined : Number(field);
}

/** Gathers chunks into one array that grows by doubling: a million chunks of one byte cost no more memory than one chunk. */
export class Gatherer {
  readonly #limit: number;
  readonly #expected: number;
  #bytes: Buffer | undefined;
  #length = 0;
  #own = false;

  /**
   * @param limit most bytes accepted
   * @param expected how many will come, where that is known
   */
  constructor(limit: number, expected = 0) {
    this.#limit = limit;
    this.#expected = expected;
  }

  /** @throws HttpError 413 when it becomes too much */
  add(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (length > this.#limit) throw tooLarge(this.#limit);
    if (this.#bytes === undefined) {
      this.#bytes = chunk;
    } else {
      if (!this.#own || length > this.#bytes.length) {
        // What was announced is not yet there: a client that never sends it must not cost the memory for it.
        const most = this.#expected >= length ? this.#expected : this.#limit;
        const size = Math.max(length, Math.min(most, Math.max(LEAST, this.#bytes.length * 4)));
        const grown = Buffer.allocUnsafeSlow(size);
        this.#bytes.copy(grown, 0, 0, this.#length);
        this.#bytes = grown;
        this.#own = true;
      }
      chunk.copy(this.#bytes, this.#length);
    }
    this.#length = length;
  }

  /** Bytes of memory that it holds. */
  get size(): number {
    return this.#bytes?.length ?? 0;
  }

  take(): Uint8Array {
    return this.#bytes?.subarray(0, this.#length) ?? new Uint8Array(0);
  }
}

/** Whether an answer must not have a body (RFC 9110 §15.3.5, §15.4.5). */
export function isBare(status: number): boolean {
  return status === 204 || status === 304;
}

/** Whether a body comes piece by piece. */
export function isStream(body: HttpResponse['body']): body is AsyncIterable<string | Uint8Array> {
  return body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
}

/**
 * Writes a body as fast as the reader takes it and leaves the end of the sink to the caller. When the reader goes
 * away the iterator's `return` is called at once and the promise resolves; what the iterator throws is thrown.
 */
export async function pump(body: AsyncIterable<string | Uint8Array>, sink: Writable): Promise<void> {
  const iterator = body[Symbol.asyncIterator]();
  let gone = sink.destroyed;
  const leave = () => {
    gone = true;
    // A generator that waits hears of it from its signal; this runs its `finally` as soon as it moves.
    iterator.return?.().catch(() => {});
  };
  if (gone) return leave();
  sink.once('close', leave);
  try {
    for (;;) {
      const { done, value } = await iterator.next();
      if (done || gone) return;
      // An empty piece would be the end of the stream to some transports.
      if (value.length > 0 && !sink.write(value)) await drained(sink);
      if (gone) return;
    }
  } finally {
    sink.off('close', leave);
  }
}

function drained(sink: Writable): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => sink.destroy(), STALLED);
    const done = () => {
      clearTimeout(timer);
      sink.off('drain', done);
      sink.off('close', done);
      resolve();
    };
    sink.on('drain', done);
    sink.on('close', done);
  });
}
