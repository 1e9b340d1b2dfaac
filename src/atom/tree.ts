/**
 * An entry or a feed as a tree of plain objects, in one pass: our scanner reads, and calls what xml2js builds objects by.
 * The reader that xml2js comes with leaves CR in text, does not know every name and instruction of XML 1.0, and cannot
 * say where markup begins and ends; what has been accepted must have a view.
 */
import { Parser } from 'xml2js';
import { resolveIri } from './iri.js';
import { APP, ATOM, CLOUDEVENTS } from './model.js';
import { Scanner } from './scanner.js';
import type { Names, Tag } from './tag.js';

/** What stands on an element's start tag, or holds for it. */
export interface Scope {
  /** The attributes that are in no namespace. */
  attributes: Record<string, string>;
  /** The base IRI in scope, where there is one. */
  base?: string;
  /** The language in scope. */
  lang?: string;
  /** The prefixes in scope, where the element's text is markup. */
  namespaces?: Record<string, string>;
}

/** An element as xml2js builds it. Children are named `{namespace}local`, so that nothing is taken for something else. */
export interface Element {
  $?: Scope;
  /** All text in the element, or everything between its tags to the letter where its type says that it is markup. */
  _?: string;
  [child: string]: unknown;
}

/** What the content of an element is, by its `type` (RFC 4287 §3.1.1, §4.1.3.3). */
export type ContentKind = 'text' | 'html' | 'xhtml' | 'xml' | 'other';

/** The kind of a `type` attribute; `other` stands for what RFC 4287 wants in Base64. */
export function kindOfType(type: string): ContentKind {
  const name = type.split(';', 1)[0]!.trim().toLowerCase();
  if (name === 'text' || name === '') return 'text';
  if (name === 'html' || name === 'text/html') return 'html';
  if (name === 'xhtml') return 'xhtml';
  if (/[/+]xml$/.test(name)) return 'xml';
  return name.startsWith('text/') ? 'text' : 'other';
}

export const atom = (local: string) => `{${ATOM}}${local}`;
export const app = (local: string) => `{${APP}}${local}`;

/** Elements whose children count; of every other one it is the text or the markup. */
const STRUCTURE = new Set([atom('author'), atom('contributor'), atom('source'), app('control')]);
/** Elements whose `type` says what stands in them; that of a link says it of something else. */
const TYPED = new Set(['content', 'title', 'subtitle', 'summary', 'rights'].map(atom));

/** The handlers that xml2js sets on its reader, and where its tree is once the root is closed; its types leave both out. */
interface Builder {
  saxParser: {
    onopentag(tag: { name: string; attributes: Scope }): void;
    onclosetag(): void;
    oncdata(text: string): void;
  };
  resultObject: Element | null;
}

/**
 * The tree of a document's root, with what it has of Atom's and AtomPub's and of events; foreign elements are left out.
 * @param base the address that the document came from, for relative `xml:base` and IRIs
 * @throws Error when the document is not well-formed
 */
export function readTree(xml: string, base?: string): Element {
  return new TreeReading(xml, base).run();
}

class TreeReading {
  readonly #xml: string;
  readonly #scanner: Scanner;
  readonly #builder: Builder;
  /** The scopes of the document and of the open elements that are built, and the namespaces that each declares. */
  readonly #scopes: Scope[];
  readonly #declared: Names[] = [];
  /** How deep we are in an element that has no structure, or that is foreign. */
  #inside = 0;
  #foreign = false;
  #text = '';
  #start = 0;

  constructor(xml: string, base: string | undefined) {
    this.#xml = xml;
    this.#scanner = new Scanner(xml);
    this.#scopes = [{ attributes: {}, ...(base === undefined ? {} : { base }) }];
    const options = { explicitRoot: false, explicitArray: true, explicitCharkey: true };
    this.#builder = new Parser(options) as unknown as Builder;
  }

  run(): Element {
    const scanner = this.#scanner;
    for (let token = scanner.next(); token !== 'end'; token = scanner.next()) {
      if (token === 'open') this.#open(scanner.tag);
      else if (token === 'close') this.#close(scanner.tag);
      else if (this.#inside > 0 && !this.#foreign) this.#text += scanner.text;
    }
    return this.#builder.resultObject ?? {};
  }

  #open(tag: Tag): void {
    if (this.#inside > 0) {
      this.#inside += 1;
      return;
    }
    const isRoot = this.#scopes.length === 1;
    if (!isRoot && tag.uri !== ATOM && tag.uri !== APP && tag.uri !== CLOUDEVENTS) {
      this.#inside = 1;
      this.#foreign = true;
      return;
    }
    const name = `{${tag.uri}}${tag.local}`;
    this.#declared.push(tag.ns);
    const scope = this.#scopeOf(tag, name);
    this.#scopes.push(scope);
    this.#builder.saxParser.onopentag({ name, attributes: scope });
    if (isRoot || STRUCTURE.has(name)) return;
    this.#inside = 1;
    this.#text = '';
    this.#start = this.#scanner.end;
  }

  #close(tag: Tag): void {
    if (this.#inside > 0) {
      this.#inside -= 1;
      if (this.#inside > 0) return;
      if (this.#foreign) {
        this.#foreign = false;
        return;
      }
      // As CDATA, for xml2js drops other text that is white space only.
      this.#builder.saxParser.oncdata(this.#value(tag));
    }
    this.#scopes.pop();
    this.#declared.pop();
    this.#builder.saxParser.onclosetag();
  }

  #value(tag: Tag): string {
    if (this.#scopes.at(-1)?.namespaces === undefined) return this.#text;
    if (tag.isSelfClosing) return '';
    return this.#xml.slice(this.#start, this.#scanner.start);
  }

  #scopeOf(tag: Tag, element: string): Scope {
    const outer = this.#scopes.at(-1)!;
    const scope: Scope = { attributes: Object.create(null) as Record<string, string> };
    for (const { name, prefix, value } of tag.attributes) {
      if (prefix === '') scope.attributes[name] = value;
    }
    const own = tag.valueOf('xml:base');
    const base = own === undefined ? outer.base : resolveIri(own, outer.base);
    const lang = tag.valueOf('xml:lang') ?? outer.lang;
    if (base !== undefined) scope.base = base;
    if (lang !== undefined) scope.lang = lang;
    const kind = TYPED.has(element) ? kindOfType(scope.attributes.type ?? 'text') : 'text';
    if (kind === 'xhtml' || kind === 'xml') {
      scope.namespaces = Object.assign(Object.create(null), ...this.#declared.map(Object.fromEntries)) as Record<
        string,
        string
      >;
    }
    return scope;
  }
}
