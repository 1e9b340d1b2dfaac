/** The FastCGI gateway: node-fastcgi's server, with its record stream replaced and its sharp edges taken off. */
import cluster from 'node:cluster';
import { chmodSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Server, Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { App, HttpResponse } from '../http.js';
import { problem } from '../problem.js';
import { Addresses } from './address.js';
import { cgiHead, cgiRequest } from './cgi-request.js';
import { codec, FastCgiConnection } from './fastcgi-connection.js';
import type { AddressOptions, Listener } from './listener.js';
import { type FastCgiSocket, removeStale } from './socket.js';

export interface FastCgiOptions extends AddressOptions {
  socket: FastCgiSocket;
  /** Mode of the socket file; without it the process's umask decides. */
  socketMode?: number | undefined;
}

/** For so long a request may stay incomplete without a byte coming, in milliseconds. */
const STALLED = 30_000;
const MOST_CONNECTIONS = 2000;

const require = createRequire(import.meta.url);

/** node-fastcgi's request: a duplex whose writable side is the answer's standard output. */
interface Output extends Writable {
  _id: number;
  _conn: Socket & { stream: FastCgiConnection };
}

/**
 * Listens.
 * @throws Error when the socket is in use, or node-fastcgi is not the one that we know
 */
export async function serveFastCgi(app: App, options: FastCgiOptions): Promise<Listener> {
  contain();
  const addresses = new Addresses(options);
  const { createServer } = require('node-fastcgi') as {
    createServer: (onRequest: (incoming: unknown, outgoing: { stdout: Output }) => void) => Server;
  };
  const server = createServer((_incoming, { stdout }) => {
    stdout.on('error', () => {});
    void serve(app, addresses, options, stdout);
  });
  const connections = new Set<Socket & { stream?: FastCgiConnection }>();
  // A client that closes its side after sending still wants its answer.
  (server as Server & { allowHalfOpen: boolean }).allowHalfOpen = true;
  server.maxConnections = MOST_CONNECTIONS;
  (server as Server & { timeout: number }).timeout = STALLED;
  server.on('timeout', (socket: Socket & { stream?: FastCgiConnection }) => {
    if (socket.stream?.unfinished) socket.destroy();
  });
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  await listen(server, options);
  return {
    address: `fastcgi:${describe(options.socket)}`,
    async close(drainSeconds = 30) {
      const closed = new Promise<true>((resolve) => server.close(() => resolve(true)));
      const sweep = setInterval(() => {
        for (const socket of connections) if (socket.stream?.idle) socket.end();
      }, 50);
      const deadline = new Promise<false>((resolve) => setTimeout(resolve, drainSeconds * 1000, false).unref());
      const clean = await Promise.race([closed, deadline]);
      clearInterval(sweep);
      for (const socket of connections) socket.destroy();
      return clean;
    },
  };
}

async function serve(app: App, addresses: Addresses, options: AddressOptions, output: Output): Promise<void> {
  const incoming = output._conn.stream.incoming(output._id);
  if (incoming === undefined) return;
  const { params, body, gone } = incoming;
  let response: HttpResponse;
  try {
    const nature = { runOnce: false, multiprocess: cluster.isWorker };
    response = await app(cgiRequest({ params, body, nature, makeSignal: () => gone.signal }, addresses, options));
  } catch (error) {
    response = problem(error);
  }
  try {
    await send(response, params.REQUEST_METHOD === 'HEAD', output, gone.signal);
  } catch {
    output.destroy();
  }
}

async function send(
  { status, headers, body }: HttpResponse,
  head: boolean,
  output: Output,
  gone: AbortSignal,
): Promise<void> {
  const bare = status === 204 || status === 304;
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = typeof body === 'string' ? Buffer.from(body) : (body ?? Buffer.alloc(0));
    const length: Record<string, string> = bare ? {} : { 'content-length': String(bytes.length) };
    const start = Buffer.from(cgiHead(status, { ...headers, ...length }));
    output.end(head || bare ? start : Buffer.concat([start, bytes]));
    return;
  }
  output.write(cgiHead(status, headers));
  if (!head) {
    for await (const chunk of body) {
      if (gone.aborted) break;
      if (!output.write(chunk)) await new Promise((resolve) => output.once('drain', resolve).once('close', resolve));
    }
  }
  output.end();
}

let contained = false;

/** Puts our stream in the place of node-fastcgi's, and makes an abort an end instead of an error that nobody hears. */
function contain(): void {
  if (contained) return;
  const { Request } = require('node-fastcgi/lib/request.js') as { Request?: { prototype: { _abort?: unknown } } };
  if (typeof Request?.prototype._abort !== 'function' || typeof codec.FastCGIStream !== 'function') {
    throw new Error('node-fastcgi is not version 2.0.0: what AtomMQ replaces in it is not there');
  }
  codec.FastCGIStream = FastCgiConnection;
  // It looks for the flag by a name that its own codec does not have.
  codec.records.BeginRequest.flags.KEEP_CONN = 1;
  Request.prototype._abort = function (this: Writable) {
    this.on('error', () => {});
    this.destroy();
  };
  contained = true;
}

async function listen(server: Server, { socket, socketMode }: FastCgiOptions): Promise<void> {
  // Before workers there is their primary, which has looked already.
  if ('path' in socket && !cluster.isWorker) await removeStale(socket.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, () => resolve());
  });
  if ('path' in socket && socketMode !== undefined) chmodSync(socket.path, socketMode);
}

function describe(socket: FastCgiSocket): string {
  if ('path' in socket) return socket.path;
  return 'fd' in socket ? `descriptor ${socket.fd}` : `${socket.host}:${socket.port}`;
}
