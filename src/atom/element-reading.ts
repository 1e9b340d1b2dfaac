/** What entries and feeds have in common while they are read: children kept to the letter, but for those that are the server's to write. */
import { HttpError } from '../http.js';
import { ATOM } from './model.js';
import { isNcName } from './names.js';
import type { Scanner } from './scanner.js';
import { type Names, quoted, type Tag, XMLNS } from './tag.js';
import { escapeAttribute } from './xml.js';

/** What goes with an element from the elements around it: namespaces by prefix, and `xml:` attributes. */
export interface Inherited {
  ns: Names;
  attributes: [string, string][];
}

/** What is known of an element when its start tag has been read. */
export interface ElementInit {
  /** The whole document. */
  text: string;
  scanner: Scanner;
  /** Unqualified names are Atom's. */
  bare: boolean;
  outer: Inherited;
  /** Which entry of a feed document this is, from 0. */
  index: number | undefined;
}

/** A child while it is read. */
export interface Child {
  local: string;
  uri: string;
  tag: Tag;
  /** Where its start tag begins, and where what follows that begins. */
  start: number;
  inside: number;
  text: string;
}

const IANA_RELATIONS = 'http://www.iana.org/assignments/relation/';

/** An id goes into addresses and so into header fields, of which clients and proxies take no more than some kilobytes. */
const MOST_ID = 2000;

export abstract class ElementReading {
  protected readonly init: ElementInit;
  protected readonly tag: Tag;
  /** Which Atom children were seen. */
  protected readonly seen = new Set<string>();
  protected id: string | undefined;
  protected child: Child | undefined;
  /** The text of the element with the server's own children left out: before the last of them, and where the rest begins. */
  #kept = '';
  #from: number;
  #xmlIds: Set<string> | undefined;

  /** Children of which there is at most one. */
  protected abstract readonly single: ReadonlySet<string>;
  /** Children whose text is looked at. */
  protected abstract readonly read: ReadonlySet<string>;
  /** What refusals call the element. */
  protected abstract readonly called: string;

  /** The scanner has just read the start tag. */
  constructor(init: ElementInit) {
    this.init = init;
    this.tag = init.scanner.tag;
    this.#from = init.scanner.end;
  }

  /** Whether the text that comes is to be told. */
  get wantsText(): boolean {
    return this.child !== undefined && this.read.has(this.child.local);
  }

  openChild(): void {
    const { bare, scanner } = this.init;
    const { tag, start, end } = scanner;
    // One that says for itself that it has no namespace keeps having none when the root gets Atom's.
    const uri = bare && tag.uri === '' && !tag.ns.has('') ? ATOM : tag.uri;
    this.child = { local: tag.local, uri, tag, start, inside: end, text: '' };
    if (uri !== ATOM) return;
    if (this.seen.has(tag.local) && this.single.has(tag.local)) this.refuse(`it has more than one ${tag.local}.`);
    this.seen.add(tag.local);
  }

  /** A tag below a child, so many levels below the element. */
  openInner(_level: number): void {}

  text(text: string): void {
    this.child!.text += text;
  }

  closeChild(): void {
    const child = this.child!;
    this.child = undefined;
    if (this.isServers(child)) this.cut(child.start, this.init.scanner.end);
    else this.keep(child);
  }

  /** A child that is kept; its start tag may yet change. */
  protected keep(_child: Child): void {}

  /** Whether a child, whose end the scanner has just read, is the server's to write; checks those that the server relies on. */
  protected abstract isServers(child: Child): boolean;

  /** Leaves out what stands between two places of the document, and puts something else there. */
  protected cut(start: number, end: number, instead = ''): void {
    this.#kept += this.init.text.slice(this.#from, start) + instead;
    this.#from = end;
  }

  /** Where a place of the document will stand in what is kept. */
  protected keptAt(place: number): number {
    return this.#kept.length + place - this.#from;
  }

  /** All between the tags, when the scanner has read the second. */
  protected finishInner(): string {
    if (this.tag.isSelfClosing) return '';
    return this.#kept + this.init.text.slice(this.#from, this.init.scanner.start);
  }

  /** Takes the text of an `id` for the element's; an element that was sent empty counts as not sent. */
  protected takeId(value: string): void {
    if (/[\s\p{Cc}]/u.test(value) || /^(now|first|last|\.\.?)$/.test(value)) {
      this.refuse(`its id ${quoted(value)} is not an IRI (RFC 4287 §4.2.6).`);
    }
    if (value.length > MOST_ID / 9 && encodeURIComponent(value).length > MOST_ID) {
      this.refuse(`its id has more than ${MOST_ID} characters when it stands, percent-encoded, in an address.`);
    }
    this.id = value;
  }

  /** An `xml:id` is a name and stands once (xml:id §4): parsers that look at them would find fault with every page. */
  takeXmlId(value: string): void {
    const id = value.trim();
    if (!isNcName(id)) this.refuse(`the xml:id ${quoted(id)} is not a name.`);
    this.#xmlIds ??= new Set();
    if (this.#xmlIds.has(id)) this.refuse(`the xml:id ${quoted(id)} stands twice.`);
    this.#xmlIds.add(id);
  }

  protected refuse(what: string): never {
    const { index, scanner } = this.init;
    const { line, column } = scanner.place();
    throw new HttpError(422, `${this.called} is not valid at line ${line}, column ${column}: ${what}`, {
      members: { line, column, ...(index === undefined ? {} : { index }) },
    });
  }

  /**
   * The start tag with these attributes and every namespace in scope, so that the element can stand anywhere. A default namespace is always
   * declared, if only as none: inside a feed page an unqualified name would otherwise become Atom's.
   */
  protected startTag(attributes: Iterable<[string, string]>): string {
    const { bare, outer } = this.init;
    const ns = new Map([['', bare ? ATOM : ''], ...(bare ? [] : outer.ns), ...this.tag.ns]);
    if (bare && ns.get('') === '') ns.set('', ATOM);
    let open = `<${this.tag.name}`;
    for (const [prefix, uri] of ns) {
      if (prefix !== 'xml') open += ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${escapeAttribute(uri)}"`;
    }
    for (const [name, value] of attributes) open += ` ${name}="${escapeAttribute(value)}"`;
    return `${open}>`;
  }
}

/** The relation of a link; those of IANA's have two spellings (RFC 4287 §4.2.7.2). */
export function relationOf(tag: Tag): string {
  const rel = tag.valueOf('rel') ?? 'alternate';
  return rel.startsWith(IANA_RELATIONS) ? rel.slice(IANA_RELATIONS.length) : rel;
}

/** A tag's attributes and those that it inherits; namespace declarations only where asked for. */
export function withInherited(tag: Tag, inherited: [string, string][], declarations = false): Map<string, string> {
  const attributes = new Map(inherited);
  for (const { name, value, uri } of tag.attributes) {
    if (uri === XMLNS && !declarations) continue;
    attributes.set(name, name === 'xml:base' ? rebase(value, attributes.get(name)) : value);
  }
  return attributes;
}

/** An `xml:base` inside another one (XML Base §3). */
function rebase(own: string, outer: string | undefined): string {
  if (outer === undefined || !URL.canParse(own, outer)) return own;
  return new URL(own, outer).href;
}
