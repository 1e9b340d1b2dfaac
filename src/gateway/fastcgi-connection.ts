/** One FastCGI connection: takes the place of node-fastcgi's record stream, and lets nothing through that would harm it. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { type Drain, FRESH } from './drain.js';
import { Exchange } from './fastcgi-exchange.js';
import { FastCgiOutput } from './fastcgi-output.js';
import { loadPackage, type OutgoingRecord, type RecordStream } from './fastcgi-package.js';
import {
  endContent,
  type FcgiRecord,
  ProtocolError,
  RecordReader,
  readPairs,
  TYPE,
  writePairs,
} from './fastcgi-records.js';
import type { Intake } from './intake.js';

/** Most bytes of parameters in one request, and in the unfinished requests of one connection. */
const MOST_PARAMS = 1024 * 1024;
const MOST_PENDING = 4 * MOST_PARAMS;
/** Most requests at the same time on one connection. */
export const MOST_REQUESTS = 256;
/** So much is thrown away after our last word before the connection is cut, in bytes and in milliseconds. */
const MOST_LINGERING = 64 * 1024 * 1024;
const LONGEST_LINGERING = 5000;

/** A kept connection with no request for so long is between two of them, in milliseconds. */
const PAUSE = 100;

const RESPONDER = 1;
const KEEP_CONN = 1;
/** Protocol states of a request's end (§5.5). */
const COMPLETE = 0;
const OVERLOADED = 2;
const UNKNOWN_ROLE = 3;

/** node-fastcgi gets one of these for each connection, and hears from it the event `record`. */
export class FastCgiConnection extends EventEmitter implements RecordStream {
  readonly #socket: Socket;
  readonly #drain: Drain;
  readonly #intake: Intake;
  readonly #capabilities: Record<string, string>;
  readonly #reader = new RecordReader();
  readonly #output: FastCgiOutput;
  readonly #requests = new Map<number, Exchange>();
  readonly #since = Date.now();
  readonly #records = loadPackage().records;
  #served = 0;
  #idleSince = 0;
  #keep = true;
  #ending = false;
  #halfClosed = false;
  #pausing = 0;

  /** @param capabilities what a web server may ask about (§4.1) */
  constructor(socket: Socket, drain: Drain, intake: Intake, capabilities: Record<string, string>) {
    super();
    this.#socket = socket;
    this.#drain = drain;
    this.#intake = intake;
    this.#capabilities = capabilities;
    this.#output = new FastCgiOutput(socket, (full) => this.#setPaused(full));
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => this.#readEnded());
    socket.on('close', () => {
      for (const request of this.#requests.values()) request.giveUp();
      this.#requests.clear();
      this.#output.close();
    });
  }

  /** What came with a request that node-fastcgi announces. */
  exchange(id: number): Exchange | undefined {
    return this.#requests.get(id);
  }

  /** Ends the connection unless a request runs, or it is so fresh that its first one may be on its way. */
  endIfIdle(): void {
    const now = Date.now();
    const used = this.#served > 0 ? now - this.#idleSince > PAUSE : now - this.#since > FRESH;
    if (this.#requests.size === 0 && used && !this.#reader.unfinished) this.#end();
  }

  /**
   * The answer to a request has failed half-way. Web servers take any end of a request for the end of a whole answer,
   * so the connection is cut where nobody else is on it.
   */
  breakOff(id: number): void {
    const request = this.#requests.get(id);
    if (request === undefined) return;
    if (this.#requests.size === 1) this.#socket.destroy();
    else this.#finish(request, 1, COMPLETE);
  }

  /** Called when nothing has moved for a while: cuts the connection if that is the peer's fault. */
  stalled(): void {
    const owes = (request: Exchange) => !request.started || (!request.body.complete && !request.body.paused);
    const fault =
      this.#output.full || this.#reader.unfinished || this.#ending || [...this.#requests.values()].some(owes);
    if (fault || (this.#served === 0 && this.#requests.size === 0)) this.#socket.destroy();
  }

  /** Called by node-fastcgi for everything it sends; `done` is always called. */
  writeRecord(id: number, record: OutgoingRecord, done?: (error?: Error | null) => void): void {
    const request = this.#requests.get(id);
    // Nothing is written after a request's end, and standard error is not used: an empty record of it would
    // follow every end.
    if (request === undefined || record.TYPE === TYPE.stderr) {
      done?.();
    } else if (record.TYPE === TYPE.end) {
      this.#finish(request, record.appStatus ?? 0, record.protocolStatus ?? COMPLETE);
      done?.();
    } else {
      const { data = '' } = record;
      this.#output.write(record.TYPE, id, typeof data === 'string' ? Buffer.from(data) : data, done);
    }
  }

  #read(chunk: Buffer): void {
    // After our last word: read, so that the peer gets to see it, and thrown away.
    if (this.#ending) return;
    try {
      for (const record of this.#reader.read(chunk)) {
        if (this.#socket.destroyed || this.#ending) return;
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
      case TYPE.begin:
        this.#begin(id, content);
        return;
      case TYPE.params:
        if (request !== undefined && !request.started) this.#params(request, content);
        return;
      case TYPE.stdin:
        if (content.length === 0) request?.body.end();
        else request?.body.push(content);
        return;
      case TYPE.abort:
        if (request === undefined) return;
        request.giveUp();
        if (request.started) this.emit('record', id, new this.#records.AbortRequest());
        else this.#finish(request, 1, COMPLETE);
        return;
      case TYPE.data:
        return;
      case TYPE.getValues:
        this.#output.write(TYPE.getValuesResult, 0, this.#values(content));
        return;
      default:
        this.#output.write(TYPE.unknown, 0, Buffer.from([type, 0, 0, 0, 0, 0, 0, 0]));
    }
  }

  #begin(id: number, content: Buffer): void {
    if (id === 0 || content.length < 8 || this.#requests.has(id)) throw new ProtocolError('bad begin');
    // One request that does not keep it ends the connection, after all that run by then.
    if ((content[2]! & KEEP_CONN) === 0) this.#keep = false;
    const request = new Exchange(id, this.#drain, this.#intake, (paused) => this.#setPaused(paused));
    this.#requests.set(id, request);
    if (content.readUInt16BE(0) !== RESPONDER) this.#finish(request, 0, UNKNOWN_ROLE);
    else if (this.#requests.size > MOST_REQUESTS) this.#finish(request, 0, OVERLOADED);
  }

  #params(request: Exchange, content: Buffer): void {
    if (content.length > 0) {
      request.addParams(content);
      let pending = 0;
      for (const other of this.#requests.values()) pending += other.pending;
      if (request.pending > MOST_PARAMS || pending > MOST_PENDING) throw new ProtocolError('too many parameters');
      return;
    }
    request.start();
    // It hears of a request only now. Whether the connection is kept is decided here: it would close it with the
    // first request that ends, whichever others run.
    this.emit('record', request.id, new this.#records.BeginRequest(RESPONDER, KEEP_CONN));
    this.emit('record', request.id, new this.#records.Params([]));
  }

  #finish(request: Exchange, appStatus: number, protocolStatus: number): void {
    this.#requests.delete(request.id);
    request.body.drop();
    request.over(false);
    this.#served += 1;
    this.#output.write(TYPE.end, request.id, endContent(appStatus, protocolStatus));
    this.#endIfDone();
    this.#output.flush();
  }

  /** A client that has sent all and closed its side still wants its answers. */
  #readEnded(): void {
    this.#halfClosed = true;
    for (const request of [...this.#requests.values()]) {
      if (!request.started) this.#requests.delete(request.id);
      else if (!request.body.complete) request.body.fail();
    }
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#requests.size > 0) return;
    this.#idleSince = Date.now();
    // FastCGI has no word for a last answer. A web server that has just got one uses the connection again before it sees
    // that it ends, so a server that stops ends it in a pause.
    if (!this.#keep || this.#halfClosed || this.#drain.hurried) this.#end();
  }

  #end(): void {
    if (this.#ending || this.#socket.destroyed) return;
    this.#ending = true;
    this.#output.flush();
    this.#socket.end();
    this.#socket.resume();
    const from = this.#socket.bytesRead;
    const until = Date.now() + LONGEST_LINGERING;
    const watch = setInterval(() => {
      const slow = Date.now() > until && this.#socket.writableLength === 0;
      if (slow || this.#socket.bytesRead - from > MOST_LINGERING) this.#socket.destroy();
    }, 100);
    this.#socket.once('close', () => clearInterval(watch));
  }

  /** Several may want the peer to wait: bodies that nobody reads yet, and answers that it does not read. */
  #setPaused(paused: boolean): void {
    this.#pausing += paused ? 1 : -1;
    if (this.#pausing > 0 && !this.#ending) this.#socket.pause();
    else this.#socket.resume();
  }

  /** Of what is asked, what we know. */
  #values(content: Buffer): Buffer {
    const asked = Object.keys(readPairs(content)).filter((name) => Object.hasOwn(this.#capabilities, name));
    return writePairs(Object.fromEntries(asked.map((name) => [name, this.#capabilities[name]!])));
  }
}
