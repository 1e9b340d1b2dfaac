/** The HTTP gateway: `node:http` in front of the application, and a listener for programs that have a server already. */
import cluster from 'node:cluster';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { type App, HttpError, type HttpResponse } from '../http.js';
import { problem } from '../problem.js';
import { Addresses } from './address.js';
import { Drain, FRESH } from './drain.js';
import { refuse, send, turnAway } from './http-answer.js';
import { headersOf, NodeBody, NodeRequest } from './http-request.js';
import { Intake } from './intake.js';
import { isOver } from './linger.js';
import { type AddressOptions, type Listener, limitsOf, type TransportLimits } from './listener.js';
import { Outflow } from './outflow.js';

/** How long an idle connection is kept; longer than the 60 s of common proxies, so that they end it and not we. */
const KEEP_ALIVE = 65_000;
/** A connection on which nothing moves for so long is dead: streams have a heartbeat. All in milliseconds. */
const SILENCE = 600_000;

/** So many connections beyond the limit get an answer. */
const TOLD = 100;

export interface HttpOptions extends AddressOptions, Partial<TransportLimits> {
  host: string;
  port: number;
  /** A socket that somebody else opened, instead of host and port. */
  fd?: number | undefined;
}

type Serve = (incoming: IncomingMessage, outgoing: ServerResponse, expecting?: boolean) => void;

/** An application as a listener for `http.createServer`, Express, or anything that gives out Node's requests. */
export function requestListener(
  app: App,
  options: AddressOptions & Partial<TransportLimits>,
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  const serve = server(app, options, sharedBy(options));
  return (incoming, outgoing) => serve(incoming, outgoing);
}

/**
 * Listens.
 * @throws the error of `listen`, such as EADDRINUSE
 */
export async function serveHttp(app: App, options: HttpOptions): Promise<Listener> {
  const limits = limitsOf(options);
  const shared = sharedBy(options);
  const { drain } = shared;
  const serve = server(app, options, shared);
  const http = createServer(
    {
      noDelay: true,
      keepAliveTimeout: KEEP_ALIVE,
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headerTimeout * 1000,
      // Bodies have a pace to keep instead: a time for all would be too short for some, and too long for the others.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(5000, limits.headerTimeout * 250),
    },
    (incoming, outgoing) => serve(incoming, outgoing),
  );
  http.timeout = SILENCE;
  // Bytes bound them; with a number Node drops those beyond it without a word.
  http.maxHeadersCount = 0;
  // The application asks for the body or answers without it: only the first is worth a 100.
  http.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => serve(incoming, outgoing, true));
  http.on('checkExpectation', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const response = problem(new HttpError(417, 'The only expectation that is met here is 100-continue.'));
    void answer(response, incoming, outgoing, new NodeBody(incoming, undefined, shared.intake), shared);
  });
  http.on('clientError', refuse);
  const fresh = new Map<Socket, number>();
  // A few more than there may be are told so; beyond them connections are only closed.
  http.maxConnections = limits.maxConnections + TOLD;
  http.on('connection', (socket: Socket) => {
    if (fresh.size >= limits.maxConnections) {
      turnAway(socket, limits.maxConnections);
      return;
    }
    fresh.set(socket, Date.now());
    socket.once('close', () => fresh.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    const { host, port, fd } = options;
    http.listen(fd === undefined ? { host, port } : { fd }, () => {
      http.off('error', reject);
      resolve();
    });
  });
  return {
    address: addressOf(http, options),
    close: (drainSeconds = 30) =>
      drain.run(
        drainSeconds,
        // Not its own `close`: from Node 19 on that ends idle connections at once.
        () => new Promise((resolve) => NetServer.prototype.close.call(http, () => resolve())),
        () => {
          // Node takes those for idle that have had a request; one without may be about to send its first.
          http.closeIdleConnections();
          for (const [socket, since] of fresh) {
            if (socket.bytesRead === 0 && Date.now() - since > FRESH) socket.destroy();
          }
        },
        () => http.closeAllConnections(),
      ),
  };
}

/** What the requests of one server share. */
interface Shared {
  drain: Drain;
  intake: Intake;
  outflow: Outflow;
}

function sharedBy(options: Partial<TransportLimits>): Shared {
  const limits = limitsOf(options);
  return { drain: new Drain(), intake: new Intake(limits), outflow: new Outflow(limits) };
}

function server(app: App, options: AddressOptions, shared: Shared): Serve {
  const addresses = new Addresses(options);
  const nature = { runOnce: false, multiprocess: cluster.isWorker };
  return async (incoming, outgoing, expecting = false) => {
    if (isOver(incoming.socket)) return;
    const body = new NodeBody(incoming, expecting ? outgoing : undefined, shared.intake);
    let response: HttpResponse;
    try {
      const headers = headersOf(incoming);
      const method = incoming.method ?? 'GET';
      response = await addresses.answer(
        app,
        new NodeTarget(incoming, headers),
        ({ base, path, search, remoteAddress }) =>
          new NodeRequest({ method, base, path, search, headers, body, nature, remoteAddress }, outgoing, shared.drain),
      );
    } catch (error) {
      response = problem(error);
    }
    await answer(response, incoming, outgoing, body, shared);
  };
}

async function answer(
  response: HttpResponse,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: NodeBody,
  { drain, outflow }: Shared,
): Promise<void> {
  try {
    await send(response, incoming, outgoing, body, drain.closing, outflow);
  } catch (error) {
    // Half an answer must not look like a whole one; before its first byte there is still time for another.
    if (outgoing.headersSent) outgoing.destroy();
    else await send(problem(error), incoming, outgoing, body, true, outflow).catch(() => outgoing.destroy());
  }
}

/** What an address is found by; the rarer parts are looked up only when they are asked for. */
class NodeTarget {
  readonly uri: string;
  readonly scriptName = undefined;
  readonly pathInfo = undefined;
  readonly queryString = undefined;

  constructor(
    readonly incoming: IncomingMessage,
    readonly headers: Record<string, string | undefined>,
  ) {
    // Express takes its mount point off `url`, and keeps the whole in `originalUrl`.
    this.uri = (incoming as { originalUrl?: string }).originalUrl ?? incoming.url ?? '/';
  }

  get secure(): boolean {
    return (this.incoming.socket as { encrypted?: boolean }).encrypted === true;
  }

  get authority(): string {
    const { localAddress = 'localhost', localPort = 80 } = this.incoming.socket;
    return `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`;
  }

  get remoteAddress(): string | undefined {
    return this.incoming.socket.remoteAddress;
  }
}

function addressOf(http: Server, { host, port, fd, mount }: HttpOptions): string {
  const bound = http.address();
  const known = bound !== null && typeof bound === 'object' ? bound : undefined;
  // A socket file has none.
  if (fd !== undefined && known === undefined) return `http:descriptor ${fd}`;
  const at = fd === undefined ? host : known!.address;
  return `http://${at.includes(':') ? `[${at}]` : at}:${known?.port ?? port}${mount}`;
}
