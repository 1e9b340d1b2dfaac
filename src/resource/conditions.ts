/** Conditional requests (RFC 9110 §13) and the entity tags that AtomMQ gives out. */
import { HttpError } from '../http.js';
import type { Expectation } from '../store/store.js';

type Headers = Record<string, string | undefined>;

const TAG = /(W\/)?"([\x21\x23-\x7e\x80-\uffff]*)"/g;

/** The strong tag of an entry: it changes with every revision, and no two entries of one id share it. */
export function entryTag(key: string, editedAt: number): string {
  return `"e.${key}.${editedAt.toString(36)}"`;
}

/** What a page holds, as far as its tag tells. */
export interface PageExtent {
  feedId: number;
  edits: number;
  from: number;
  /** The last position of the page in reading order. */
  to: number;
  /** There is more after it. */
  more: boolean;
  descending: boolean;
}

/** The strong tag of a page. That of an ascending page with nothing after it names the feed's head. */
export function pageTag({ feedId, edits, from, to, more, descending }: PageExtent): string {
  const numbers = [feedId, edits, from, to].map((n) => n.toString(36)).join('.');
  return `"${descending ? 'd' : 'p'}.${numbers}${more ? '.more' : ''}"`;
}

/**
 * Whether `If-None-Match` names a tag, compared weakly (RFC 9110 §8.8.3.2), since a compressing proxy weakens tags on their
 * way; some add `-gzip` inside the quotes instead.
 */
export function noneMatches(headers: Headers, tag: string): boolean {
  const field = headers['if-none-match'];
  if (field === undefined) return false;
  if (field === tag || field.trim() === '*') return true;
  for (const [, , opaque] of field.matchAll(TAG)) {
    if (`"${opaque!.replace(/[-;](gzip|br)$/, '')}"` === tag) return true;
  }
  return false;
}

/** Whether the client's copy is still good, by tag or, without one, by time. `modified` is in microseconds since 1970. */
export function isFresh(headers: Headers, tag: string, modified: number): boolean {
  if (headers['if-none-match'] !== undefined) return noneMatches(headers, tag);
  const since = headers['if-modified-since'];
  if (since === undefined) return false;
  const time = Date.parse(since);
  const second = Math.floor(modified / 1e6);
  // Within its own second a time proves nothing: another change may follow in the same second.
  return !Number.isNaN(time) && second * 1000 <= time && isOver(second);
}

/** `Last-Modified`, only once its second is over. */
export function lastModified(modified: number): { 'last-modified': string } | undefined {
  const second = Math.floor(modified / 1e6);
  return isOver(second) ? { 'last-modified': new Date(second * 1000).toUTCString() } : undefined;
}

function isOver(second: number): boolean {
  return Date.now() >= (second + 1) * 1000;
}

/**
 * Checks the conditions of a change of one entry.
 * @throws HttpError 412 when one does not hold
 */
export function checkChange(headers: Headers, tag: string, modified: number): void {
  const match = headers['if-match'];
  if (match !== undefined) {
    if (match.trim() !== '*' && !strongTags(match).includes(tag)) {
      throw new HttpError(412, `The entry has changed: its ETag is ${tag}, not ${match.slice(0, 200)}.`, {
        headers: { etag: tag },
      });
    }
    return;
  }
  const since = Date.parse(headers['if-unmodified-since'] ?? '');
  if (!Number.isNaN(since) && Math.floor(modified / 1e6) * 1000 > since) {
    throw new HttpError(412, `The entry has changed since ${headers['if-unmodified-since']}.`, {
      headers: { etag: tag },
    });
  }
}

/** What `If-Match` or `If-None-Match: *` on a publish asks of the feed; undefined when it asks for nothing. */
export function expectationsOf(headers: Headers): Expectation[] | undefined {
  if (headers['if-none-match']?.trim() === '*') return [{ kind: 'empty' }];
  const match = headers['if-match'];
  if (match === undefined) return undefined;
  if (match.trim() === '*') return [{ kind: 'exists' }];
  return strongTags(match).flatMap((tag): Expectation[] => {
    const page = /^"p\.([0-9a-z]+)\.[0-9a-z]+\.[0-9a-z]+\.([0-9a-z]+)"$/.exec(tag);
    if (page !== null) {
      return [{ kind: 'head', feedId: Number.parseInt(page[1]!, 36), head: Number.parseInt(page[2]!, 36) }];
    }
    const entry = /^"e\.([\w-]+)\.([0-9a-z]+)"$/.exec(tag);
    return entry === null ? [] : [{ kind: 'last', key: entry[1]!, editedAt: Number.parseInt(entry[2]!, 36) }];
  });
}

/** The strong tags of a list, with their quotes: `If-Match` compares strongly (RFC 9110 §13.1.1). */
function strongTags(field: string): string[] {
  return [...field.matchAll(TAG)].filter(([, weak]) => weak === undefined).map(([, , opaque]) => `"${opaque}"`);
}
