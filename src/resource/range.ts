/** Byte ranges (RFC 9110 §14). */
import { HttpError } from '../http.js';

/** Which bytes of a resource, both ends included. */
export interface ByteRange {
  first: number;
  last: number;
}

/**
 * The one range that a request asks for. Several at once, another unit, and an `If-Range` that does not hold get the whole.
 * @throws HttpError 416 when there is nothing in the range
 */
export function rangeOf(
  headers: Record<string, string | undefined>,
  size: number,
  etag: string,
): ByteRange | undefined {
  const { range, 'if-range': condition } = headers;
  if (range === undefined || (condition !== undefined && condition.trim() !== etag)) return undefined;
  const [, from, to] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(range) ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined;
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (first > last) {
    throw new HttpError(416, `There are ${size} bytes; ${range.slice(0, 80)} is not among them.`, {
      headers: { 'content-range': `bytes */${size}` },
    });
  }
  return { first, last };
}
