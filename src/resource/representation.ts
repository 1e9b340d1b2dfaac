/** What an address shows: bytes with a tag, answered conditionally and compressed for those who take that. */
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { HttpRequest, HttpResponse } from '../http.js';
import { checkRead, isFresh, lastModified } from './conditions.js';

/** One representation, ready to be answered any number of times. */
export interface Representation {
  /** The strong tag of the bytes as they are; a compressed form has another. */
  tag: string;
  /** The fields of its 200 without `ETag`, `Last-Modified` and `Content-Encoding`. */
  headers: HttpResponse['headers'];
  body: Buffer;
  /** Microseconds since 1970; undefined where nobody can tell. */
  modified: number | undefined;
  /** Its compressed forms, each made once. */
  encoded?: Partial<Record<Coding, Promise<Buffer>>>;
}

type Coding = 'br' | 'gzip';

/** Smaller bodies gain nothing. */
const WORTH_COMPRESSING = 1024;

/**
 * The answer to a `GET` or `HEAD`: 304 where the client's copy is still good.
 * @throws HttpError 412 where the request asks for another state than there is
 */
export async function respond(
  request: HttpRequest,
  representation: Representation,
  status = 200,
): Promise<HttpResponse> {
  const { tag, headers, body, modified } = representation;
  const coding = body.length < WORTH_COMPRESSING ? undefined : codingFor(request.headers['accept-encoding']);
  const etag = coding === undefined ? tag : `${tag.slice(0, -1)}-${coding}"`;
  checkRead(request.headers, tag, modified);
  if (status === 200 && isFresh(request.headers, tag, modified)) return notModified({ ...headers, etag });
  const time = modified === undefined ? undefined : lastModified(modified);
  if (coding === undefined) return { status, headers: { ...headers, etag, ...time }, body };
  representation.encoded ??= {};
  representation.encoded[coding] ??= compress(body, coding);
  const compressed = await representation.encoded[coding];
  return { status, headers: { ...headers, etag, ...time, 'content-encoding': coding }, body: compressed };
}

/** A 304 (RFC 9110 §15.4.5) with the fields that its 200 would have had. */
export function notModified(headers: HttpResponse['headers']): HttpResponse {
  const { 'content-type': _type, ...kept } = headers;
  return { status: 304, headers: kept };
}

/** What was decided for fields that were seen before: clients send few different ones. */
const codings = new Map<string, Coding | undefined>();
const MOST_FIELDS = 200;

/** The coding that a client likes best (RFC 9110 §12.5.3), of those that we have. */
function codingFor(accepted: string | undefined): Coding | undefined {
  if (accepted === undefined) return undefined;
  if (codings.has(accepted)) return codings.get(accepted);
  const qualities = new Map<string, number>();
  for (const part of accepted.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const q = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    qualities.set(name === 'x-gzip' ? 'gzip' : name, Number.isNaN(q) ? 0 : q);
  }
  const quality = (name: string) => qualities.get(name) ?? qualities.get('*') ?? 0;
  const [br, gzip] = [quality('br'), quality('gzip')];
  const best = br > 0 && br >= gzip ? 'br' : gzip > 0 ? 'gzip' : undefined;
  // One that would rather have the bytes as they are gets them so.
  const coding = best !== undefined && quality(best) < (qualities.get('identity') ?? 0) ? undefined : best;
  if (codings.size < MOST_FIELDS) codings.set(accepted, coding);
  return coding;
}

function compress(body: Buffer, coding: Coding): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, result: Buffer) => (error === null ? resolve(result) : reject(error));
    if (coding === 'gzip') gzip(body, done);
    else {
      const params = { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_SIZE_HINT]: body.length };
      brotliCompress(body, { params }, done);
    }
  });
}
