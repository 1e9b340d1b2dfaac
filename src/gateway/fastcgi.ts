/** The FastCGI gateway: node-fastcgi's server, with its record stream replaced and its sharp edges taken off. */
import cluster from 'node:cluster';
import { chmodSync, existsSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { dirname } from 'node:path';
import type { App, HttpResponse } from '../http.js';
import { problem } from '../problem.js';
import { Addresses } from './address.js';
import { pump } from './body.js';
import { answerTo, type CgiOptions, cgiAnswer, streams } from './cgi-request.js';
import { Drain } from './drain.js';
import { FastCgiConnection, MOST_REQUESTS } from './fastcgi-connection.js';
import type { Exchange } from './fastcgi-exchange.js';
import { claim, loadPackage, type PackageRequest } from './fastcgi-package.js';
import { Intake } from './intake.js';
import { type AddressOptions, type Listener, limitsOf, type TransportLimits } from './listener.js';
import { type FastCgiSocket, inUse, removeStale } from './socket.js';

export interface FastCgiOptions extends AddressOptions, Partial<TransportLimits> {
  socket: FastCgiSocket;
  /** Mode of the socket file; without it the process's umask decides. */
  socketMode?: number | undefined;
  /** For so long a peer may owe us the rest of a request, in milliseconds; 60,000 without it. */
  stalled?: number | undefined;
}

const STALLED = 60_000;
const MOST_CONNECTIONS = 2000;
const CAPABILITIES = {
  FCGI_MAX_CONNS: String(MOST_CONNECTIONS),
  FCGI_MAX_REQS: String(MOST_CONNECTIONS * MOST_REQUESTS),
  FCGI_MPXS_CONNS: '1',
};

/**
 * Listens.
 * @throws Error when the socket is in use, or node-fastcgi is not the one that we know
 */
export async function serveFastCgi(app: App, options: FastCgiOptions): Promise<Listener> {
  const { createServer } = loadPackage();
  const drain = new Drain();
  const limits = limitsOf(options);
  const intake = new Intake(limits);
  const handle = handler(app, { ...options, maxHeaderBytes: limits.maxHeaderBytes });
  const connections = new Map<Socket, FastCgiConnection>();
  const server = createServer((_incoming, { stdout }) => {
    const exchange = connections.get(stdout._conn)?.exchange(stdout._id);
    if (exchange === undefined) return;
    const breakOff = () => connections.get(stdout._conn)?.breakOff(exchange.id);
    void handle(exchange, stdout, breakOff);
  });
  // A client that closes its side after sending still wants its answer.
  server.allowHalfOpen = true;
  server.maxConnections = MOST_CONNECTIONS;
  server.timeout = options.stalled ?? STALLED;
  server.on('timeout', (socket: Socket) => connections.get(socket)?.stalled());
  server.prependListener('connection', (socket: Socket) => {
    claim(socket, () => {
      const connection = new FastCgiConnection(socket, drain, intake, CAPABILITIES);
      connections.set(socket, connection);
      return connection;
    });
    socket.once('close', () => connections.delete(socket));
  });
  await listen(server, options);
  return {
    address: `fastcgi:${describe(options.socket)}`,
    close: (drainSeconds = 30) =>
      drain.run(
        drainSeconds,
        () => new Promise((resolve) => server.close(() => resolve())),
        () => {
          for (const connection of connections.values()) connection.endIfIdle();
        },
        () => {
          for (const socket of connections.keys()) socket.destroy();
        },
      ),
  };
}

type Handle = (exchange: Exchange, output: PackageRequest, breakOff: () => void) => Promise<void>;

function handler(app: App, options: CgiOptions): Handle {
  const addresses = new Addresses(options);
  const nature = { runOnce: false, multiprocess: cluster.isWorker };
  return async (exchange, output, breakOff) => {
    output.on('error', () => {});
    const { params, body } = exchange;
    let response: HttpResponse;
    try {
      response = await answerTo(app, { params, body, nature, makeSignal: () => exchange.signal }, addresses, options);
    } catch (error) {
      response = problem(error);
    }
    await send(response, params.REQUEST_METHOD || 'GET', output).catch(breakOff);
  };
}

async function send(response: HttpResponse, method: string, output: PackageRequest): Promise<void> {
  if (output.destroyed) return;
  const parts = cgiAnswer(response, method);
  if (streams(response, method)) {
    output.write(parts[0]);
    await pump(response.body, output);
    output.end();
  } else {
    if (parts.length === 2) output.write(parts[0]);
    output.end(parts.at(-1));
  }
}

async function listen(server: Server, { socket, socketMode }: FastCgiOptions): Promise<void> {
  // Before workers there is their primary, which has looked already.
  if ('path' in socket && !cluster.isWorker) await removeStale(socket.path);
  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? inUse(describe(socket)) : withFolder(error, socket));
    };
    server.once('error', failed);
    server.listen(socket, () => {
      server.off('error', failed);
      resolve();
    });
  });
  if ('path' in socket && socketMode !== undefined) chmodSync(socket.path, socketMode);
}

/** libuv says EACCES where the folder of a socket is missing. */
function withFolder(error: NodeJS.ErrnoException, socket: FastCgiSocket): Error {
  if (error.code !== 'EACCES' || !('path' in socket) || existsSync(dirname(socket.path))) return error;
  return new Error(`${socket.path}: there is no folder ${dirname(socket.path)}`);
}

function describe(socket: FastCgiSocket): string {
  if ('path' in socket) return socket.path;
  return 'fd' in socket ? `descriptor ${socket.fd}` : `${socket.host}:${socket.port}`;
}
