/** Ids that a client makes: UUIDv7 (RFC 9562 §5.7), each greater than the one before. */

let last = 0;
let count = 0;

/**
 * A new `urn:uuid:` id. An entry that has its id before it is sent can be sent again when the answer is lost: the feed
 * stores an id once. A counter fills the twelve bits after the version, so that the ids of a burst sort as they were made.
 */
export function newId(): string {
  const time = Date.now();
  if (time > last) {
    last = time;
    count = 0;
  } else if (count === 0xfff) {
    last += 1;
    count = 0;
  } else count += 1;
  const random = crypto.getRandomValues(new Uint8Array(8));
  random[0] = (random[0]! & 0x3f) | 0x80;
  const tail = Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const millis = last.toString(16).padStart(12, '0');
  const counter = count.toString(16).padStart(3, '0');
  return `urn:uuid:${millis.slice(0, 8)}-${millis.slice(8)}-7${counter}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}

/** The last segment of an entry's address: the bare UUID of a `urn:uuid:` id, else the percent-encoded id. */
export function segmentOf(id: string): string {
  const [, uuid] = /^urn:uuid:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.exec(id) ?? [];
  return uuid ?? encodeURIComponent(id);
}
