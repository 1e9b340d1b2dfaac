/** A subscriber for tests: a real HTTP server that confirms what it is asked for and keeps what it is sent. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** One request as a callback got it. */
export interface Got {
  method: string;
  /** The path, and the query as it came. */
  path: string;
  search: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** How a callback answers; undefined leaves the answer to the callback, which agrees to everything. */
export type Behaviour = (got: Got, response: ServerResponse) => boolean | undefined | Promise<boolean | undefined>;

/** A certificate and its key as PEM. */
export interface Tls {
  cert: Buffer;
  key: Buffer;
}

export class Callback {
  readonly verifications: Got[] = [];
  readonly deliveries: Got[] = [];
  /** Answers by itself where it returns true. */
  behave: Behaviour = () => undefined;
  readonly #server: Server;
  readonly #origin: string;

  private constructor(tls: Tls | undefined) {
    const take = (request: IncomingMessage, response: ServerResponse) => void this.#take(request, response);
    this.#server = tls === undefined ? createServer(take) : createSecureServer(tls, take);
    this.#origin = tls === undefined ? 'http://127.0.0.1' : 'https://localhost';
  }

  /** @param tls with it the callback is at `https://localhost` */
  static async listen(port = 0, tls?: Tls): Promise<Callback> {
    const callback = new Callback(tls);
    await new Promise<void>((resolve) => callback.#server.listen(port, '127.0.0.1', resolve));
    return callback;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(path = '/callback'): string {
    return `${this.#origin}:${this.port}${path}`;
  }

  /** The ids of the entries of all deliveries, in the order in which they came; those that were refused as well. */
  get ids(): string[] {
    return this.deliveries.flatMap(({ body }) => idsIn(body.toString()));
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const [path = '', search = ''] = (request.url ?? '').split(/\?(.*)/s);
    const query = new URLSearchParams(search);
    const body = Buffer.concat(chunks);
    const got = { method: request.method ?? '', path, search, query, headers: request.headers, body };
    (got.method === 'POST' ? this.deliveries : this.verifications).push(got);
    if ((await this.behave(got, response)) === true) return;
    response.statusCode = 200;
    response.end(query.get('hub.challenge') ?? '');
  }
}

/** The ids of the entries of an Atom document. */
export function idsIn(body: string): string[] {
  return [...body.matchAll(/<entry\b.*?<id>([^<]*)<\/id>/gs)].map((match) => match[1]!);
}

/** Resolves once something is so; for as long as it takes, up to what a hung test is known by. */
export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (const start = Date.now(); !(await what()); ) {
    if (Date.now() - start > 120_000) throw new Error(`it does not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The order of a log as somebody saw it who may have seen parts of it again: each for the first time. */
export function firstSeen(ids: string[]): string[] {
  return [...new Set(ids)];
}
