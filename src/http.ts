/** The seam: the request and response types that every gateway produces and every resource consumes. */
import { randomUUID } from 'node:crypto';
import type { Caller } from './access/caller.js';

/** What a gateway is by nature, as PSGI tells it: an application never waits when `runOnce` is true. */
export interface GatewayNature {
  /** The process ends after this request (CGI). */
  runOnce: boolean;
  /** Other processes serve the same listener. */
  multiprocess: boolean;
}

/** Where requests that are worked on are counted. One that waits for its body or for news is not. */
export interface Places {
  /** @throws HttpError 503 when all places are taken */
  enter(request: HttpRequest): void;
  /** Gives the place back, if it has one. */
  leave(request: HttpRequest): void;
}

/** What a gateway must provide to make an {@link HttpRequest}. */
export interface HttpRequestInit {
  method: string;
  /** Scheme, authority and mount point as clients see them, without a trailing slash: `http://localhost:8080/atommq`. */
  base: string;
  /** The raw path below the mount point, still percent-encoded: `` or `/feed=widgets`. */
  path: string;
  /** The raw query without `?`. */
  search: string;
  /** Lower-case names; several fields of one name are joined with `, `. */
  headers: Record<string, string | undefined>;
  /** The bytes of the body; its iterator throws {@link HttpError} 400 when the client broke off. */
  body: AsyncIterable<Uint8Array>;
  /** `REMOTE_USER` as CGI and FastCGI pass it, never from an HTTP header. */
  user?: string | undefined;
  /** The client's address as the gateway knows it: the socket's, `REMOTE_ADDR`, or what a trusted proxy says. */
  remoteAddress?: string | undefined;
  nature: GatewayNature;
  /** Called once, on first use of {@link HttpRequest.signal}: aborts when the client goes away. */
  makeSignal?: () => AbortSignal;
}

const NEVER = new AbortController().signal;

/** One request as the application sees it; `query` and `signal` are made on first use, since most requests need neither. */
export class HttpRequest {
  readonly method: string;
  readonly base: string;
  readonly path: string;
  readonly search: string;
  readonly headers: Record<string, string | undefined>;
  readonly body: AsyncIterable<Uint8Array>;
  readonly user: string | undefined;
  readonly remoteAddress: string | undefined;
  readonly nature: GatewayNature;
  /** Set by authentication; undefined where there is none, and for what a program itself asks: everything is allowed. */
  caller: Caller | undefined;
  /** Set by the guard that counts; undefined where nothing is counted. */
  places: Places | undefined;
  hasPlace: boolean;
  readonly #makeSignal: (() => AbortSignal) | undefined;
  #query: URLSearchParams | undefined;
  #id: string | undefined;
  #signal: AbortSignal | undefined;

  constructor(init: HttpRequestInit) {
    this.method = init.method;
    this.base = init.base;
    this.path = init.path;
    this.search = init.search;
    this.headers = init.headers;
    this.body = init.body;
    this.user = init.user;
    this.remoteAddress = init.remoteAddress;
    this.nature = init.nature;
    this.caller = undefined;
    this.places = undefined;
    this.hasPlace = false;
    this.#makeSignal = init.makeSignal;
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.search);
    return this.#query;
  }

  /** What the request is called in logs and errors: the client's `X-Request-Id` if it is a plain word, else one that is made. */
  get id(): string {
    if (this.#id === undefined) {
      const given = this.headers['x-request-id'];
      this.#id = given !== undefined && /^[\w.:+/=@~-]{1,128}$/.test(given) ? given : randomUUID();
    }
    return this.#id;
  }

  get signal(): AbortSignal {
    this.#signal ??= this.#makeSignal?.() ?? NEVER;
    return this.#signal;
  }

  /**
   * The whole body. A gateway may override this with something faster than iteration.
   * @param limit most bytes accepted
   * @throws HttpError 413 when the body is longer, declared or not
   */
  async bytes(limit: number): Promise<Uint8Array> {
    if (Number(this.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of this.body) {
      length += chunk.length;
      if (length > limit) throw tooLarge(limit);
      chunks.push(chunk);
    }
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length);
  }
}

/**
 * The error for a body above its limit.
 * @param option what the limit is called in the configuration
 */
export function tooLarge(limit: number, option?: string): HttpError {
  const name = option === undefined ? '' : ` (${option})`;
  return new HttpError(413, `The body is larger than the ${limit} bytes that this server accepts${name}.`);
}

/** One answer; header names are lower case, and a gateway adds nothing but what its transport needs. */
export interface HttpResponse {
  status: number;
  headers: Record<string, string | string[]>;
  body?: string | Uint8Array | AsyncIterable<string | Uint8Array>;
}

/** An application: one request in, one answer out. It does not throw; what it throws all the same is a gateway's 500. */
export type App = (request: HttpRequest) => Promise<HttpResponse>;

/** A wrapper around an application. It may throw: what is around it makes an answer of that. */
export type Guard = (app: App) => App;

/** Makes an answer of whatever was thrown about a request. It does not throw. */
export type Refuse = (request: HttpRequest, error: unknown) => Promise<HttpResponse>;

/** An error that has a status: thrown anywhere, made into a problem document (RFC 9457) in one place, `app.ts`. */
export class HttpError extends Error {
  readonly status: number;
  readonly headers: HttpResponse['headers'];
  readonly members: Record<string, unknown>;

  /**
   * @param status the HTTP status, 400 to 599
   * @param detail a sentence for people: what was wrong and where
   * @param extra `headers` for the answer, and `members` added to the problem document, such as `line`, `column` or a `type`
   */
  constructor(
    status: number,
    detail: string,
    extra: { headers?: HttpResponse['headers']; members?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(detail, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.name = 'HttpError';
    this.status = status;
    this.headers = extra.headers ?? {};
    this.members = extra.members ?? {};
  }
}
