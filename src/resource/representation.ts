/** What an address shows: bytes with a tag, answered conditionally and compressed for those who take that. */
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { HttpRequest, HttpResponse } from '../http.js';
import { checkRead, isFresh, lastModified } from './conditions.js';
import { memo } from './memo.js';

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
  /** Its answers as they are, once no field of theirs changes any more. */
  settled?: { whole: HttpResponse; notModified: HttpResponse };
}

type Coding = 'br' | 'gzip';

/** Smaller bodies gain nothing. */
const WORTH_COMPRESSING = 1024;

/**
 * The answer to a `GET` or `HEAD`: 304 where the client's copy is still good. It may be answered to others as well, so
 * nobody changes it.
 * @throws HttpError 412 where the request asks for another state than there is
 */
export function respond(
  request: HttpRequest,
  representation: Representation,
  status = 200,
): HttpResponse | Promise<HttpResponse> {
  const { tag, headers, body, modified } = representation;
  const coding = body.length < WORTH_COMPRESSING ? undefined : codingFor(request.headers['accept-encoding']);
  checkRead(request.headers, tag, modified);
  const isKnown = status === 200 && isFresh(request.headers, tag, modified);
  if (coding === undefined && status === 200) {
    const { whole, notModified: unchanged } = representation.settled ?? answersOf(representation);
    return isKnown ? unchanged : whole;
  }
  const etag = coding === undefined ? tag : `${tag.slice(0, -1)}-${coding}"`;
  if (isKnown) return notModified({ ...headers, etag });
  const fields = { ...headers, etag, ...(modified === undefined ? {} : lastModified(modified)) };
  if (coding === undefined) return { status, headers: fields, body };
  representation.encoded ??= {};
  representation.encoded[coding] ??= compress(body, coding);
  return representation.encoded[coding].then((compressed) => ({
    status,
    headers: { ...fields, 'content-encoding': coding },
    body: compressed,
  }));
}

/** The answers without compression; kept when the second of the time is over, since a time is sent from then on. */
function answersOf(representation: Representation): { whole: HttpResponse; notModified: HttpResponse } {
  const { tag, headers, body, modified } = representation;
  const time = modified === undefined ? undefined : lastModified(modified);
  const answers = {
    whole: { status: 200, headers: { ...headers, etag: tag, ...time }, body },
    notModified: notModified({ ...headers, etag: tag }),
  };
  if (modified === undefined || time !== undefined) representation.settled = answers;
  return answers;
}

/** A 304 (RFC 9110 §15.4.5) with the fields that its 200 would have had. */
export function notModified(headers: HttpResponse['headers']): HttpResponse {
  const { 'content-type': _type, ...kept } = headers;
  return { status: 304, headers: kept };
}

/** The coding that a client likes best (RFC 9110 §12.5.3), of those that we have; identity where it wants none. */
const bestCoding = memo(200, 200, (accepted): Coding | 'identity' => {
  const qualities = new Map<string, number>();
  for (const part of accepted.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const q = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    qualities.set(name === 'x-gzip' ? 'gzip' : name, Number.isNaN(q) ? 0 : q);
  }
  const quality = (name: string) => qualities.get(name) ?? qualities.get('*') ?? 0;
  const [br, gzip] = [quality('br'), quality('gzip')];
  const best = br > 0 && br >= gzip ? 'br' : gzip > 0 ? 'gzip' : 'identity';
  // One that would rather have the bytes as they are gets them so.
  return best !== 'identity' && quality(best) < (qualities.get('identity') ?? 0) ? 'identity' : best;
});

function codingFor(accepted: string | undefined): Coding | undefined {
  const coding = accepted === undefined ? 'identity' : bestCoding(accepted);
  return coding === 'identity' ? undefined : coding;
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
