/** What of node-fastcgi 2.0.0 is used, replaced and wrapped; looked at before anything is served. */
import { createRequire } from 'node:module';
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** node-fastcgi's request: a duplex whose writable side is the answer's standard output. */
export interface PackageRequest extends Duplex {
  _id: number;
  _conn: Socket;
}

/** What node-fastcgi calls a stream of records, in both directions. */
export interface RecordStream {
  on(event: 'record', listener: (id: number, record: object) => void): unknown;
  writeRecord(id: number, record: OutgoingRecord, done?: (error?: Error | null) => void): void;
}

/** A record as node-fastcgi writes it. */
export interface OutgoingRecord {
  TYPE: number;
  data?: Uint8Array | string;
  appStatus?: number;
  protocolStatus?: number;
}

type StreamClass = new (socket: Socket) => RecordStream;
type Method = (this: PackageRequest, ...args: never[]) => unknown;

/** The record classes whose instances it is given. */
interface Records {
  BeginRequest: { new (role: number, flags: number): object; flags: Record<string, number> };
  AbortRequest: new () => object;
  Params: new (params: unknown[]) => object;
}

interface Package {
  createServer(onRequest: (incoming: unknown, outgoing: { stdout: PackageRequest }) => void): Server & {
    allowHalfOpen: boolean;
    timeout: number;
  };
  records: Records;
}

const VERSION = '2.0.0';
let loaded: Package | undefined;
const ours = new WeakMap<Socket, (socket: Socket) => RecordStream>();

/** Makes the stream of records for one socket; to be said before node-fastcgi sees the connection. */
export function claim(socket: Socket, make: (socket: Socket) => RecordStream): void {
  ours.set(socket, make);
}

/**
 * The package with its edges taken off.
 * @throws Error when it is not the one that we know
 */
export function loadPackage(): Package {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  const nodeFastCgi = require('node-fastcgi') as Package;
  const { version } = require('node-fastcgi/package.json') as { version?: string };
  const request = require('node-fastcgi/lib/request.js') as {
    Request?: { prototype: Record<string, Method | undefined> };
  };
  // Its own copy of the codec, wherever that is installed.
  const codec = createRequire(require.resolve('node-fastcgi'))('fastcgi-stream') as {
    FastCGIStream?: StreamClass;
    records?: Partial<Records>;
  };
  const { _abort: abort, _destroy: destroy } = request.Request?.prototype ?? {};
  const { BeginRequest, AbortRequest, Params } = codec.records ?? {};
  const known =
    version === VERSION &&
    [nodeFastCgi.createServer, abort, destroy, codec.FastCGIStream, BeginRequest, AbortRequest, Params].every(
      (part) => typeof part === 'function',
    ) &&
    typeof BeginRequest?.flags === 'object';
  if (!known) {
    throw new Error(`node-fastcgi ${version} is not ${VERSION}: what AtomMQ replaces in it may not be there`);
  }
  replaceStream(codec as { FastCGIStream: StreamClass });
  // It looks for the flag by a name that its own codec does not have.
  BeginRequest.flags.KEEP_CONN = 1;
  wrapRequest(request.Request!.prototype);
  loaded = { createServer: nodeFastCgi.createServer, records: codec.records as Records };
  return loaded;
}

/** It looks the class up at each connection: ours for the sockets that we claimed, its own for all others. */
function replaceStream(codec: { FastCGIStream: StreamClass }): void {
  const Original = codec.FastCGIStream;
  function Stream(socket: Socket): RecordStream {
    return ours.get(socket)?.(socket) ?? new Original(socket);
  }
  codec.FastCGIStream = Stream as unknown as StreamClass;
}

function wrapRequest(prototype: Record<string, Method | undefined>): void {
  // An abort is an end, not an error that nobody listens for.
  prototype._abort = function () {
    this.on('error', () => {});
    this.destroy();
  };
  // Where the connection is gone it never calls back, and a request would never be closed.
  const destroy = prototype._destroy as (this: PackageRequest, error: unknown, done: (error?: unknown) => void) => void;
  prototype._destroy = function (error: unknown, callback: (error?: unknown) => void) {
    let called = false;
    const once = (failure?: unknown) => {
      if (called) return;
      called = true;
      callback(failure);
    };
    destroy.call(this, error, once);
    if (this._conn.destroyed || !this._conn.writable) process.nextTick(once, error);
  } as Method;
}
