/** Byte ranges (RFC 9110 §14). */
import { HttpError } from '../http.js';
import { lastModified } from './conditions.js';
import { httpDate } from './http-date.js';

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
  modified: number,
): ByteRange | undefined {
  const { range, 'if-range': condition } = headers;
  if (range === undefined || (condition !== undefined && !isCurrent(condition.trim(), etag, modified)))
    return undefined;
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

/** `If-Range` (RFC 9110 §13.1.5) wants the very tag, or the very date where that tells one state from another. */
function isCurrent(condition: string, etag: string, modified: number): boolean {
  if (condition.includes('"')) return condition === etag;
  const date = lastModified(modified)?.['last-modified'];
  return date !== undefined && httpDate(condition) === httpDate(date);
}
