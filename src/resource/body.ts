/** The bodies of requests as documents. */
import { decodeXml } from '../atom/decode.js';
import { HttpError, type HttpRequest, tooLarge } from '../http.js';
import { memo } from './memo.js';

const XML_TYPES = new Set(['application/atom+xml', 'application/xml', 'text/xml', '']);
const FORM = 'application/x-www-form-urlencoded';

/** A media type without parameters, in lower case; empty where a request names none. */
export function mediaTypeOf(request: HttpRequest): string {
  return typeOf(request.headers['content-type'] ?? '');
}

const typeOf: (field: string) => string = memo(100, 300, (field) => field.split(';', 1)[0]!.trim().toLowerCase());

/** Whether a body of this media type is to be read as XML. */
export function isXml(type: string): boolean {
  return type === FORM || XML_TYPES.has(type);
}

/** Whether a browser posts the form of our pages: no program says where it comes from and asks for a page. */
export function isPostedForm(request: HttpRequest): boolean {
  const { accept, origin, 'sec-fetch-site': site } = request.headers;
  if (origin === undefined && site === undefined) return false;
  return mediaTypeOf(request) === FORM && /\btext\/html\b/i.test(accept ?? '');
}

/** The `charset` parameter of the content type. */
export function charsetOf({ headers }: HttpRequest): string | undefined {
  const field = headers['content-type'] ?? '';
  if (!field.includes(';')) return undefined;
  const parameters = field.split(';').slice(1);
  return parameters.find((one) => /^\s*charset\s*=/i.test(one))?.replace(/^[^=]*=\s*"?|"?\s*$/g, '');
}

/** @throws HttpError 415 for a body that is compressed */
export function refuseContentEncoding({ headers }: HttpRequest): void {
  const coding = headers['content-encoding'];
  if (coding === undefined || coding === 'identity') return;
  throw new HttpError(415, 'A body with a content encoding is not accepted here; send it as it is.', {
    headers: { 'accept-encoding': 'identity' },
  });
}

/**
 * The text of an XML body.
 * @throws HttpError 413, 415, 400 as the contract says
 */
export async function readXml(request: HttpRequest, limit: number, option?: string): Promise<string> {
  const type = mediaTypeOf(request);
  if (!isXml(type)) {
    throw new HttpError(415, `${type.slice(0, 80)} is not accepted here; send Atom as application/atom+xml.`);
  }
  refuseContentEncoding(request);
  const bytes = await receive(request, limit, option);
  if (bytes.length === 0) throw new HttpError(400, 'The body is empty; an Atom document is needed here.');
  const text = decodeXml(bytes, type === FORM ? undefined : charsetOf(request));
  // What `curl -d` sends is labelled as a form, whatever it is.
  if (type === FORM && !/^\s*</.test(text)) {
    throw new HttpError(415, `A form is not accepted here; send an Atom entry (curl -d '<entry>…</entry>' will do).`);
  }
  return text;
}

/**
 * The whole body of a request, which takes no place among those that are worked on while it arrives.
 * @param option what the limit is called in the configuration
 * @throws HttpError 413; 503 when all places are taken meanwhile
 */
export async function receive(request: HttpRequest, limit: number, option?: string): Promise<Uint8Array> {
  request.places?.leave(request);
  let bytes: Uint8Array;
  try {
    bytes = await request.bytes(limit);
  } catch (error) {
    throw error instanceof HttpError && error.status === 413 ? tooLarge(limit, option) : error;
  }
  request.places?.enter(request);
  return bytes;
}

/** The key that a repeat is known by; an empty field names none, or all who send it so would be repeats of one another. */
export function idempotencyKeyOf({ headers }: HttpRequest): string | undefined {
  return headers['idempotency-key']?.trim() || undefined;
}

/** `Prefer: return=minimal` (RFC 7240 §4.2). */
export function prefersMinimal(prefer: string | undefined): boolean {
  return prefer !== undefined && /(^|[,\s])return\s*=\s*"?minimal"?\s*($|[,;])/i.test(prefer);
}
