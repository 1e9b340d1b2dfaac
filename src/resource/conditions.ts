/** Conditional requests (RFC 9110 §13) and the entity tags that AtomMQ gives out. */
import { HttpError } from '../http.js';
import type { Expectation, Feed } from '../store/store.js';
import { httpDate } from './http-date.js';

type Headers = Record<string, string | undefined>;

const TAG = /(W\/)?"([\x21\x23-\x7e\x80-\uffff]*)"/g;

/**
 * The strong tag of an entry: it changes with every revision, and no two entries of one id share it.
 * @param variant a mark of what the configuration adds (`variantOf`)
 * @param suffix tells its forms apart: `.json`, or nothing for Atom
 */
export function entryTag(key: string, editedAt: number, variant: string, suffix = ''): string {
  return `"e.${key}.${base36(editedAt)}.${variant}${suffix}"`;
}

/** Beyond these many values numbers are written by a slow way: one that is larger is written in two parts. */
const SMALL = 36 ** 5;

/** A whole number, at least 0, in base 36. */
function base36(number: number): string {
  if (number < SMALL) return number.toString(36);
  const high = Math.floor(number / SMALL);
  return base36(high) + (number - high * SMALL).toString(36).padStart(5, '0');
}

const ENTRY_TAG = /^"e\.([\w-]+)\.([0-9a-z]+)\.[0-9a-f]{8}(?:\.[a-z]+)?"$/;

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

/**
 * The strong tag of a page in one form. That of an ascending page with nothing after it names the feed's head.
 * @param modified when the newest of what it shows was stored or revised: a database that was set back to an earlier state
 *   counts the same positions again
 * @param variant a mark of what the configuration adds (`variantOf`)
 */
export function pageTag(extent: PageExtent, modified: number, variant: string, suffix: string): string {
  const { feedId, edits, from, to, more, descending } = extent;
  const numbers = [feedId, edits, from, to, modified].map(base36).join('.');
  return `"${descending ? 'd' : 'p'}.${numbers}.${variant}${more ? '.more' : ''}${suffix}"`;
}

const PAGE_TAG =
  /^"([pd])\.([0-9a-z]+)\.([0-9a-z]+)\.([0-9a-z]+)\.([0-9a-z]+)\.[0-9a-z]+\.[0-9a-f]{8}(\.more)?(?:\.[a-z]+)?"$/;

/** What the tag of a page says; undefined where it is another tag. */
export function extentOfTag(tag: string): PageExtent | undefined {
  const found = PAGE_TAG.exec(tag);
  if (found === null) return undefined;
  const [feedId, edits, from, to] = found.slice(2, 6).map((digits) => Number.parseInt(digits, 36));
  const more = found[6] !== undefined;
  return { feedId: feedId!, edits: edits!, from: from!, to: to!, more, descending: found[1] === 'd' };
}

/** The tags of `If-None-Match`, without what a compressed form's tag ends in. */
export function* tagsOf(field: string): Generator<string> {
  for (const [, , opaque] of field.matchAll(TAG)) yield uncompressed(opaque!);
}

/** The tag of the form that was compressed, by us or by a proxy that says so in the tag. */
function uncompressed(opaque: string): string {
  return `"${opaque.replace(/[-;](gzip|br)$/, '')}"`;
}

/**
 * Whether `If-None-Match` names a tag, compared weakly (RFC 9110 §8.8.3.2), since a compressing proxy weakens tags on their
 * way; some add `-gzip` inside the quotes instead.
 */
export function noneMatches(headers: Headers, tag: string): boolean {
  const field = headers['if-none-match'];
  if (field === undefined) return false;
  if (field === tag || field.trim() === '*') return true;
  for (const one of tagsOf(field)) if (one === tag) return true;
  return false;
}

/** Whether the client's copy is still good, by tag or, without one, by time. `modified` is in microseconds since 1970. */
export function isFresh(headers: Headers, tag: string, modified: number | undefined): boolean {
  if (headers['if-none-match'] !== undefined) return noneMatches(headers, tag);
  const since = httpDate(headers['if-modified-since']);
  if (since === undefined || modified === undefined) return false;
  const second = Math.floor(modified / 1e6);
  // Within its own second a time proves nothing: another change may follow in the same second.
  return second * 1000 <= since && isOver(second);
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
 * Checks the conditions of a read that ask for more than news: `If-Match`, and without it `If-Unmodified-Since`.
 * @param tag of the form that will be answered with
 * @throws HttpError 412 when it does not hold
 */
export function checkRead(headers: Headers, tag: string, modified: number | undefined): void {
  if (headers['if-match'] === undefined && headers['if-unmodified-since'] === undefined) return;
  checkMatch(headers, tag, modified, (one) => one === tag);
}

/**
 * Checks the conditions of a change of what there is.
 * @throws HttpError 412 when one does not hold
 */
export function checkChange(headers: Headers, tag: string, modified: number): void {
  checkMatch(headers, tag, modified, (one) => stateOf(one) === stateOf(tag));
  const none = headers['if-none-match'];
  if (none !== undefined && (none.trim() === '*' || [...tagsOf(none)].some((one) => stateOf(one) === stateOf(tag)))) {
    throw changed('If-None-Match names what there is.', tag);
  }
}

function checkMatch(
  headers: Headers,
  tag: string,
  modified: number | undefined,
  matches: (one: string) => boolean,
): void {
  const match = headers['if-match'];
  if (match !== undefined) {
    if (match.trim() !== '*' && !strongTags(match).some(matches)) {
      throw changed(`its ETag is ${tag}, not ${match.slice(0, 200)}.`, tag);
    }
  } else if (!unmodifiedSince(headers, modified)) {
    throw changed(`that was after ${headers['if-unmodified-since']!.slice(0, 80)}.`, tag);
  }
}

function unmodifiedSince(headers: Headers, modified: number | undefined): boolean {
  const since = httpDate(headers['if-unmodified-since']);
  return since === undefined || modified === undefined || Math.floor(modified / 1e6) * 1000 <= since;
}

function changed(detail: string, etag: string): HttpError {
  return new HttpError(412, `What there is is not what the request expects: ${detail}`, { headers: { etag } });
}

/**
 * Checks the conditions of a change of what a feed says of itself: the tag of any page of it, however it was asked for,
 * that was read since the last change.
 * @throws HttpError 412 when one does not hold
 */
export function checkFeedChange(headers: Headers, feed: Feed | undefined): void {
  checkFeed(headers, feed, (page) => page.feedId === feed?.feedId && page.edits === feed.edits);
}

/**
 * Checks the conditions of the removal of a feed: the tag of any page of it as it now stands.
 * @throws HttpError 412 when one does not hold
 */
export function checkFeedRemoval(headers: Headers, feed: Feed): void {
  checkFeed(headers, feed, ({ feedId, edits, from, to, more, descending }) => {
    if (feedId !== feed.feedId || edits !== feed.edits) return false;
    // What an entry more, or one less at the beginning, makes another page of.
    return descending ? from > feed.head : from >= feed.floor && (more ? to < feed.head : to === feed.head);
  });
}

function checkFeed(headers: Headers, feed: Feed | undefined, matches: (page: PageExtent) => boolean): void {
  const match = headers['if-match'];
  const names = (tag: string) => {
    const page = extentOfTag(tag);
    return page !== undefined && matches(page);
  };
  const holds =
    match === undefined
      ? unmodifiedSince(headers, feed && Math.max(feed.createdAt, feed.metadataAt))
      : feed !== undefined && (match.trim() === '*' || strongTags(match).some(names));
  if (!holds) throw new HttpError(412, 'The feed is not as the request expects it to be: it was changed since.');
  const none = headers['if-none-match'];
  if (none !== undefined && feed !== undefined && (none.trim() === '*' || [...tagsOf(none)].some(names))) {
    throw new HttpError(412, 'The feed is there already, as If-None-Match says.');
  }
}

/** What `If-Match` or `If-None-Match: *` on a publish asks of the feed; undefined when it asks for nothing. */
export function expectationsOf(headers: Headers): Expectation[] | undefined {
  if (headers['if-none-match']?.trim() === '*') return [{ kind: 'empty' }];
  const match = headers['if-match'];
  if (match === undefined) return undefined;
  if (match.trim() === '*') return [{ kind: 'exists' }];
  return strongTags(match).flatMap((tag): Expectation[] => {
    const page = extentOfTag(tag);
    // A page that had more after it was never up to date, and one that goes backwards does not say.
    if (page !== undefined)
      return page.more || page.descending ? [] : [{ kind: 'head', feedId: page.feedId, head: page.to }];
    const entry = ENTRY_TAG.exec(tag);
    return entry === null ? [] : [{ kind: 'last', key: entry[1]!, editedAt: Number.parseInt(entry[2]!, 36) }];
  });
}

/** The strong tags of a list, with their quotes: `If-Match` compares strongly (RFC 9110 §13.1.1). */
function strongTags(field: string): string[] {
  return [...field.matchAll(TAG)].filter(([, weak]) => weak === undefined).map(([, , opaque]) => uncompressed(opaque!));
}

/** What a tag says of the state of an entry, whatever the form and the address it was read in: a change is of the entry. */
function stateOf(tag: string): string {
  const [, key, editedAt] = ENTRY_TAG.exec(tag) ?? [];
  return key === undefined ? tag : `${key}.${editedAt}`;
}
