/** CGI's variables (RFC 3875), which are FastCGI's parameters as well, made into a request. */
import { type App, HttpError, HttpRequest, type HttpResponse, tooLarge } from '../http.js';
import type { Address, Addresses } from './address.js';
import { announced, brokenOff, isBare, isStream } from './body.js';
import type { AddressOptions, TransportLimits } from './listener.js';

/** Names and values with one character for each byte (latin1), as `node:http` gives header fields. */
export type Params = Record<string, string | undefined>;

/** A body that may have a faster way than iteration, as FastCGI's has. */
export interface CgiBody extends AsyncIterable<Uint8Array> {
  /** All of it; `expected` is the length that was announced. */
  gather?(limit: number, expected: number | undefined): Promise<Uint8Array>;
}

/** What a gateway adds to the variables. */
export interface CgiInput {
  params: Params;
  body: CgiBody;
  nature: { runOnce: boolean; multiprocess: boolean };
  makeSignal?: () => AbortSignal;
}

export type CgiOptions = AddressOptions & Partial<Pick<TransportLimits, 'maxHeaderBytes'>>;

/** The application's answer to the request that the variables describe, or why it is not asked. */
export function answerTo(app: App, input: CgiInput, addresses: Addresses, options: CgiOptions): Promise<HttpResponse> {
  const { params, nature, makeSignal } = input;
  const headers = headersOf(params);
  const secure = /^(on|1)$/i.test(params.HTTPS ?? '') || params.REQUEST_SCHEME === 'https';
  const target = {
    uri: params.REQUEST_URI || undefined,
    scriptName: mountOf(params, addresses.mount, nature.runOnce),
    pathInfo: params.PATH_INFO,
    queryString: params.QUERY_STRING,
    headers,
    secure,
    authority: authority(params, secure),
    remoteAddress: params.REMOTE_ADDR,
  };
  const requestAt = (address: Address) =>
    new CgiRequest({
      method: params.REQUEST_METHOD || 'GET',
      ...address,
      headers,
      body: input.body,
      nature,
      user: options.trustRemoteUser ? params.REMOTE_USER || undefined : undefined,
      ...(makeSignal === undefined ? {} : { makeSignal }),
    });
  return addresses.answer(app, target, requestAt, () => checkFields(headers, options.maxHeaderBytes));
}

class CgiRequest extends HttpRequest {
  override async bytes(limit: number): Promise<Uint8Array> {
    const body: CgiBody = this.body;
    if (body.gather === undefined) return super.bytes(limit);
    const expected = announced(this.headers);
    if ((expected ?? 0) > limit) throw tooLarge(limit);
    return body.gather(limit, expected);
  }
}

/**
 * Where the web server mounted us; an empty name is the root, and undefined leaves it to the configuration. Apache's
 * mod_proxy_fcgi and nginx take the whole path for the script's name where nobody tells them otherwise, and pass no
 * PATH_INFO then; a CGI script's name is that of a file and can be believed.
 */
function mountOf({ SCRIPT_NAME, PATH_INFO }: Params, mount: string, runOnce: boolean): string | undefined {
  const name = SCRIPT_NAME?.replace(/\/+$/, '');
  if (name === undefined || runOnce || PATH_INFO !== undefined) return name;
  return name.startsWith(`${mount}/`) ? undefined : name;
}

function authority({ SERVER_NAME, SERVER_PORT }: Params, secure: boolean): string {
  const name = SERVER_NAME || 'localhost';
  const host = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
  return !SERVER_PORT || SERVER_PORT === (secure ? '443' : '80') ? host : `${host}:${SERVER_PORT}`;
}

/**
 * `HTTP_*` and the two fields that have names of their own. `HTTP_PROXY` is nobody's header (CVE-2016-5385), and type
 * and length are what the web server says, whatever a client has sent under those names.
 */
function headersOf(params: Params): Params {
  const headers: Params = {};
  for (const name in params) {
    if (name.startsWith('HTTP_') && name !== 'HTTP_PROXY') headers[fieldName(name)] = params[name];
  }
  headers['content-type'] = params.CONTENT_TYPE || undefined;
  headers['content-length'] = params.CONTENT_LENGTH || undefined;
  return headers;
}

/** @throws HttpError 431 for fields that are too large, 400 for a length that is not one */
function checkFields(headers: Params, most = Number.POSITIVE_INFINITY): void {
  let size = 0;
  for (const name in headers) size += name.length + (headers[name]?.length ?? 0);
  if (size > most) throw new HttpError(431, `The header fields are larger than ${most} bytes (max-header-bytes).`);
  const length = headers['content-length'];
  if (length !== undefined && !/^\d{1,15}$/.test(length)) {
    throw new HttpError(400, `The length ${JSON.stringify(length.slice(0, 40))} is not a number.`);
  }
}

/** Names that were made before; clients make up names, so it must not grow without bound. */
const fieldNames = new Map<string, string>();
const MOST_NAMES = 200;

function fieldName(name: string): string {
  let field = fieldNames.get(name);
  if (field === undefined) {
    field = name.slice(5).toLowerCase().replaceAll('_', '-');
    if (fieldNames.size < MOST_NAMES) fieldNames.set(name, field);
  }
  return field;
}

/** A body checked against the length that was announced: a web server may have lost its client half-way. */
export async function* measured(
  body: AsyncIterable<Uint8Array>,
  expected: number | undefined,
): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    yield chunk;
  }
  if (expected !== undefined && length !== expected) {
    throw brokenOff(`The body ended after ${length} of ${expected} bytes.`);
  }
}

/** Some web servers pass the status on as it is, and a status line without a reason is not one (RFC 9112 §4). */
const REASONS: Record<number, string> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  206: 'Partial Content',
  226: 'IM Used',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** An answer in CGI's form (RFC 3875 §6): the head with `Status` first, and the body when it is in one piece. */
export function cgiAnswer({ status, headers, body }: HttpResponse, method: string): Buffer[] {
  let head = `Status: ${status} ${REASONS[status] ?? 'Answer'}\r\n`;
  for (const name in headers) {
    const value = headers[name]!;
    if (typeof value === 'string') head += line(name, value);
    else for (const one of value) head += line(name, one);
  }
  // What a body would have been long is said also where there is none, as for HEAD; never with 204 and 304.
  const whole = isStream(body) ? undefined : typeof body === 'string' ? Buffer.from(body) : body;
  if (!isStream(body) && !isBare(status) && headers['content-length'] === undefined) {
    head += `content-length: ${whole?.length ?? 0}\r\n`;
  }
  const start = Buffer.from(`${head}\r\n`, 'latin1');
  if (whole === undefined || whole.length === 0 || method === 'HEAD' || isBare(status)) return [start];
  const bytes = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength);
  // One small piece is cheaper to send than two; a large one is not worth the copy.
  return bytes.length < 65_536 ? [Buffer.concat([start, bytes])] : [start, bytes];
}

/** Whether the body of an answer is to be sent piece by piece after what `cgiAnswer` has made. */
export function streams(
  response: HttpResponse,
  method: string,
): response is HttpResponse & {
  body: AsyncIterable<string | Uint8Array>;
} {
  return isStream(response.body) && method !== 'HEAD' && !isBare(response.status);
}

/** One field; a line break in a value would begin another. */
function line(name: string, value: string): string {
  return `${name}: ${/[\r\n\0]/.test(value) ? value.replace(/[\r\n\0]+/g, ' ') : value}\r\n`;
}
