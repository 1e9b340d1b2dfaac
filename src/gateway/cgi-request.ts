/** CGI's variables (RFC 3875), which are FastCGI's parameters as well, made into a request. */
import { HttpError, HttpRequest } from '../http.js';
import type { Addresses } from './address.js';
import type { AddressOptions } from './listener.js';

export type Params = Record<string, string | undefined>;

/** What a gateway adds to the variables. */
export interface CgiInput {
  params: Params;
  body: AsyncIterable<Uint8Array>;
  nature: { runOnce: boolean; multiprocess: boolean };
  makeSignal?: () => AbortSignal;
}

/**
 * The request that the variables describe.
 * @throws HttpError as `Addresses.of` does
 */
export function cgiRequest(input: CgiInput, addresses: Addresses, options: AddressOptions): HttpRequest {
  const { params, nature, makeSignal } = input;
  const headers = headersOf(params);
  const secure = /^(on|1)$/i.test(params.HTTPS ?? '') || params.REQUEST_SCHEME === 'https';
  const port = params.SERVER_PORT;
  const implied = port === undefined || port === '' || port === (secure ? '443' : '80');
  const address = addresses.of({
    uri: params.REQUEST_URI || undefined,
    // A root mount is an empty name; without the variable the configured mount point counts.
    scriptName: params.SCRIPT_NAME?.replace(/\/+$/, ''),
    pathInfo: params.PATH_INFO,
    queryString: params.QUERY_STRING,
    headers,
    secure,
    authority: `${params.SERVER_NAME ?? 'localhost'}${implied ? '' : `:${port}`}`,
    remoteAddress: params.REMOTE_ADDR,
  });
  return new HttpRequest({
    method: params.REQUEST_METHOD ?? 'GET',
    ...address,
    headers,
    body: measured(input.body, headers['content-length']),
    nature,
    ...(options.trustRemoteUser ? { user: params.REMOTE_USER || undefined } : {}),
    ...(makeSignal === undefined ? {} : { makeSignal }),
  });
}

/** `HTTP_*` and the two fields that have names of their own. `HTTP_PROXY` is nobody's header (CVE-2016-5385). */
function headersOf(params: Params): Params {
  const headers: Params = {};
  for (const name of Object.keys(params)) {
    if (name.startsWith('HTTP_') && name !== 'HTTP_PROXY') {
      headers[name.slice(5).toLowerCase().replaceAll('_', '-')] = params[name];
    }
  }
  if (params.CONTENT_TYPE) headers['content-type'] = params.CONTENT_TYPE;
  if (params.CONTENT_LENGTH) headers['content-length'] = params.CONTENT_LENGTH;
  return headers;
}

/** The body, checked against the length that was announced: a web server may have lost its client half-way. */
async function* measured(body: AsyncIterable<Uint8Array>, announced: string | undefined): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    yield chunk;
  }
  if (announced !== undefined && length < Number(announced)) {
    throw new HttpError(400, `The body ended after ${length} of ${announced} bytes.`);
  }
}

/** The head of an answer in CGI's form (RFC 3875 §6): `Status` first, one line a field. */
export function cgiHead(status: number, headers: Record<string, string | string[]>): string {
  let head = `Status: ${status}\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value]) head += `${name}: ${one.replace(/[\r\n]+/g, ' ')}\r\n`;
  }
  return `${head}\r\n`;
}
