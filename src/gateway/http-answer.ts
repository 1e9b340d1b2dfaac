/** Answers written to `node:http`: in one piece where there is one, else piece by piece. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { HttpError, type HttpResponse } from '../http.js';
import { problem } from '../problem.js';
import { announced, isBare, isStream, pump } from './body.js';
import { headersOf, type NodeBody } from './http-request.js';
import { isLast, isOver, linger } from './linger.js';
import type { Outflow } from './outflow.js';

/** So much of a body that nobody wants is read for the sake of a kept connection, in bytes. */
const WORTH_KEEPING = 65_536;

/** Most bytes of a body that is written together with its header. */
const IN_ONE_PIECE = 8192;

/** Writes the answer; rejects when it breaks off half-way, and the connection is then of no use. */
export async function send(
  { status, headers, body }: HttpResponse,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  requestBody: NodeBody,
  closing: boolean,
  outflow: Outflow,
): Promise<void> {
  // What a POST is answered with is new each time.
  const fields = incoming.method === 'POST' ? listed(headers) : fieldsOf(headers);
  const ends = finishReading(incoming, outgoing, requestBody);
  if (closing || ends) fields.push('connection', 'close');
  if (isStream(body)) {
    if (headers['content-type'] === 'text/event-stream') endWithConnection(outgoing, fields);
    outgoing.writeHead(status, fields);
    if (incoming.method !== 'HEAD' && !isBare(status)) {
      outgoing.flushHeaders();
      await pump(body, outgoing);
    }
    outgoing.end();
    return;
  }
  const bare = isBare(status);
  const length = typeof body === 'string' ? Buffer.byteLength(body) : (body?.length ?? 0);
  if (!bare && headers['content-length'] === undefined) fields.push('content-length', String(length));
  outgoing.writeHead(status, fields);
  if (bare || incoming.method === 'HEAD') outgoing.end();
  // A short text goes out in one piece with its header; in latin1 each character is a byte, so these are the bytes.
  else if (typeof body === 'object' && body.length <= IN_ONE_PIECE) outgoing.end(latin1(body), 'latin1');
  // ASCII is latin1 as well, for which Node takes a third of the memory that it takes for UTF-8.
  else if (typeof body === 'string') {
    const encoding = length === body.length ? 'latin1' : 'utf8';
    // With a long text the header would be put before it by copying it all.
    if (length > IN_ONE_PIECE) outgoing.end(Buffer.from(body, encoding));
    else outgoing.end(body, encoding);
  } else outgoing.end(body);
  outflow.written(outgoing);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** The fields of answers that are given again and again. */
const flat = new WeakMap<HttpResponse['headers'], string[]>();

/** One flat array of names and values is what `writeHead` takes without building an object of its own. */
function fieldsOf(headers: HttpResponse['headers']): string[] {
  let fields = flat.get(headers);
  if (fields === undefined) {
    fields = listed(headers);
    flat.set(headers, fields);
  }
  return fields.slice();
}

function listed(headers: HttpResponse['headers']): string[] {
  const fields: string[] = [];
  for (const name in headers) {
    const value = headers[name]!;
    if (typeof value === 'string') fields.push(name, value);
    else for (const one of value) fields.push(name, one);
  }
  return fields;
}

/** A stream that has no end to tell needs no chunks: without them an event to thousands of clients is one plain write to each. */
function endWithConnection(outgoing: ServerResponse, fields: string[]): void {
  outgoing.useChunkedEncodingByDefault = false;
  outgoing.shouldKeepAlive = false;
  if (!fields.includes('connection')) fields.push('connection', 'close');
}

/**
 * Sees to a body that the application has not read. A short one is read and thrown away; for others the connection
 * ends with the answer, and is closed only when the client has had time to read it: closing a socket that holds unread
 * bytes resets it, and the answer would be lost.
 * @returns whether the connection ends
 */
function finishReading(incoming: IncomingMessage, outgoing: ServerResponse, body: NodeBody): boolean {
  if (!body.unread) return false;
  incoming.once('error', () => {});
  incoming.resume();
  const length = announced(headersOf(incoming));
  if (length !== undefined && length <= WORTH_KEEPING && !('expect' in incoming.headers) && !body.expired) {
    body.discard();
    return false;
  }
  const socket = outgoing.socket;
  if (socket !== null) socket.destroySoon = () => linger(socket, incoming);
  return true;
}

/** Answers what is not a request: `clientError` of a server. */
export function refuse(
  error: Error & { code?: string },
  socket: Socket & { _httpMessage?: ServerResponse | null },
): void {
  // In the midst of an answer a second one would be taken for a part of the first.
  if (error.code === 'ECONNRESET' || !socket.writable || isOver(socket) || socket._httpMessage?.headersSent) {
    socket.destroy();
    return;
  }
  const [status, detail] = refusal(error.code);
  answerAndClose(socket, new HttpError(status, detail));
}

/** Answers a connection that is one too many. */
export function turnAway(socket: Socket, most: number): void {
  isLast(socket);
  socket.resume();
  answerAndClose(
    socket,
    new HttpError(503, `There are ${most} connections here already (max-connections); try again.`, {
      headers: { 'retry-after': '5' },
    }),
  );
}

function answerAndClose(socket: Socket, error: HttpError): void {
  const { status, headers, body } = problem(error);
  const text = String(body);
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields.join('')}` +
      `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  );
  setTimeout(() => socket.destroy(), 1000).unref();
}

function refusal(code: string | undefined): [number, string] {
  if (code === 'HPE_HEADER_OVERFLOW') return [431, 'The header fields are too large (max-header-bytes).'];
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return [408, 'The request took too long to arrive (header-timeout).'];
  if (code === 'HPE_INVALID_URL') {
    return [400, 'The address has characters in it that must be percent-encoded (as UTF-8), or is none at all.'];
  }
  return [400, 'This is not an HTTP request that can be read.'];
}
