/** Identity and time: UUIDv7 ids (RFC 9562 §5.7), a clock that never repeats, and the keys that ids are found by. */
import { createHash, randomFillSync } from 'node:crypto';

/** So far the clock of the machine may be from ours before we follow it, in milliseconds. */
const SLACK = 1000;

let last = 0;
let origin = performance.timeOrigin;

/**
 * Microseconds since 1970, each call later than the one before, so that no two entries of a burst share a time; unless
 * the machine's clock was set, forward or back: that is followed.
 */
export function now(): number {
  let millis = origin + performance.now();
  const behind = Date.now() - millis;
  if (behind > SLACK || behind < -SLACK) {
    origin += behind;
    millis += behind;
    last = 0;
  }
  const time = Math.floor(millis * 1000);
  last = time > last ? time : last + 1;
  return last;
}

/** The millisecond that was written last: in a burst the next time is of the same, or soon after. */
let written = { millis: 0, text: '1970-01-01T00:00:00.000' };

/** An RFC 3339 time with microseconds. */
export function formatTime(micros: number): string {
  const millis = Math.floor(micros / 1000);
  if (millis !== written.millis) written = { millis, text: new Date(millis).toISOString().slice(0, -1) };
  return `${written.text}${String(micros - millis * 1000).padStart(3, '0')}Z`;
}

const pool = Buffer.alloc(4096);
let used = pool.length;

/** A new `urn:uuid:` id that sorts by `micros`: its sub-millisecond part fills the twelve bits after the version. */
export function newAtomId(micros: number): string {
  if (used + 8 > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const millis = Math.floor(micros / 1000);
  const time = millis.toString(16).padStart(12, '0');
  const fraction = Math.floor(((micros - millis * 1000) * 4096) / 1000);
  const random = pool.toString('hex', used, used + 8);
  used += 8;
  const variant = ((Number.parseInt(random[0]!, 16) & 3) | 8).toString(16);
  const sub = fraction.toString(16).padStart(3, '0');
  return `urn:uuid:${time.slice(0, 8)}-${time.slice(8)}-7${sub}-${variant}${random.slice(1, 4)}-${random.slice(4)}`;
}

/**
 * The id of an entry that was published with an `Idempotency-Key` and without an id: a UUIDv8 made of the feed and the key,
 * so that the constraint on ids is the one that decides about repeats as well.
 */
export function atomIdOfIdempotencyKey(feed: string, key: string): string {
  const hex = createHash('sha256').update(feed).update('\0').update(key).digest('hex');
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16);
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;
const URN = 'urn:uuid:';

/** What an entry is found by: the bare UUID of a `urn:uuid:` id, else a digest (43 characters, so the two never meet). */
export function keyOfAtomId(atomId: string): string {
  const uuid = bareUuid(atomId);
  return uuid ?? createHash('sha256').update(atomId).digest('base64url');
}

/** An id that would read as the segment of another one, of `urn:uuid:`, in its address. */
const AMBIGUOUS = new RegExp(`^~*${UUID.source.slice(1)}`);

/** The last segment of an entry's address: the bare UUID, else the percent-encoded id. */
export function segmentOfAtomId(atomId: string): string {
  return bareUuid(atomId) ?? (AMBIGUOUS.test(atomId) ? `~${atomId}` : encodeURIComponent(atomId));
}

/** The id that a decoded segment stands for. */
export function atomIdOfSegment(segment: string): string {
  if (UUID.test(segment)) return URN + segment;
  return segment.startsWith('~') && AMBIGUOUS.test(segment) ? segment.slice(1) : segment;
}

function bareUuid(atomId: string): string | undefined {
  if (!atomId.startsWith(URN)) return undefined;
  const uuid = atomId.slice(URN.length);
  return UUID.test(uuid) ? uuid : undefined;
}
