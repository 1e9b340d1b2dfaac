/** Addresses below the mount point: taken apart, checked, and made. */
import { HttpError } from '../http.js';
import { memo } from './memo.js';

/**
 * The segments of a raw path, each percent-decoded once; a slash at the end counts for nothing.
 * @throws HttpError 400 for what cannot be decoded or holds a control character
 */
export const segmentsOf: (path: string) => readonly string[] = memo(1000, 300, (path) => {
  const raw = path.split('/').slice(1);
  if (raw.at(-1) === '') raw.pop();
  return raw.map((segment) => {
    let decoded: string;
    try {
      decoded = segment.includes('%') ? decodeURIComponent(segment) : segment;
    } catch {
      throw new HttpError(
        400,
        `The address has ${JSON.stringify(segment.slice(0, 80))}, which is not percent-encoded UTF-8.`,
      );
    }
    if (/\p{Cc}/u.test(decoded)) throw new HttpError(400, 'The address has a control character in it.');
    return decoded;
  });
});

/**
 * A feed's name as it is kept: in lower case.
 * @throws HttpError 400 when it is not 1 to 255 characters without `/`
 */
export const feedName: (decoded: string) => string = memo(1000, 300, (decoded) => {
  const name = decoded.toLowerCase();
  const length = [...name].length;
  if (length === 0) throw new HttpError(400, 'A feed needs a name: feed=NAME.');
  if (length > 255) throw new HttpError(400, `A feed's name has at most 255 characters, not ${length}.`);
  if (name.includes('/')) throw new HttpError(400, `A feed's name has no slash in it, encoded or not.`);
  if (name === '.' || name === '..')
    throw new HttpError(400, 'A feed is not named . or ..: clients would take it for a path.');
  return name;
});

/** A raw address made safe for a header field and a document: nothing but visible ASCII without delimiters. */
export function visible(address: string): string {
  return address.replace(/[^\x21-\x7e]|[<>"\\^`{|}]/g, (c) => encodeURIComponent(c));
}
