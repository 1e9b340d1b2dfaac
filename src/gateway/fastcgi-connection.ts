/** One FastCGI connection: takes the place of node-fastcgi's record stream, and lets nothing through that would harm it. */
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { BodyQueue } from './body-queue.js';
import {
  type FcgiRecord,
  ProtocolError,
  RecordReader,
  readPairs,
  TYPE,
  writePair,
  writeRecord,
  writeStream,
} from './fastcgi-records.js';

const require = createRequire(import.meta.url);

/** The parts of the record classes of `fastcgi-stream` that node-fastcgi works with. */
interface Records {
  BeginRequest: { new (role: number, flags: number): object; flags: Record<string, number> };
  AbortRequest: new () => object;
  Params: new (params: unknown[]) => object;
}

export const codec = require('fastcgi-stream') as { FastCGIStream: unknown; records: Records };

const MOST_PARAMS = 1024 * 1024;
const MOST_REQUESTS = 256;
const KEEP_CONN = 1;
const OVERLOADED = 2;
const CAPABILITIES: Record<string, string> = { FCGI_MAX_CONNS: '2000', FCGI_MAX_REQS: '2000', FCGI_MPXS_CONNS: '1' };

/** A request as it comes in; node-fastcgi knows only its number. */
export interface Incoming {
  params: Record<string, string>;
  body: BodyQueue;
  /** Aborts when the client or the web server gives the request up. */
  gone: AbortController;
}

interface Opening extends Incoming {
  keep: boolean;
  chunks: Buffer[];
  length: number;
  started: boolean;
}

/** A record as node-fastcgi writes it. */
interface OutgoingRecord {
  TYPE: number;
  data?: Uint8Array | string;
  appStatus?: number;
  protocolStatus?: number;
}

/** node-fastcgi makes one of these for each connection, and hears from it the event `record`. */
export class FastCgiConnection extends EventEmitter {
  readonly #socket: Socket;
  readonly #reader = new RecordReader();
  readonly #requests = new Map<number, Opening>();
  readonly #since = Date.now();
  #served = 0;
  #keep = true;
  #halfClosed = false;
  #pausing = 0;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => {
      // A client that has sent all still wants its answers.
      this.#halfClosed = true;
      for (const request of this.#requests.values()) if (!request.body.complete) request.body.fail();
      this.#endIfDone();
    });
    socket.on('close', () => {
      for (const request of this.#requests.values()) this.#giveUp(request);
      this.#requests.clear();
    });
  }

  /** What came with a request that node-fastcgi announces. */
  incoming(id: number): Incoming | undefined {
    return this.#requests.get(id);
  }

  /** Some request or record has begun to come and is not complete. */
  get unfinished(): boolean {
    return (
      this.#reader.unfinished || [...this.#requests.values()].some(({ body, started }) => !started || !body.complete)
    );
  }

  /** May be ended without harm: nothing runs, and it is not so fresh that a request may be on its way. */
  get idle(): boolean {
    return this.#requests.size === 0 && (this.#served > 0 || Date.now() - this.#since > 2000);
  }

  /** Called by node-fastcgi for everything it sends; `done` is always called. */
  writeRecord(id: number, record: OutgoingRecord, done?: (error?: Error | null) => void): void {
    if (record.TYPE === TYPE.end) {
      this.#end(id, record.appStatus ?? 0, record.protocolStatus ?? 0, done);
    } else if (record.TYPE === TYPE.stderr || !this.#requests.has(id)) {
      // Nothing is written to the web server's log this way, and nothing after a request's end.
      process.nextTick(() => done?.());
    } else {
      const data = typeof record.data === 'string' ? Buffer.from(record.data) : (record.data ?? Buffer.alloc(0));
      this.#write(data.length === 0 ? writeRecord(record.TYPE, id, data) : writeStream(record.TYPE, id, data), done);
    }
  }

  #read(chunk: Buffer): void {
    try {
      for (const record of this.#reader.read(chunk)) {
        if (this.#socket.destroyed) return;
        this.#handle(record);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#socket.destroy();
    }
  }

  #handle({ type, id, content }: FcgiRecord): void {
    const request = this.#requests.get(id);
    switch (type) {
      case TYPE.getValues:
        this.#write(writeRecord(TYPE.getValuesResult, 0, capabilities(content)));
        return;
      case TYPE.begin:
        this.#begin(id, content);
        return;
      case TYPE.abort:
        if (request === undefined) return;
        this.#giveUp(request);
        this.emit('record', id, new codec.records.AbortRequest());
        if (!request.started) this.#end(id, 1, 0);
        return;
      case TYPE.params:
        if (request !== undefined && !request.started) this.#params(id, request, content);
        return;
      case TYPE.stdin:
        if (content.length === 0) request?.body.end();
        else request?.body.push(Buffer.from(content));
        return;
      case TYPE.data:
        return;
      default: {
        const unknown = Buffer.alloc(8);
        unknown[0] = type;
        this.#write(writeRecord(TYPE.unknown, 0, unknown));
      }
    }
  }

  #begin(id: number, content: Buffer): void {
    if (id === 0 || content.length < 8 || this.#requests.has(id)) throw new ProtocolError('bad begin');
    const role = content.readUInt16BE(0);
    const keep = (content[2]! & KEEP_CONN) !== 0;
    if (!keep) this.#keep = false;
    const body = new BodyQueue((paused) => this.#setPaused(paused));
    const gone = new AbortController();
    this.#requests.set(id, { params: {}, body, gone, keep, chunks: [], length: 0, started: false });
    if (this.#requests.size > MOST_REQUESTS) this.#end(id, 1, OVERLOADED);
    // Whether the connection is kept is decided here: node-fastcgi would close it with the first request that ends.
    else this.emit('record', id, new codec.records.BeginRequest(role, KEEP_CONN));
  }

  #params(id: number, request: Opening, content: Buffer): void {
    request.length += content.length;
    if (request.length > MOST_PARAMS) throw new ProtocolError('too many parameters');
    if (content.length > 0) {
      // A pair may go on in the next record, so they are read together.
      request.chunks.push(Buffer.from(content));
      return;
    }
    request.params = readPairs(Buffer.concat(request.chunks));
    request.chunks = [];
    request.started = true;
    this.emit('record', id, new codec.records.Params([]));
  }

  #end(id: number, appStatus: number, protocolStatus: number, done?: (error?: Error | null) => void): void {
    const request = this.#requests.get(id);
    if (request === undefined) {
      process.nextTick(() => done?.());
      return;
    }
    this.#requests.delete(id);
    request.body.drop();
    this.#served += 1;
    const content = Buffer.alloc(8);
    content.writeUInt32BE(appStatus, 0);
    content[4] = protocolStatus;
    this.#write(writeRecord(TYPE.end, id, content), (error) => {
      done?.(error);
      this.#endIfDone();
    });
  }

  #giveUp(request: Opening): void {
    request.body.fail();
    request.gone.abort();
  }

  #endIfDone(): void {
    if (this.#requests.size === 0 && (!this.#keep || this.#halfClosed) && !this.#socket.destroyed) this.#socket.end();
  }

  #setPaused(paused: boolean): void {
    this.#pausing += paused ? 1 : -1;
    if (this.#pausing > 0) this.#socket.pause();
    else this.#socket.resume();
  }

  #write(bytes: Buffer, done?: (error?: Error | null) => void): void {
    if (this.#socket.destroyed || !this.#socket.writable) {
      process.nextTick(() => done?.(new Error('The connection is closed.')));
      return;
    }
    this.#socket.write(bytes, done);
  }
}

/** The answer to a question about us (§4.1): of what is asked, what we know. */
function capabilities(content: Buffer): Buffer {
  const asked = Object.keys(readPairs(content)).filter((name) => Object.hasOwn(CAPABILITIES, name));
  return Buffer.concat(asked.map((name) => writePair(name, CAPABILITIES[name]!)));
}
