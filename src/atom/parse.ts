/** Strict, single-pass reading of what publishers send: checks well-formedness and cuts entries out to the letter. */
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { HttpError } from '../http.js';
import { APP, ATOM, type SentDocument, type SentEntry } from './model.js';
import { escapeAttribute } from './xml.js';

/**
 * Bounds within which other parsers still read what we hand on: libxml2 stops at 256 levels and names of 50,000
 * characters, and a feed page puts an entry one level deeper.
 */
const MAX_DEPTH = 200;
const MAX_NAME = 1000;
const MAX_ATTRIBUTES = 500;

const XMLNS = 'http://www.w3.org/2000/xmlns/';
const IANA_RELATIONS = 'http://www.iana.org/assignments/relation/';
/** Links that only the server can know (RFC 5023 §11): the publisher's are replaced. */
const SERVER_LINKS = new Set(['self', 'edit', 'edit-media']);
/** Elements of which an entry has at most one (RFC 4287 §4.1.2). */
const SINGLE = new Set(['id', 'title', 'updated', 'published', 'content', 'summary', 'rights', 'source']);
/** Elements whose text the server looks at. */
const READ = new Set(['id', 'updated', 'published']);
const DATE =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

type Tag = SaxesTagNS;
type Names = Record<string, string>;

/**
 * Reads one document.
 * @param text the decoded body
 * @throws HttpError 400 with `line` and `column` for what is not well-formed (or holds a DOCTYPE); 422 for what is not an entry
 */
export function parseDocument(text: string): SentDocument {
  return new Reading(text).run();
}

/** The state of one reading: which entry we are in, and which child of it. */
class Reading {
  readonly #text: string;
  readonly #parser = new SaxesParser({ xmlns: true, defaultXMLVersion: '1.0', forceXMLVersion: true });
  readonly #document: SentDocument = { kind: 'entry', entries: [] };
  #depth = 0;
  /** Depth at which an `entry` stands: 1 as the root, 2 inside a feed. */
  #entryDepth = 1;
  /** The publisher used no namespace at all: unqualified names are Atom's. */
  #bare = false;
  #outer: { ns: Names; attributes: [string, string][] } = { ns: {}, attributes: [] };
  #entry: EntryReading | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  run(): SentDocument {
    const parser = this.#parser;
    parser.on('error', (error) => this.#malformed(error.message.replace(/^\d+:\d+: /, '')));
    parser.on('doctype', () => this.#malformed('a document type declaration is not accepted here.'));
    parser.on('opentag', (tag) => this.#open(tag));
    parser.on('closetag', (tag) => this.#close(tag));
    parser.on('text', (text) => this.#entry?.text(text));
    parser.on('cdata', (text) => this.#entry?.text(text));
    parser.write(this.#text).close();
    return this.#document;
  }

  #open(tag: Tag): void {
    this.#depth += 1;
    const attributes = Object.values(tag.attributes);
    if (this.#depth > MAX_DEPTH) this.#malformed(`elements are nested more than ${MAX_DEPTH} deep.`);
    if (attributes.length > MAX_ATTRIBUTES) this.#malformed(`an element has more than ${MAX_ATTRIBUTES} attributes.`);
    if (tag.name.length > MAX_NAME || attributes.some((a) => a.name.length > MAX_NAME)) {
      this.#malformed(`a name is longer than ${MAX_NAME} characters.`);
    }
    if (this.#depth === 1) this.#openRoot(tag);
    else if (this.#entry !== undefined) {
      if (this.#depth === this.#entryDepth + 1) this.#entry.openChild(tag, this.#startOfTag(), this.#parser.position);
      else this.#entry.openInner(tag, this.#depth - this.#entryDepth);
    } else if (this.#isAtom(tag, 'entry')) this.#openEntry(tag);
  }

  #openRoot(tag: Tag): void {
    this.#bare = tag.uri === '' && tag.prefix === '';
    if (this.#isAtom(tag, 'entry')) {
      this.#openEntry(tag);
    } else if (this.#isAtom(tag, 'feed')) {
      this.#document.kind = 'feed';
      this.#entryDepth = 2;
      const inherited = Object.values(tag.attributes).filter((a) => a.name === 'xml:lang' || a.name === 'xml:base');
      this.#outer = { ns: { ...tag.ns }, attributes: inherited.map((a) => [a.name, a.value]) };
    } else {
      throw new HttpError(
        422,
        `The document is well-formed, but its root is {${tag.uri}}${tag.local}, not an Atom entry ({${ATOM}}entry) or feed.`,
        { members: this.#place() },
      );
    }
  }

  #openEntry(tag: Tag): void {
    this.#entry = new EntryReading({
      tag,
      text: this.#text,
      start: this.#parser.position,
      bare: this.#bare,
      outer: this.#outer,
      place: this.#place(),
      index: this.#document.kind === 'feed' ? this.#document.entries.length : undefined,
    });
  }

  #close(tag: Tag): void {
    if (this.#entry !== undefined) {
      if (this.#depth === this.#entryDepth + 1) this.#entry.closeChild(this.#parser.position, this.#place());
      else if (this.#depth === this.#entryDepth) {
        this.#document.entries.push(this.#entry.finish(tag.isSelfClosing ? this.#parser.position : this.#startOfTag()));
        this.#entry = undefined;
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

  #place(): { line: number; column: number } {
    return { line: this.#parser.line, column: this.#parser.column };
  }

  #malformed(what: string): never {
    const { line, column } = this.#place();
    throw new HttpError(400, `Malformed XML at line ${line}, column ${column}: ${what}`, { members: { line, column } });
  }
}

/** One entry while it is read. */
class EntryReading {
  readonly #init: EntryInit;
  readonly #seen = new Map<string, number>();
  /** The text of the entry with the server's own elements left out, as slices. */
  readonly #slices: string[] = [];
  #from: number;
  #child: { local: string; uri: string; start: number; inside: number; tag: Tag; text: string } | undefined;
  #content: string | undefined;
  #id: string | undefined;
  #hasAuthor = false;

  constructor(init: EntryInit) {
    this.#init = init;
    this.#from = init.start;
  }

  openChild(tag: Tag, start: number, inside: number): void {
    const uri = this.#init.bare && tag.uri === '' ? ATOM : tag.uri;
    this.#child = { local: tag.local, uri, start, inside, tag, text: '' };
    if (uri !== ATOM) return;
    const count = (this.#seen.get(tag.local) ?? 0) + 1;
    this.#seen.set(tag.local, count);
    if (tag.local === 'author') this.#hasAuthor = true;
    if (count > 1 && SINGLE.has(tag.local)) this.#refuse(`it has more than one ${tag.local}.`, this.#init.place);
  }

  openInner(tag: Tag, level: number): void {
    if (level === 2 && this.#child?.local === 'source' && tag.local === 'author' && this.#child.uri === ATOM) {
      this.#hasAuthor = true;
    }
  }

  text(text: string): void {
    if (this.#child !== undefined && READ.has(this.#child.local)) this.#child.text += text;
  }

  closeChild(end: number, place: { line: number; column: number }): void {
    const child = this.#child!;
    this.#child = undefined;
    if (child.uri === ATOM && child.local === 'content') {
      const { text } = this.#init;
      this.#content = child.tag.isSelfClosing ? '' : text.slice(child.inside, text.lastIndexOf('<', end - 1));
    }
    if (this.#isServers(child.uri, child.local, child.tag, child.text, place)) {
      this.#slices.push(this.#init.text.slice(this.#from, child.start));
      this.#from = end;
    }
  }

  /** Whether a child is the server's to write; checks those that the server relies on. */
  #isServers(uri: string, local: string, tag: Tag, text: string, place: { line: number; column: number }): boolean {
    if (uri === APP) return local === 'edited';
    if (uri !== ATOM) return false;
    const value = text.trim();
    switch (local) {
      case 'id':
        if (value === '') return this.#forget('id');
        if (/[\s\p{Cc}]/u.test(value) || value === 'now' || value === 'last') {
          this.#refuse(`its id ${JSON.stringify(value.slice(0, 80))} is not an IRI (RFC 4287 §4.2.6).`, place);
        }
        this.#id = value;
        return false;
      case 'published':
      case 'updated':
        if (value === '') return this.#forget(local);
        if (!isDate(value)) {
          this.#refuse(`its ${local} ${JSON.stringify(value.slice(0, 80))} is not an RFC 3339 date and time.`, place);
        }
        return false;
      case 'link': {
        const rel = tag.attributes.rel?.value ?? 'alternate';
        return SERVER_LINKS.has(rel.startsWith(IANA_RELATIONS) ? rel.slice(IANA_RELATIONS.length) : rel);
      }
      default:
        return false;
    }
  }

  /** An element that was sent empty counts as not sent. */
  #forget(local: string): true {
    this.#seen.delete(local);
    return true;
  }

  #refuse(what: string, place: { line: number; column: number }): never {
    const { index } = this.#init;
    const which = index === undefined ? 'The entry' : `Entry ${index} of the feed`;
    throw new HttpError(422, `${which} is not valid at line ${place.line}, column ${place.column}: ${what}`, {
      members: { ...place, ...(index === undefined ? {} : { index }) },
    });
  }

  finish(end: number): SentEntry {
    const { tag, text, place } = this.#init;
    this.#slices.push(text.slice(this.#from, Math.max(end, this.#from)));
    return {
      name: tag.name,
      open: this.#startTag(),
      inner: tag.isSelfClosing ? '' : this.#slices.join(''),
      id: this.#id,
      content: this.#content,
      hasTitle: this.#seen.has('title'),
      hasPublished: this.#seen.has('published'),
      hasUpdated: this.#seen.has('updated'),
      hasAuthor: this.#hasAuthor,
      ...place,
    };
  }

  /**
   * The start tag with all that the entry inherits, so that it can stand anywhere. A default namespace is always
   * declared, if only as none: inside a feed page an unqualified name would otherwise become Atom's.
   */
  #startTag(): string {
    const { tag, bare, outer } = this.#init;
    const ns: Names = { '': bare ? ATOM : '', ...(bare ? {} : outer.ns), ...tag.ns };
    if (bare && ns[''] === '') ns[''] = ATOM;
    const attributes = new Map(outer.attributes);
    for (const { name, value, uri } of Object.values(tag.attributes)) {
      if (uri === XMLNS) continue;
      attributes.set(name, name === 'xml:base' ? rebase(value, attributes.get(name)) : value);
    }
    let open = `<${tag.name}`;
    for (const prefix of Object.keys(ns)) {
      if (prefix === 'xml' || prefix === 'xmlns') continue;
      open += ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${escapeAttribute(ns[prefix]!)}"`;
    }
    for (const [name, value] of attributes) open += ` ${name}="${escapeAttribute(value)}"`;
    return `${open}>`;
  }
}

interface EntryInit {
  tag: Tag;
  text: string;
  /** Where the entry's content begins in `text`. */
  start: number;
  bare: boolean;
  outer: { ns: Names; attributes: [string, string][] };
  place: { line: number; column: number };
  /** Which entry of a feed document this is, from 0. */
  index: number | undefined;
}

/** An RFC 3339 date and time of a day that there is; the calendar has leap seconds and no 31 February. */
function isDate(text: string): boolean {
  if (!DATE.test(text)) return false;
  const [year, month, day] = text.slice(0, 10).split('-').map(Number);
  return new Date(Date.UTC(year!, month! - 1, day)).getUTCDate() === day;
}

/** An `xml:base` inside another one (XML Base §3). */
function rebase(own: string, outer: string | undefined): string {
  if (outer === undefined || !URL.canParse(own, outer)) return own;
  return new URL(own, outer).href;
}
