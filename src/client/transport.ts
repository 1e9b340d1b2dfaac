/** Requests of a client: its fields, its patience, and what answers mean. */
import { type Problem, Refused, Unavailable } from './errors.js';
import { retryAfterOf } from './retry.js';

type Fields = Record<string, string>;

/** How a client speaks to its server. */
export interface TransportOptions {
  /** Fields of every request; a function is asked before each. */
  headers?: Fields | (() => Fields | Promise<Fields>);
  /** Sent as `Authorization: Bearer`; a function is asked before each request. */
  token?: string | (() => string | Promise<string>);
  /** Instead of the platform's `fetch`. */
  fetch?: typeof globalThis.fetch;
  /** Most milliseconds to wait for an answer; 30,000 unless given. A long poll gets its own time on top. */
  timeout?: number;
}

export interface Sending {
  method?: string;
  headers?: Fields;
  body?: string | Uint8Array | Blob;
  signal?: AbortSignal | undefined;
  /** Milliseconds on top of the transport's timeout. */
  more?: number;
}

/** An answer that was read to its end. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

/** An answer that comes by and by. */
export interface Opened {
  response: Response;
  /** Ends it; must be called. */
  close(): void;
}

/** One request's abort: by the caller's signal, or by time. It leaves no listener behind, however long that signal lives. */
class Patience {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #abort = () => this.#controller.abort(this.#outer!.reason);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(outer: AbortSignal | undefined, milliseconds: number) {
    this.#outer = outer;
    if (outer?.aborted) this.#abort();
    else outer?.addEventListener('abort', this.#abort, { once: true });
    this.#timer = setTimeout(() => {
      this.#controller.abort(new Unavailable(`There was no answer in ${Math.round(milliseconds / 1000)} s.`));
    }, milliseconds);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From here on only the caller's signal counts. */
  answered(): void {
    clearTimeout(this.#timer);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#abort);
  }

  /** Tells what broke a request off: the caller, the time, or the network. */
  explain(error: unknown): unknown {
    if (this.#outer?.aborted) return this.#outer.reason;
    if (this.signal.reason instanceof Unavailable) return this.signal.reason;
    return new Unavailable(`The server cannot be reached: ${reasonOf(error)}`, { cause: error });
  }

  cut(): void {
    this.end();
    this.#controller.abort();
  }
}

export class Transport {
  readonly #options: TransportOptions;
  readonly #timeout: number;
  readonly #authorization: Fields;

  /** @param authorization of the address; a token, and fields that are given, count before it */
  constructor(options: TransportOptions, authorization?: string) {
    this.#options = options;
    this.#authorization = authorization === undefined ? {} : { authorization };
    this.#timeout = options.timeout ?? 30_000;
  }

  /**
   * Sends a request and reads the whole answer.
   * @throws Refused for an answer that will not change; Unavailable for one that may, and for none
   */
  async ask(url: string, sending: Sending = {}): Promise<Answer> {
    const patience = new Patience(sending.signal, this.#timeout + (sending.more ?? 0));
    try {
      const response = await this.#fetch(url, sending, patience);
      const text = await response.text().catch((error) => {
        throw patience.explain(error);
      });
      const { status, headers } = response;
      if (!response.ok) throw errorOf(status, headers, text);
      return { status, headers, text };
    } finally {
      patience.end();
    }
  }

  /**
   * Sends a request and hands out the answer as soon as its head is there.
   * @throws as {@link ask} does
   */
  async open(url: string, sending: Sending): Promise<Opened> {
    const patience = new Patience(sending.signal, this.#timeout);
    try {
      const response = await this.#fetch(url, sending, patience);
      if (!response.ok) throw errorOf(response.status, response.headers, await response.text().catch(() => ''));
      patience.answered();
      return { response, close: () => patience.cut() };
    } catch (error) {
      patience.cut();
      throw error;
    }
  }

  async #fetch(url: string, { method = 'GET', headers = {}, body }: Sending, patience: Patience): Promise<Response> {
    const { fetch = globalThis.fetch, headers: own = {}, token } = this.#options;
    // What is wrong with a field is an error of the program, and not of the network, as fetch would have it.
    const fields = new Headers(this.#authorization);
    for (const one of [typeof own === 'function' ? await own() : own, headers]) {
      for (const [name, value] of Object.entries(one)) fields.set(name, value);
    }
    if (token !== undefined)
      fields.set('authorization', `Bearer ${typeof token === 'function' ? await token() : token}`);
    const init: RequestInit = { method, headers: fields, signal: patience.signal };
    // The types of browsers want to know that no other thread shares the bytes.
    if (body !== undefined) init.body = body as Exclude<RequestInit['body'], undefined>;
    try {
      return await fetch(url, init);
    } catch (error) {
      throw patience.explain(error);
    }
  }
}

function errorOf(status: number, headers: Headers, text: string): Refused | Unavailable {
  const problem = problemOf(headers, text);
  // 408 and 429 are of the moment, and so is what a server or a proxy in front of it says of itself, except "never" (501).
  if (status === 408 || status === 429 || (status >= 500 && status !== 501)) {
    const retryAfter = retryAfterOf(headers.get('retry-after'));
    return new Unavailable(problem.detail ?? `The server answered ${status}.`, { status, retryAfter });
  }
  return new Refused(status, problem);
}

function problemOf(headers: Headers, text: string): Problem {
  if (!/^application\/(problem\+)?json\b/i.test(headers.get('content-type') ?? '')) return {};
  try {
    const problem: unknown = JSON.parse(text);
    return typeof problem === 'object' && problem !== null ? (problem as Problem) : {};
  } catch {
    return {};
  }
}

/** Fetch says "fetch failed" and puts what happened into the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string; code?: string } };
  return cause?.code ?? cause?.message ?? message ?? String(error);
}
