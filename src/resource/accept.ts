/** Which representation a client wants (RFC 9110 §12.5.1). */
import { HttpError } from '../http.js';

interface MediaRange {
  type: string;
  q: number;
  /** How much it says: `*\/*` 0, `text/*` 1, a type 2. */
  weight: number;
}

/**
 * The best of what there is.
 * @param accept the `Accept` field; absent or blank accepts everything
 * @param offered media types without parameters, the preferred one first; of each the type that it will have, and then
 *   those that may be asked for in its stead
 * @returns the index of the chosen one
 * @throws HttpError 406 when none is acceptable
 */
export function negotiate(accept: string | undefined, offered: string[][]): number {
  if (accept === undefined || accept === '' || accept === '*/*') return 0;
  const ranges = rangesOf(accept);
  if (ranges.length === 0) return 0;
  let best = -1;
  let bestQ = 0;
  for (const [index, types] of offered.entries()) {
    const q = qualityOf(types, ranges);
    if (q > bestQ) {
      best = index;
      bestQ = q;
    }
  }
  if (best < 0) {
    throw new HttpError(
      406,
      `None of what there is here is acceptable to you: ${offered.map(([type]) => type).join(', ')}.`,
    );
  }
  return best;
}

/** The elements of the field; empty ones say nothing (RFC 9110 §5.6.1), and a comma in a quoted value ends none. */
function rangesOf(accept: string): MediaRange[] {
  const plain = accept.includes('"') ? accept.replace(/"(?:[^"\\]|\\.)*"/g, '""') : accept;
  return plain
    .split(',')
    .filter((element) => element.trim() !== '')
    .map(mediaRange);
}

function mediaRange(text: string): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const q = parameters.find((parameter) => parameter.startsWith('q='));
  const value = q === undefined ? 1 : Number(q.slice(2));
  return {
    type,
    q: Number.isNaN(value) ? 0 : Math.min(Math.max(value, 0), 1),
    weight: type === '*/*' ? 0 : type.endsWith('/*') ? 1 : 2,
  };
}

/** The quality of what is of the first of these types, or of another one that is asked for by its name. */
function qualityOf([type = '', ...others]: string[], ranges: MediaRange[]): number {
  const own = rangeFor(type, ranges);
  // What is refused by its name is refused, whatever else a wildcard lets in.
  if (own?.weight === 2 && own.q === 0) return 0;
  let q = own?.q ?? 0;
  for (const other of others) {
    const range = rangeFor(other, ranges);
    if (range?.weight === 2) q = Math.max(q, range.q);
  }
  return q;
}

/** The most specific range that covers a type. */
function rangeFor(type: string, ranges: MediaRange[]): MediaRange | undefined {
  let found: MediaRange | undefined;
  for (const range of ranges) {
    const covers =
      range.weight === 0 || range.type === type || (range.weight === 1 && type.startsWith(range.type.slice(0, -1)));
    if (covers && (found === undefined || range.weight > found.weight)) found = range;
  }
  return found;
}
