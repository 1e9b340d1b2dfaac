/** Strict, single-pass reading of what publishers send: checks well-formedness and cuts entries out to the letter. */
import { HttpError } from '../http.js';
import type { Inherited } from './element-reading.js';
import { EntryReading } from './entry-reading.js';
import { FeedReading } from './feed-reading.js';
import { ATOM, type SentDocument, type SentMetadata } from './model.js';
import { Malformed, Scanner } from './scanner.js';
import { NO_NAMES, type Tag } from './tag.js';

/**
 * Bounds within which other parsers still read what we hand on: libxml2 stops at 256 levels and names of 50,000
 * characters, and a feed page puts an entry one level deeper.
 */
const MAX_NAME = 1000;

/** What may be set otherwise. */
export interface XmlLimits {
  /** Most levels of elements. */
  maxXmlDepth: number;
  /** Most attributes of one element. */
  maxXmlAttributes: number;
  /** Most entries of a feed document. */
  maxBatchEntries: number;
}

const ANY = Number.POSITIVE_INFINITY;
const LIMITS: XmlLimits = { maxXmlDepth: 200, maxXmlAttributes: 500, maxBatchEntries: ANY };
/** For what is stored: what was taken once may be beyond what is taken now. */
export const WIDEST: XmlLimits = { maxXmlDepth: ANY, maxXmlAttributes: ANY, maxBatchEntries: ANY };

/**
 * Reads one document.
 * @param text the decoded body
 * @throws HttpError 400 with `line` and `column` for what is not well-formed (or holds a DOCTYPE); 422 for what is not an
 *   entry; 413 for too many entries
 */
export function parseDocument(text: string, limits = LIMITS): SentDocument {
  return read(text, false, limits).document;
}

/**
 * Reads a feed document that says something of a feed.
 * @throws HttpError as `parseDocument` does; 422 for a document that is not a feed, or one with entries
 */
export function parseMetadata(text: string): SentMetadata {
  return read(text, true, LIMITS).metadata!;
}

function read(text: string, wantsMetadata: boolean, limits: XmlLimits): Reading {
  try {
    const reading = new Reading(text, wantsMetadata, limits);
    reading.run();
    return reading;
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const { line, column } = error.place;
    throw new HttpError(400, `Malformed XML at line ${line}, column ${column}: ${error.message}`, {
      members: { line, column },
    });
  }
}

/** The state of one reading: which element we are in, and which child of it. */
class Reading {
  readonly document: SentDocument = { kind: 'entry', entries: [] };
  metadata: SentMetadata | undefined;
  readonly #text: string;
  readonly #limits: XmlLimits;
  readonly #scanner: Scanner;
  /** What the feed says of itself is wanted, not its entries. */
  readonly #wantsMetadata: boolean;
  #depth = 0;
  /** Depth at which an `entry` stands: 1 as the root, 2 inside a feed. */
  #entryDepth = 1;
  /** The publisher used no namespace at all: unqualified names are Atom's. */
  #bare = false;
  #outer: Inherited = { ns: NO_NAMES, attributes: [] };
  #reading: EntryReading | FeedReading | undefined;

  constructor(text: string, wantsMetadata: boolean, limits: XmlLimits) {
    this.#text = text;
    this.#limits = limits;
    this.#scanner = new Scanner(text);
    this.#wantsMetadata = wantsMetadata;
  }

  run(): void {
    const scanner = this.#scanner;
    for (let token = scanner.next(); token !== 'end'; token = scanner.next()) {
      if (token === 'open') this.#open(scanner.tag);
      else if (token === 'close') this.#close();
      else if (this.#reading?.wantsText) this.#reading.text(scanner.text);
    }
  }

  #open(tag: Tag): void {
    this.#depth += 1;
    this.#checkLimits(tag);
    if (this.#depth === 1) this.#openRoot(tag);
    else if (this.#reading !== undefined) {
      if (this.#depth === this.#entryDepth + 1) {
        if (this.#wantsMetadata && this.#isAtom(tag, 'entry')) {
          this.#refuse('it holds entries; POST those to the feed.');
        }
        this.#reading.openChild();
      } else this.#reading.openInner(this.#depth - this.#entryDepth);
    } else if (this.#depth === this.#entryDepth && this.#isAtom(tag, 'entry')) this.#openEntry();
    if (this.#reading === undefined || tag.attributes.length === 0) return;
    const xmlId = tag.valueOf('xml:id');
    if (xmlId !== undefined) this.#reading.takeXmlId(xmlId);
  }

  #checkLimits({ name, attributes }: Tag): void {
    const { maxXmlDepth, maxXmlAttributes } = this.#limits;
    if (this.#depth > maxXmlDepth)
      this.#malformed(`elements are nested more than ${maxXmlDepth} deep (max-xml-depth).`);
    if (attributes.length > maxXmlAttributes) {
      this.#malformed(`an element has more than ${maxXmlAttributes} attributes (max-xml-attributes).`);
    }
    if (name.length > MAX_NAME || attributes.some((attribute) => attribute.name.length > MAX_NAME)) {
      this.#malformed(`a name is longer than ${MAX_NAME} characters.`);
    }
  }

  #openRoot(tag: Tag): void {
    this.#bare = tag.uri === '' && tag.prefix === '';
    const attributes = tag.attributes
      .filter(({ name }) => name === 'xml:lang' || name === 'xml:base')
      .map(({ name, value }): [string, string] => [name, value]);
    if (this.#wantsMetadata) {
      if (!this.#isAtom(tag, 'feed')) this.#refuse(`its root is {${tag.uri}}${tag.local}, not an Atom feed.`);
      this.#outer = { ns: NO_NAMES, attributes };
      this.#reading = new FeedReading(this.#init());
    } else if (this.#isAtom(tag, 'entry')) {
      this.#openEntry();
    } else if (this.#isAtom(tag, 'feed')) {
      this.document.kind = 'feed';
      this.#entryDepth = 2;
      this.#outer = { ns: tag.ns, attributes };
    } else {
      throw new HttpError(
        422,
        `The document is well-formed, but its root is {${tag.uri}}${tag.local}, not an Atom entry ({${ATOM}}entry) or feed.`,
        { members: { ...this.#scanner.place() } },
      );
    }
  }

  #openEntry(): void {
    const { maxBatchEntries } = this.#limits;
    if (this.document.entries.length >= maxBatchEntries) {
      throw new HttpError(413, `The feed document has more than ${maxBatchEntries} entries (max-batch-entries).`, {
        members: { ...this.#scanner.place() },
      });
    }
    this.#reading = new EntryReading(this.#init());
  }

  #init() {
    return {
      text: this.#text,
      scanner: this.#scanner,
      bare: this.#bare,
      outer: this.#outer,
      index: this.document.kind === 'feed' ? this.document.entries.length : undefined,
    };
  }

  #close(): void {
    const reading = this.#reading;
    if (reading !== undefined) {
      if (this.#depth === this.#entryDepth + 1) reading.closeChild();
      else if (this.#depth === this.#entryDepth) {
        if (reading instanceof EntryReading) this.document.entries.push(reading.finish());
        else this.metadata = reading.finish();
        this.#reading = undefined;
      }
    }
    this.#depth -= 1;
  }

  #isAtom(tag: Tag, local: string): boolean {
    return tag.local === local && (tag.uri === ATOM || (this.#bare && tag.uri === ''));
  }

  #refuse(what: string): never {
    const { line, column } = this.#scanner.place();
    throw new HttpError(422, `The document does not describe a feed at line ${line}, column ${column}: ${what}`, {
      members: { line, column },
    });
  }

  #malformed(what: string): never {
    throw new Malformed(what, this.#scanner.place());
  }
}
