/** Strict, single-pass reading of what publishers send: checks well-formedness and cuts entries out to the letter. */
import { SaxesParser } from 'saxes';
import { HttpError } from '../http.js';
import { ATOM, type SentDocument, type SentMetadata } from './model.js';
import { EntryReading, MetadataReading, type Names, type Place, type Tag } from './parse-element.js';

/**
 * Bounds within which other parsers still read what we hand on: libxml2 stops at 256 levels and names of 50,000
 * characters, and a feed page puts an entry one level deeper.
 */
const MAX_DEPTH = 200;
const MAX_NAME = 1000;
const MAX_ATTRIBUTES = 500;

/**
 * Reads one document.
 * @param text the decoded body
 * @throws HttpError 400 with `line` and `column` for what is not well-formed (or holds a DOCTYPE); 422 for what is not an entry
 */
export function parseDocument(text: string): SentDocument {
  return new Reading(text, false).run().document;
}

/**
 * Reads a feed document that says something of a feed.
 * @throws HttpError as `parseDocument` does; 422 for a document that is not a feed, or one with entries
 */
export function parseMetadata(text: string): SentMetadata {
  return new Reading(text, true).run().metadata!;
}

/** A parser that hands what it finds to one reading after the other: to make one takes longer than to read a short entry. */
class Parser {
  readonly saxes = new SaxesParser({ xmlns: true, defaultXMLVersion: '1.0', forceXMLVersion: true });
  #reading: Reading | undefined;

  constructor() {
    const { saxes } = this;
    saxes.on('error', (error) => this.#reading?.malformed(error.message.replace(/^\d+:\d+: /, '')));
    saxes.on('doctype', () => this.#reading?.malformed('a document type declaration is not accepted here.'));
    saxes.on('opentag', (tag) => this.#reading?.open(tag));
    saxes.on('closetag', (tag) => this.#reading?.close(tag));
    saxes.on('text', (text) => this.#reading?.text(text));
    saxes.on('cdata', (text) => this.#reading?.text(text));
  }

  read(text: string, reading: Reading): void {
    this.#reading = reading;
    // At the end of a document a parser is as new.
    this.saxes.write(text).close();
    this.#reading = undefined;
  }
}

/** One that nobody reads with. */
let spare: Parser | undefined;

/** The state of one reading: which element we are in, and which child of it. */
class Reading {
  readonly #text: string;
  readonly #reader = spare ?? new Parser();
  readonly #parser = this.#reader.saxes;
  readonly #document: SentDocument = { kind: 'entry', entries: [] };
  #depth = 0;
  /** Depth at which an `entry` stands: 1 as the root, 2 inside a feed. */
  #entryDepth = 1;
  /** The publisher used no namespace at all: unqualified names are Atom's. */
  #bare = false;
  #outer: { ns: Names; attributes: [string, string][] } = { ns: {}, attributes: [] };
  #reading: EntryReading | MetadataReading | undefined;
  /** What the feed says of itself is wanted, not its entries. */
  readonly #wantsMetadata: boolean;
  #metadata: SentMetadata | undefined;

  constructor(text: string, wantsMetadata: boolean) {
    this.#text = text;
    this.#wantsMetadata = wantsMetadata;
  }

  run(): { document: SentDocument; metadata: SentMetadata | undefined } {
    // One that breaks off in the midst of a document is not used again.
    spare = undefined;
    this.#reader.read(this.#text, this);
    spare = this.#reader;
    return { document: this.#document, metadata: this.#metadata };
  }

  text(text: string): void {
    this.#reading?.text(text);
  }

  open(tag: Tag): void {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) this.malformed(`elements are nested more than ${MAX_DEPTH} deep.`);
    let attributes = 0;
    let longest = tag.name.length;
    for (const name in tag.attributes) {
      attributes += 1;
      longest = Math.max(longest, name.length);
    }
    if (attributes > MAX_ATTRIBUTES) this.malformed(`an element has more than ${MAX_ATTRIBUTES} attributes.`);
    if (longest > MAX_NAME) this.malformed(`a name is longer than ${MAX_NAME} characters.`);
    if (this.#depth === 1) this.#openRoot(tag);
    else if (this.#reading !== undefined) {
      if (this.#depth === this.#entryDepth + 1) {
        if (this.#wantsMetadata && this.#isAtom(tag, 'entry'))
          this.#refuse('it holds entries; POST those to the feed.');
        this.#reading.openChild(tag, this.#startOfTag(), this.#parser.position);
      } else this.#reading.openInner(tag, this.#depth - this.#entryDepth);
    } else if (this.#depth === this.#entryDepth && this.#isAtom(tag, 'entry')) this.#openEntry(tag);
    if (tag.attributes['xml:id'] !== undefined) this.#reading?.takeXmlId(tag.attributes['xml:id'].value, this.#place());
  }

  #openRoot(tag: Tag): void {
    this.#bare = tag.uri === '' && tag.prefix === '';
    const inherited = Object.values(tag.attributes).filter((a) => a.name === 'xml:lang' || a.name === 'xml:base');
    const outer = inherited.map((a): [string, string] => [a.name, a.value]);
    if (this.#wantsMetadata) {
      if (!this.#isAtom(tag, 'feed')) this.#refuse(`its root is {${tag.uri}}${tag.local}, not an Atom feed.`);
      this.#reading = new MetadataReading({ ...this.#init(tag), outer: { ns: {}, attributes: outer } });
    } else if (this.#isAtom(tag, 'entry')) {
      this.#openEntry(tag);
    } else if (this.#isAtom(tag, 'feed')) {
      this.#document.kind = 'feed';
      this.#entryDepth = 2;
      this.#outer = { ns: { ...tag.ns }, attributes: outer };
    } else {
      throw new HttpError(
        422,
        `The document is well-formed, but its root is {${tag.uri}}${tag.local}, not an Atom entry ({${ATOM}}entry) or feed.`,
        { members: { ...this.#place() } },
      );
    }
  }

  #openEntry(tag: Tag): void {
    this.#reading = new EntryReading(this.#init(tag));
  }

  #init(tag: Tag) {
    return {
      tag,
      text: this.#text,
      start: this.#parser.position,
      bare: this.#bare,
      outer: this.#outer,
      place: this.#place(),
      index: this.#document.kind === 'feed' ? this.#document.entries.length : undefined,
    };
  }

  close(tag: Tag): void {
    const reading = this.#reading;
    if (reading !== undefined) {
      if (this.#depth === this.#entryDepth + 1) reading.closeChild(this.#parser.position, this.#parser);
      else if (this.#depth === this.#entryDepth) {
        const end = tag.isSelfClosing ? this.#parser.position : this.#startOfTag();
        if (reading instanceof EntryReading) this.#document.entries.push(reading.finish(end));
        else this.#metadata = reading.finish(end);
        this.#reading = undefined;
      }
    }
    this.#depth -= 1;
  }

  /** Where the tag begins that the parser has just read: no `<` can stand inside a tag. */
  #startOfTag(): number {
    return this.#text.lastIndexOf('<', this.#parser.position - 1);
  }

  #isAtom(tag: Tag, local: string): boolean {
    return tag.local === local && (tag.uri === ATOM || (this.#bare && tag.uri === ''));
  }

  #place(): Place {
    return { line: this.#parser.line, column: this.#parser.column };
  }

  #refuse(what: string): never {
    const place = this.#place();
    throw new HttpError(
      422,
      `The document does not describe a feed at line ${place.line}, column ${place.column}: ${what}`,
      { members: { ...place } },
    );
  }

  malformed(what: string): never {
    const { line, column } = this.#place();
    throw new HttpError(400, `Malformed XML at line ${line}, column ${column}: ${what}`, { members: { line, column } });
  }
}
