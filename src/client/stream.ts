/** Events from an answer as they come, given up when the server shows no sign of life. */
import { Unavailable } from './errors.js';
import { type ServerEvent, SseParser } from './sse.js';

/** Bytes by and by, as `Response.body` gives them. */
interface Source {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

export interface EventsOptions {
  /** Most milliseconds between two signs of life. */
  silence: number;
  /** Most milliseconds until the first one. */
  first: number;
  signal: AbortSignal | undefined;
}

/** One stream of events. It reads on only when it is asked for more than it has. */
export class Events {
  readonly #source: Source;
  readonly #options: EventsOptions;
  readonly #parser = new SseParser();
  #begun = false;
  /** It was given up before anything came: it stands behind a buffer, and nothing may ever come. */
  wasHeldBack = false;

  constructor(body: ReadableStream<Uint8Array>, options: EventsOptions) {
    this.#source = body.getReader();
    this.#options = options;
  }

  /** What the server says of when to come back, in milliseconds. */
  get retry(): number | undefined {
    return this.#parser.retry;
  }

  /**
   * Ends with the stream.
   * @throws Unavailable when the stream breaks off or falls silent; the signal's reason when that is aborted
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<ServerEvent> {
    const decoder = new TextDecoder();
    try {
      for (;;) {
        const { done, value } = await this.#read();
        if (done) return;
        this.#begun = true;
        yield* this.#parser.push(decoder.decode(value, { stream: true }));
      }
    } finally {
      // What is left of it is not wanted, whether it fails or not.
      this.#source.cancel().catch(() => {});
    }
  }

  /** Only the time that we wait counts as silence, not the time that the reader takes for what it has. */
  async #read(): ReturnType<Source['read']> {
    const { silence, first, signal } = this.#options;
    const most = this.#begun ? silence : first;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const silent = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.wasHeldBack = !this.#begun;
        reject(new Unavailable(`The stream was silent for ${Math.round(most / 1000)} s.`));
      }, most);
    });
    try {
      return await Promise.race([this.#source.read(), silent]);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error instanceof Unavailable) throw error;
      throw new Unavailable('The stream broke off.', { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}
