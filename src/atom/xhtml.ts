/** XHTML content as HTML (RFC 4287 §4.1.3.3, HTML §13.3): for formats whose readers know no XML namespaces. */
import { resolveIri } from './iri.js';
import { ATOM } from './model.js';
import { Scanner } from './scanner.js';
import { type Attribute, type Tag, XML } from './tag.js';
import { escapeHtml } from './text.js';

const XHTML = 'http://www.w3.org/1999/xhtml';
const XLINK = 'http://www.w3.org/1999/xlink';
/** What HTML has elements of: its parser knows `svg` and `math` by their names. */
const EMBEDDED = new Set(['http://www.w3.org/2000/svg', 'http://www.w3.org/1998/Math/MathML']);
/** Publishers forget the namespace of the `div`; it then has that of the content, or none, and HTML is what they meant. */
const HTML = new Set([XHTML, ATOM, '']);

const VOID = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '));
/** Elements in which an HTML parser sees no tags, and in most of them no character references. */
const RAW = new Set('script style xmp iframe noembed noframes'.split(' '));
const TEXT_ONLY = new Set(['textarea', 'title']);
const ADDRESSES = new Set('action background cite data formaction href longdesc poster src xlink:href'.split(' '));

/**
 * The content as an HTML fragment, without the `div` that Atom wants around it unless that says something itself.
 * Foreign elements other than SVG and MathML leave their text behind. It is as safe as what was published: whoever shows
 * it cleans it, as with content that was HTML from the start.
 * @param markup what stands between the tags of the content, well-formed
 * @param namespaces the prefixes in scope around it (`''` for the default one)
 * @param base the base IRI in scope: HTML has no `xml:base`, so relative addresses are resolved
 */
export function xhtmlToHtml(markup: string, namespaces: Record<string, string> = {}, base?: string): string {
  const writer = new HtmlWriter(base);
  const scanner = new Scanner(markup, new Map(Object.entries(namespaces)));
  for (let token = scanner.next(); token !== 'end'; token = scanner.next()) {
    if (token === 'open') writer.open(scanner.tag);
    else if (token === 'close') writer.close();
    else writer.text(scanner.text);
  }
  return writer.html.trim();
}

/** An open element; one without a name leaves only its content behind. */
interface Frame {
  name: string | undefined;
  base: string | undefined;
}

class HtmlWriter {
  html = '';
  readonly #frames: Frame[];
  /** The text of an element in which there are no tags, while it is read, and how deep we are in it. */
  #plain = '';
  #plainDepth = 0;
  /** An HTML parser drops a line end right after some start tags. */
  #swallowsLine = false;

  constructor(base: string | undefined) {
    this.#frames = [{ name: undefined, base }];
  }

  open(tag: Tag): void {
    const outer = this.#frames.at(-1)!.base;
    const own = tag.valueOf('xml:base');
    const frame: Frame = { name: undefined, base: own === undefined ? outer : resolveIri(own, outer) };
    this.#frames.push(frame);
    if (this.#plainDepth > 0) {
      this.#plainDepth += 1;
      return;
    }
    const isHtml = HTML.has(tag.uri);
    if (!isHtml && !EMBEDDED.has(tag.uri)) return;
    // An HTML parser takes other names for text, or ends the element in another place.
    if (!/^[a-z][a-z0-9.-]*$/i.test(tag.local) || tag.local === 'plaintext') return;
    const attributes = attributesOf(tag, frame.base, isHtml);
    if (isHtml && this.#frames.length === 2 && tag.local === 'div' && attributes === '') return;
    this.html += `<${tag.local}${attributes}>`;
    if (isHtml && VOID.has(tag.local)) return;
    frame.name = tag.local;
    this.#swallowsLine = isHtml && /^(pre|textarea|listing)$/.test(tag.local);
    if (isHtml && (RAW.has(tag.local) || TEXT_ONLY.has(tag.local))) {
      this.#plain = '';
      this.#plainDepth = 1;
    }
  }

  close(): void {
    const { name } = this.#frames.pop()!;
    this.#swallowsLine = false;
    if (this.#plainDepth > 0) {
      this.#plainDepth -= 1;
      if (this.#plainDepth > 0) return;
      // What cannot be escaped must not become markup; a `<` in it is rare enough to leave the text out.
      if (!RAW.has(name!)) this.html += escapeHtml(this.#plain);
      else if (!this.#plain.includes('<')) this.html += this.#plain;
    }
    if (name !== undefined) this.html += `</${name}>`;
  }

  text(text: string): void {
    if (this.#swallowsLine && text.startsWith('\n')) {
      if (this.#plainDepth > 0) this.#plain += '\n';
      else this.html += '\n';
    }
    this.#swallowsLine = false;
    if (this.#plainDepth > 0) this.#plain += text;
    else this.html += escapeHtml(text);
  }
}

function attributesOf(tag: Tag, base: string | undefined, isHtml: boolean): string {
  let html = '';
  for (const attribute of tag.attributes) {
    const name = nameOf(attribute, isHtml);
    if (name === undefined || (name === 'lang' && attribute.prefix !== '' && tag.valueOf('lang') !== undefined))
      continue;
    const { value } = attribute;
    // A reference into the content itself stays one.
    const isAddress = ADDRESSES.has(name) && !/^\s*(#|$)/.test(value);
    html += ` ${name}="${escapeHtml(isAddress ? resolveIri(value, base) : value)}"`;
  }
  return html;
}

/** How HTML spells an attribute; undefined for one that it has not. */
function nameOf({ prefix, local, uri }: Attribute, isHtml: boolean) {
  if (uri === XML && local === 'lang') return 'lang';
  if (uri === XLINK && !isHtml) return `xlink:${local}`;
  return prefix === '' && local !== 'xmlns' ? local : undefined;
}
