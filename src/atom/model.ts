/** The terms of Atom (RFC 4287) that the rest of AtomMQ speaks in. */

/** The namespace of Atom (RFC 4287 §2). */
export const ATOM = 'http://www.w3.org/2005/Atom';
/** The namespace of the Atom Publishing Protocol (RFC 5023 §6.1). */
export const APP = 'http://www.w3.org/2007/app';
/** The namespace of Atom tombstones (RFC 6721 §2). */
export const TOMBSTONES = 'http://purl.org/atompub/tombstones/1.0';
/** The namespace of the element in which an entry keeps the attributes of the CloudEvent that it was made of. */
export const CLOUDEVENTS = 'urn:atommq:cloudevents';
/** The scheme of the category that says where an event comes from. */
export const SOURCE_SCHEME = `${CLOUDEVENTS}:source`;

/**
 * An entry as its publisher sent it, cut into what the server needs to make it its own.
 * `open + inner + </name>` is a document by itself: every namespace that was in scope is declared on its start tag.
 */
export interface SentEntry {
  /** The root's qualified name: `entry`, or `atom:entry` where the publisher used a prefix. */
  name: string;
  /** The start tag, made anew from its attributes. */
  open: string;
  /** Everything between the tags to the letter, less the elements that are the server's alone. */
  inner: string;
  /** `atom:id` without surrounding white space, where the publisher gave one. */
  id: string | undefined;
  /** What stands between the tags of `content`, to the letter; undefined where there is none. */
  content: string | undefined;
  /** Where these children begin and end in `inner`. */
  spans: { content?: [number, number]; updated?: [number, number] };
  /** The local names of the Atom elements that it has as children. */
  has: ReadonlySet<string>;
  categories: Category[];
  /** The entry has an author of its own, or its source has one (RFC 4287 §4.2.1). */
  hasAuthor: boolean;
  /** Where the entry's start tag ends in the text of the document that was sent. */
  at: number;
}

/** A category (RFC 4287 §4.2.2). */
export interface Category {
  term: string;
  scheme?: string;
  label?: string;
}

/** What a body held: one entry, or a feed document with entries (a batch). */
export interface SentDocument {
  kind: 'entry' | 'feed';
  entries: SentEntry[];
}

/** An entry as the log holds it, ready to be written into a document. */
export interface HeldEntry {
  /** Its place in its feed, from 1. */
  position: number;
  /** `atom:id`. */
  atomId: string;
  /** The whole element, without the server's links; empty once deleted. */
  readonly xml: string;
  /** The same as bytes, where a database gave it so: it goes into a document without ever being a string. */
  readonly utf8?: Utf8;
  /** When it was stored or last revised, microseconds since 1970. */
  editedAt: number;
  hasAuthor: boolean;
  deleted: boolean;
  /** The media resource behind a media link entry (RFC 5023 §9.6). */
  media: Media | undefined;
}

/** A stretch of bytes in UTF-8, of a piece that may hold others. */
export interface Utf8 {
  bytes: Buffer;
  begin: number;
  /** Where the first byte is that is not of it. */
  end: number;
}

/** What is known of a media resource without reading it. */
export interface Media {
  /** The content type as it was sent. */
  type: string;
  /** Bytes. */
  size: number;
}

/** What a feed document that was PUT says of a feed, cut as a {@link SentEntry} is. */
export interface SentMetadata {
  name: string;
  open: string;
  /** Everything between the tags less what is the server's: `id`, `updated`, paging and editing links. */
  inner: string;
  id: string | undefined;
  /** The title's text, for lists. */
  title: string | undefined;
  has: ReadonlySet<string>;
}
