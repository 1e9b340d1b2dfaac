/** The HTTP gateway: `node:http` in front of the application, and a listener for programs that have a server already. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type App, HttpError, HttpRequest, type HttpResponse, tooLarge } from '../http.js';
import { problem } from '../problem.js';
import { Addresses } from './address.js';
import type { AddressOptions, Listener } from './listener.js';

const NATURE = { runOnce: false, multiprocess: false };

/** For this long a stopping server still takes connections, so that none of its backlog is refused. */
const GRACE = 100;

/** How much of a body that nobody reads is taken in, and for how long (milliseconds), so that its sender sees the answer. */
const DRAIN_BYTES = 256 * 1024 * 1024;
const DRAIN_TIME = 5000;

export interface HttpOptions extends AddressOptions {
  host: string;
  port: number;
}

/** An application as a listener for `http.createServer`, Express, or anything that gives out Node's requests. */
export function requestListener(
  app: App,
  options: AddressOptions,
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  const addresses = new Addresses(options);
  return (incoming, outgoing) => {
    void serve(app, addresses, incoming, outgoing);
  };
}

/**
 * Listens.
 * @throws the error of `listen`, such as EADDRINUSE
 */
export async function serveHttp(app: App, options: HttpOptions): Promise<Listener> {
  const listener = requestListener(app, options);
  const server = createServer({ keepAlive: true, noDelay: true }, listener);
  let closing = false;
  server.prependListener('request', (_, outgoing: ServerResponse) => {
    if (closing) outgoing.setHeader('connection', 'close');
  });
  // The application asks for the body or answers without it: only the first is worth a 100.
  server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    waitsForContinue.set(incoming, outgoing);
    server.emit('request', incoming, outgoing);
  });
  server.on('clientError', refuse);
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => resolve());
  });
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : options.port;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    address: `http://${host}:${port}${options.mount}`,
    async close(drainSeconds = 30) {
      closing = true;
      await new Promise((resolve) => setTimeout(resolve, GRACE));
      const closed = new Promise<true>((resolve) => server.close(() => resolve(true)));
      const deadline = new Promise<false>((resolve) => setTimeout(resolve, drainSeconds * 1000, false).unref());
      const clean = await Promise.race([closed, deadline]);
      if (!clean) server.closeAllConnections();
      return clean;
    },
  };
}

const waitsForContinue = new WeakMap<IncomingMessage, ServerResponse>();

/** A request whose body is read by events, which is cheaper than iteration. */
class NodeRequest extends HttpRequest {
  readonly #incoming: IncomingMessage;

  constructor(init: ConstructorParameters<typeof HttpRequest>[0], incoming: IncomingMessage) {
    super(init);
    this.#incoming = incoming;
  }

  override bytes(limit: number): Promise<Uint8Array> {
    const incoming = this.#incoming;
    if (Number(this.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge(limit));
    invite(incoming);
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const onData = (chunk: Buffer) => {
        length += chunk.length;
        if (length > limit) {
          incoming.off('data', onData);
          reject(tooLarge(limit));
          return;
        }
        chunks.push(chunk);
      };
      incoming.on('data', onData);
      incoming.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)));
      const broken = () => reject(brokenOff());
      incoming.once('error', broken);
      incoming.once('close', broken);
    });
  }
}

async function serve(
  app: App,
  addresses: Addresses,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  let response: HttpResponse;
  try {
    response = await app(translate(addresses, incoming, outgoing));
  } catch (error) {
    response = problem(error);
  }
  try {
    await send(response, incoming, outgoing);
  } catch {
    outgoing.destroy();
  }
}

function translate(addresses: Addresses, incoming: IncomingMessage, outgoing: ServerResponse): HttpRequest {
  const headers = incoming.headers as Record<string, string | undefined>;
  const socket = incoming.socket as Socket & { encrypted?: boolean };
  const address = addresses.of({
    uri: (incoming as { originalUrl?: string }).originalUrl ?? incoming.url ?? '/',
    scriptName: undefined,
    pathInfo: undefined,
    queryString: undefined,
    headers,
    secure: socket.encrypted === true,
    authority: `${socket.localAddress ?? 'localhost'}:${socket.localPort ?? 80}`,
    remoteAddress: socket.remoteAddress,
  });
  return new NodeRequest(
    {
      method: incoming.method ?? 'GET',
      ...address,
      headers,
      body: bodyOf(incoming),
      nature: NATURE,
      makeSignal: () => {
        const controller = new AbortController();
        outgoing.once('close', () => controller.abort());
        return controller.signal;
      },
    },
    incoming,
  );
}

async function* bodyOf(incoming: IncomingMessage): AsyncGenerator<Uint8Array> {
  invite(incoming);
  try {
    yield* incoming;
  } catch {
    throw brokenOff();
  }
}

/** Sends the 100 that a client waits for before it sends its body (RFC 9110 §10.1.1). */
function invite(incoming: IncomingMessage): void {
  waitsForContinue.get(incoming)?.writeContinue();
  waitsForContinue.delete(incoming);
}

function brokenOff(): HttpError {
  return new HttpError(400, 'The body ended before it was complete.');
}

async function send(
  { status, headers, body }: HttpResponse,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  // An answer to a body that was never invited: the connection cannot be used again, the body may come or not.
  if (waitsForContinue.has(incoming)) outgoing.setHeader('connection', 'close');
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const bare = status === 204 || status === 304;
    outgoing.writeHead(status, bare ? headers : { ...headers, 'content-length': bytes?.length ?? 0 });
    const shown = incoming.method === 'HEAD' || bare ? undefined : bytes;
    if (!incoming.complete && !waitsForContinue.has(incoming)) {
      // Ended now, the connection might be reset under a client that is still sending, and the answer lost with it.
      if (shown !== undefined) outgoing.write(shown);
      await drain(incoming);
      outgoing.end();
    } else outgoing.end(shown);
    return;
  }
  outgoing.writeHead(status, headers);
  if (incoming.method === 'HEAD') {
    outgoing.end();
    return;
  }
  outgoing.flushHeaders();
  await pipeline(Readable.from(body), outgoing);
}

/** Reads what is left of a body only to throw it away, within bounds. */
async function drain(incoming: IncomingMessage): Promise<void> {
  await new Promise<void>((resolve) => {
    let length = 0;
    const timer = setTimeout(resolve, DRAIN_TIME);
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > DRAIN_BYTES) resolve();
    });
    incoming.once('end', resolve).once('close', resolve).resume();
    incoming.once('close', () => clearTimeout(timer)).once('end', () => clearTimeout(timer));
  });
}

/** The answer to what is not HTTP. */
function refuse(error: Error & { code?: string }, socket: import('node:stream').Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const { headers, body } = problem(new HttpError(status, 'This is not an HTTP request that can be read.'));
  const text = String(body);
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = Buffer.byteLength(text);
  socket.end(
    `HTTP/1.1 ${status} Refused\r\n${fields.join('')}content-length: ${length}\r\nconnection: close\r\n\r\n${text}`,
  );
}
