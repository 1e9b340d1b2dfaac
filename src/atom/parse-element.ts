/** One element of what publishers send while it is read: an entry, or what a feed says of itself. */
import type { SaxesTagNS } from 'saxes';
import { HttpError } from '../http.js';
import { APP, ATOM, type Category, type SentEntry, type SentMetadata } from './model.js';
import { escapeAttribute } from './xml.js';

export type Tag = SaxesTagNS;
export type Names = Record<string, string>;

/** Where something stands in a document, both from 1. */
export interface Place {
  line: number;
  column: number;
}

/** What is known of an element when its start tag has been read. */
export interface ElementInit {
  tag: Tag;
  /** The whole document. */
  text: string;
  /** Where the element's content begins in `text`. */
  start: number;
  /** Unqualified names are Atom's. */
  bare: boolean;
  /** Namespaces and `xml:` attributes that the element inherits, and that must go with it. */
  outer: { ns: Names; attributes: [string, string][] };
  place: Place;
  /** Which entry of a feed document this is, from 0. */
  index: number | undefined;
}

/** A child while it is read. */
interface Child {
  local: string;
  uri: string;
  tag: Tag;
  /** Where its start tag begins, and where what follows it begins. */
  start: number;
  inside: number;
  text: string;
}

const XMLNS = 'http://www.w3.org/2000/xmlns/';
const IANA_RELATIONS = 'http://www.iana.org/assignments/relation/';
/** A name without a colon (XML 1.0 §2.3, Namespaces in XML §3). */
const NAME_START =
  'A-Z_a-z\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d\\u2070-\\u218f\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd\\u{10000}-\\u{effff}';
const NCNAME = new RegExp(`^[${NAME_START}][${NAME_START}\\-.0-9\\u00b7\\u0300-\\u036f\\u203f\\u2040]*$`, 'u');
const DATE =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** An id goes into addresses and so into header fields, of which clients and proxies take no more than some kilobytes. */
const MOST_ID = 2000;

/** What entries and feeds have in common: children kept to the letter, but for those that are the server's to write. */
abstract class ElementReading {
  protected readonly init: ElementInit;
  /** Which Atom children were seen. */
  protected readonly seen = new Set<string>();
  protected id: string | undefined;
  protected child: Child | undefined;
  /** The text of the element with the server's own children left out, as slices. */
  readonly #slices: string[] = [];
  #xmlIds: Set<string> | undefined;
  #kept = 0;
  #from: number;

  /** Children of which there is at most one. */
  protected abstract readonly single: ReadonlySet<string>;
  /** Children whose text is looked at. */
  protected abstract readonly read: ReadonlySet<string>;
  /** What refusals call the element. */
  protected abstract readonly called: string;

  constructor(init: ElementInit) {
    this.init = init;
    this.#from = init.start;
  }

  openChild(tag: Tag, start: number, inside: number): void {
    // One that says for itself that it has no namespace keeps having none when the root gets Atom's.
    const uri = this.init.bare && tag.uri === '' && tag.ns[''] === undefined ? ATOM : tag.uri;
    this.child = { local: tag.local, uri, tag, start, inside, text: '' };
    if (uri !== ATOM) return;
    if (this.seen.has(tag.local) && this.single.has(tag.local)) {
      this.refuse(`it has more than one ${tag.local}.`, this.init.place);
    }
    this.seen.add(tag.local);
  }

  /** A tag below a child, so many levels below the element. */
  openInner(_tag: Tag, _level: number): void {}

  text(text: string): void {
    if (this.child !== undefined && this.read.has(this.child.local)) this.child.text += text;
  }

  closeChild(end: number, place: Place): void {
    const child = this.child!;
    this.child = undefined;
    if (this.isServers(child, end, place)) this.cut(child.start, end);
    else this.keep(child);
  }

  /** A child that is kept; its start tag may yet change. */
  protected keep(_child: Child): void {}

  /** Whether a child is the server's to write; checks those that the server relies on. */
  protected abstract isServers(child: Child, end: number, place: Place): boolean;

  /** Leaves out what stands between two places of the document, and puts something else there. */
  protected cut(start: number, end: number, instead = ''): void {
    const slice = this.init.text.slice(this.#from, start) + instead;
    this.#slices.push(slice);
    this.#kept += slice.length;
    this.#from = end;
  }

  /** Where a place of the document will stand in what is kept. */
  protected keptAt(place: number): number {
    return this.#kept + place - this.#from;
  }

  protected finishInner(end: number): string {
    if (this.init.tag.isSelfClosing) return '';
    this.#slices.push(this.init.text.slice(this.#from, Math.max(end, this.#from)));
    return this.#slices.join('');
  }

  /** Takes the text of an `id` for the element's; an element that was sent empty counts as not sent. */
  protected takeId(value: string, place: Place): void {
    if (/[\s\p{Cc}]/u.test(value) || /^(now|first|last|\.\.?)$/.test(value)) {
      this.refuse(`its id ${JSON.stringify(value.slice(0, 80))} is not an IRI (RFC 4287 §4.2.6).`, place);
    }
    if (value.length > MOST_ID / 9 && encodeURIComponent(value).length > MOST_ID) {
      this.refuse(`its id has more than ${MOST_ID} characters when it stands, percent-encoded, in an address.`, place);
    }
    this.id = value;
  }

  /** An `xml:id` is a name and stands once (xml:id §4): parsers that look at them would find fault with every page. */
  takeXmlId(value: string, place: Place): void {
    const id = value.trim();
    if (!NCNAME.test(id)) this.refuse(`the xml:id ${JSON.stringify(id.slice(0, 80))} is not a name.`, place);
    this.#xmlIds ??= new Set();
    if (this.#xmlIds.has(id)) this.refuse(`the xml:id ${JSON.stringify(id.slice(0, 80))} stands twice.`, place);
    this.#xmlIds.add(id);
  }

  protected refuse(what: string, place: Place): never {
    const { index } = this.init;
    const { line, column } = place;
    throw new HttpError(422, `${this.called} is not valid at line ${line}, column ${column}: ${what}`, {
      members: { line, column, ...(index === undefined ? {} : { index }) },
    });
  }

  /**
   * The start tag with these attributes and every namespace in scope, so that the element can stand anywhere. A default namespace is always
   * declared, if only as none: inside a feed page an unqualified name would otherwise become Atom's.
   */
  protected startTag(attributes: Iterable<[string, string]>): string {
    const { tag, bare, outer } = this.init;
    const ns: Names = { '': bare ? ATOM : '', ...(bare ? {} : outer.ns), ...tag.ns };
    if (bare && ns[''] === '') ns[''] = ATOM;
    let open = `<${tag.name}`;
    for (const prefix of Object.keys(ns)) {
      if (prefix === 'xml' || prefix === 'xmlns') continue;
      open += ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${escapeAttribute(ns[prefix]!)}"`;
    }
    for (const [name, value] of attributes) open += ` ${name}="${escapeAttribute(value)}"`;
    return `${open}>`;
  }
}

/** Links that only the server can know (RFC 5023 §11): the publisher's are replaced. */
const ENTRY_LINKS = new Set(['self', 'edit', 'edit-media']);
const ENTRY_READ = new Set(['id', 'updated', 'published']);
const ENTRY_SINGLE = new Set(['id', 'title', 'updated', 'published', 'content', 'summary', 'rights', 'source']);

export class EntryReading extends ElementReading {
  protected override readonly single = ENTRY_SINGLE;
  protected override readonly read = ENTRY_READ;
  protected override readonly called: string;
  readonly #categories: Category[] = [];
  #content: string | undefined;
  readonly #spans: SentEntry['spans'] = {};
  #hasAuthor = false;

  constructor(init: ElementInit) {
    super(init);
    this.called = init.index === undefined ? 'The entry' : `Entry ${init.index} of the feed`;
  }

  override openInner(tag: Tag, level: number): void {
    if (level === 2 && this.child?.local === 'source' && tag.local === 'author' && this.child.uri === ATOM) {
      this.#hasAuthor = true;
    }
  }

  protected override isServers({ local, uri, tag, text, start, inside }: Child, end: number, place: Place): boolean {
    if (uri === APP) return local === 'edited';
    if (uri !== ATOM) return false;
    const value = text.trim();
    switch (local) {
      case 'id':
        if (value === '') return this.#forget('id');
        this.takeId(value, place);
        return false;
      case 'published':
      case 'updated':
        if (value === '') return this.#forget(local);
        if (!isDate(value)) {
          this.refuse(`its ${local} ${JSON.stringify(value.slice(0, 80))} is not an RFC 3339 date and time.`, place);
        }
        if (local === 'updated') this.#spans.updated = [this.keptAt(start), this.keptAt(end)];
        return false;
      case 'content': {
        const whole = this.init.text;
        this.#content = tag.isSelfClosing ? '' : whole.slice(inside, whole.lastIndexOf('<', end - 1));
        this.#spans.content = [this.keptAt(start), this.keptAt(end)];
        return false;
      }
      case 'author':
        this.#hasAuthor = true;
        return false;
      case 'category':
        this.#takeCategory(tag);
        return false;
      case 'link':
        return ENTRY_LINKS.has(relationOf(tag));
      default:
        return false;
    }
  }

  finish(end: number): SentEntry {
    const { tag, outer, place } = this.init;
    return {
      name: tag.name,
      open: this.startTag(withInherited(tag, outer.attributes)),
      inner: this.finishInner(end),
      id: this.id,
      content: this.#content,
      spans: this.#spans,
      has: this.seen,
      categories: this.#categories,
      hasAuthor: this.#hasAuthor,
      ...place,
    };
  }

  #forget(local: string): true {
    this.seen.delete(local);
    return true;
  }

  #takeCategory({ attributes }: Tag): void {
    const { term, scheme, label } = attributes;
    if (term === undefined || term.value === '') return;
    this.#categories.push({
      term: term.value,
      ...(scheme === undefined ? {} : { scheme: scheme.value }),
      ...(label === undefined ? {} : { label: label.value }),
    });
  }
}

/** Links of a page, which depend on where and what it is (RFC 5005, RFC 5023 §10.1, WebSub §4). */
const FEED_LINKS = new Set('self edit first last next previous current prev-archive next-archive hub'.split(' '));
const FEED_READ = new Set(['id', 'title']);
const FEED_SINGLE = new Set(['id', 'title', 'updated', 'subtitle', 'rights', 'icon', 'logo', 'generator']);

/** `xml:lang` and `xml:base` of the feed go to its children: a page's entries must not come under them. */
export class MetadataReading extends ElementReading {
  protected override readonly single = FEED_SINGLE;
  protected override readonly read = FEED_READ;
  protected override readonly called = 'The feed';
  #title: string | undefined;

  protected override keep({ tag, start, inside }: Child): void {
    const { attributes } = this.init.outer;
    if (attributes.length === 0) return;
    let open = `<${tag.name}`;
    for (const [name, value] of withInherited(tag, attributes, true)) open += ` ${name}="${escapeAttribute(value)}"`;
    this.cut(start, inside, `${open}${tag.isSelfClosing ? '/' : ''}>`);
  }

  protected override isServers({ local, uri, tag, text }: Child, _end: number, place: Place): boolean {
    if (uri === APP) return local === 'edited';
    if (uri !== ATOM) return false;
    if (local === 'id' && text.trim() !== '') this.takeId(text.trim(), place);
    if (local === 'title') this.#title = text.replace(/\s+/g, ' ').trim();
    return local === 'id' || local === 'updated' || (local === 'link' && FEED_LINKS.has(relationOf(tag)));
  }

  finish(end: number): SentMetadata {
    const { tag } = this.init;
    return {
      name: tag.name,
      open: this.startTag([...withInherited(tag, [])].filter(([name]) => name !== 'xml:lang' && name !== 'xml:base')),
      inner: this.finishInner(end),
      id: this.id,
      title: this.#title,
      has: this.seen,
    };
  }
}

function relationOf(tag: Tag): string {
  const rel = tag.attributes.rel?.value ?? 'alternate';
  return rel.startsWith(IANA_RELATIONS) ? rel.slice(IANA_RELATIONS.length) : rel;
}

/** A tag's attributes and those that it inherits; namespace declarations only where asked for. */
function withInherited(tag: Tag, inherited: [string, string][], declarations = false): Map<string, string> {
  const attributes = new Map(inherited);
  for (const { name, value, uri } of Object.values(tag.attributes)) {
    if (uri === XMLNS && !declarations) continue;
    attributes.set(name, name === 'xml:base' ? rebase(value, attributes.get(name)) : value);
  }
  return attributes;
}

/** An RFC 3339 date and time of a day that there is; the calendar has leap seconds and no 31 February. */
export function isDate(text: string): boolean {
  if (!DATE.test(text)) return false;
  const [year, month, day] = text.slice(0, 10).split('-').map(Number);
  return new Date(Date.UTC(year!, month! - 1, day)).getUTCDate() === day;
}

/** An `xml:base` inside another one (XML Base §3). */
function rebase(own: string, outer: string | undefined): string {
  if (outer === undefined || !URL.canParse(own, outer)) return own;
  return new URL(own, outer).href;
}
