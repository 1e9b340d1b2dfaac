/**
 * Strict reading of XML 1.0 with namespaces, token by token, in one pass over a text. A document type is refused.
 * What needs no look is skipped by `indexOf`, and nothing is copied that nobody asks for: that is what makes it fast.
 */
import { endOfComment, endOfDeclaration, endOfInstruction, isSpace } from './misc.js';
import { endOfName } from './names.js';
import { type Place, Places, type Wrong } from './place.js';
import { endOfReference, findForbidden, resolve, resolveValue, withLines } from './references.js';
import { Scopes } from './scopes.js';
import { type Names, NO_NAMES, quoted, Tag } from './tag.js';

/** A start tag; the end of an element, also of one that is a tag alone; some text; the end of all. */
export type Token = 'open' | 'close' | 'text' | 'end';

/** What is not well-formed, and where. */
export class Malformed extends Error {
  constructor(
    what: string,
    readonly place: Place,
  ) {
    super(what);
    this.name = 'Malformed';
  }
}

const NOT_SPACE = /[^ \t\r\n]|$/g;

const BANG = 0x21;
const SLASH = 0x2f;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const QUESTION = 0x3f;

const CDATA = '<![CDATA[';
/** What a value is not taken with as it stands. */
const SPECIAL = /[&<\t\r\n]/;

export class Scanner {
  /** The token: where it begins, and where what follows it begins. */
  start = 0;
  end = 0;
  /** The last start tag, or that of the element which has ended. */
  tag = new Tag('');
  readonly #whole: string;
  /** As far as there are characters that XML allows. */
  readonly #text: string;
  readonly #isFragment: boolean;
  readonly #open: Tag[] = [];
  readonly #scopes: Scopes;
  /** The first `&` and the first `]]>` from some place on that has been passed. */
  #ampersand = -1;
  #brackets = -1;
  #hasRoot = false;
  /** The last tag is a whole element, whose end has not been told. */
  #isClosing = false;
  #isCdata = false;
  #places: Places | undefined;

  /**
   * @param fragment for what stands between the tags of an element instead of a document: the namespaces around it
   * @throws Malformed
   */
  constructor(text: string, fragment?: Names) {
    const forbidden = findForbidden(text);
    this.#whole = text;
    this.#text = forbidden < 0 ? text : text.slice(0, forbidden);
    this.#isFragment = fragment !== undefined;
    this.#scopes = new Scopes(fragment ?? NO_NAMES, (what) => this.fail(what, this.end - 1));
    if (fragment === undefined) this.end = this.#past(endOfDeclaration(this.#text));
  }

  /**
   * Goes on to the next token.
   * @throws Malformed
   */
  next(): Token {
    if (this.#isClosing) return this.#close();
    const text = this.#text;
    for (;;) {
      const at = this.end;
      this.start = at;
      if (at === text.length) return this.#finish();
      if (text.charCodeAt(at) !== LESS) {
        if (this.#readText(at)) return 'text';
        continue;
      }
      switch (text.charCodeAt(at + 1)) {
        case SLASH:
          return this.#readEndTag(at);
        case BANG:
          if (this.#readSection(at)) return 'text';
          break;
        case QUESTION:
          this.end = this.#past(endOfInstruction(text, at));
          break;
        default:
          return this.#readStartTag(at);
      }
    }
  }

  /** The characters of a text token, with references resolved and line ends as one. */
  get text(): string {
    if (this.#isCdata) return withLines(this.#text.slice(this.start + CDATA.length, this.end - 3));
    return resolve(this.#text.slice(this.start, this.end));
  }

  /** The place of the character that ends before an index: the last of the token where none is given. */
  place(index = this.end): Place {
    this.#places ??= new Places(this.#whole);
    return this.#places.before(index);
  }

  /** @param at which character is wrong */
  fail(what: string, at: number): never {
    const { length } = this.#text;
    if (at < length) throw new Malformed(what, this.place(at + 1));
    if (length === this.#whole.length) throw new Malformed(`it ends too early: ${what}`, this.place(length));
    throw new Malformed('the character that stands there is none that XML allows.', this.place(length + 1));
  }

  #past(end: number | Wrong): number {
    return typeof end === 'number' ? end : this.fail(end.what, end.at);
  }

  #finish(): Token {
    const { length } = this.#text;
    const top = this.#open.at(-1);
    if (top !== undefined) this.fail(`the element ${quoted(top.name)} has no end tag.`, length);
    if (!this.#hasRoot && !this.#isFragment) this.fail('there is no element.', length);
    if (length < this.#whole.length) this.fail('', length);
    return 'end';
  }

  get #isOutside(): boolean {
    return this.#open.length === 0 && !this.#isFragment;
  }

  /** @returns whether it is a token: there may be white space around the root */
  #readText(at: number): boolean {
    const text = this.#text;
    if (this.#isOutside) {
      NOT_SPACE.lastIndex = at;
      this.end = NOT_SPACE.exec(text)!.index;
      if (this.end < text.length && text.charCodeAt(this.end) !== LESS) {
        this.fail('there is text outside of the root element.', this.end);
      }
      return false;
    }
    const less = text.indexOf('<', at);
    this.end = less < 0 ? text.length : less;
    if (this.#brackets < at) this.#brackets = find(text, ']]>', at);
    const last = Math.min(this.end, this.#brackets);
    this.#checkReferences(at, last);
    if (last < this.end) this.fail('"]]>" is written ]]&gt; in text.', last + 2);
    this.#isCdata = false;
    return true;
  }

  #checkReferences(from: number, to: number): void {
    if (this.#ampersand < from) this.#ampersand = find(this.#text, '&', from);
    while (this.#ampersand < to) {
      this.#ampersand = find(this.#text, '&', this.#past(endOfReference(this.#text, this.#ampersand)));
    }
  }

  #readStartTag(at: number): Token {
    const text = this.#text;
    let end = endOfName(text, at + 1);
    if (end === at + 1) this.fail('a < that begins no tag is written &lt;.', end);
    if (this.#hasRoot && this.#isOutside) this.fail('there is more than one root element.', end - 1);
    this.#hasRoot = true;
    const tag = new Tag(text.slice(at + 1, end));
    for (;;) {
      const before = end;
      end = this.#skipSpace(end);
      const code = text.charCodeAt(end);
      if (code === GREATER) break;
      if (code === SLASH) {
        end += 1;
        if (text.charCodeAt(end) !== GREATER) this.fail('in a tag, / stands right before >.', end);
        tag.isSelfClosing = true;
        break;
      }
      if (end === before) this.fail('in a tag, white space stands before each attribute.', end);
      end = this.#readAttribute(tag, end);
    }
    this.end = end + 1;
    this.#scopes.enter(tag);
    this.#open.push(tag);
    this.#isClosing = tag.isSelfClosing;
    this.tag = tag;
    return 'open';
  }

  /** @returns where the attribute ends */
  #readAttribute(tag: Tag, at: number): number {
    const text = this.#text;
    const endOfOwnName = endOfName(text, at);
    if (endOfOwnName === at) this.fail('no attribute has a name that begins so.', at);
    const name = text.slice(at, endOfOwnName);
    const equals = this.#skipSpace(endOfOwnName);
    if (text.charCodeAt(equals) !== EQUALS) this.fail(`the attribute ${quoted(name)} has no value.`, equals);
    const opening = this.#skipSpace(equals + 1);
    const quote = text[opening];
    if (quote !== '"' && quote !== "'") this.fail(`the value of ${quoted(name)} stands in no quotes.`, opening);
    const closing = find(text, quote, opening + 1);
    let value = text.slice(opening + 1, closing);
    if (SPECIAL.test(value)) {
      const less = find(text, '<', opening + 1);
      this.#checkReferences(opening + 1, Math.min(less, closing));
      if (less < closing) this.fail('in the value of an attribute < is written &lt;.', less);
      value = resolveValue(value);
    }
    if (closing >= text.length) this.fail(`the value of ${quoted(name)} does not end.`, text.length);
    this.end = closing + 1;
    const attribute = { name, prefix: '', local: name, uri: '', value };
    this.#scopes.take(tag, attribute);
    tag.attributes.push(attribute);
    return this.end;
  }

  #skipSpace(at: number): number {
    let end = at;
    while (isSpace(this.#text.charCodeAt(end))) end += 1;
    return end;
  }

  #readEndTag(at: number): Token {
    const tag = this.#open.at(-1);
    if (tag === undefined || !this.#text.startsWith(tag.name, at + 2)) this.#refuseEndTag(at);
    const last = this.#skipSpace(at + 2 + tag.name.length);
    if (this.#text.charCodeAt(last) !== GREATER) this.#refuseEndTag(at);
    this.end = last + 1;
    return this.#close();
  }

  #refuseEndTag(at: number): never {
    const end = endOfName(this.#text, at + 2);
    const last = this.#skipSpace(end);
    if (end === at + 2 || this.#text.charCodeAt(last) !== GREATER) {
      this.fail('in an end tag there is a name and nothing else.', end === at + 2 ? end : last);
    }
    const name = quoted(this.#text.slice(at + 2, end));
    const open = this.#open.at(-1)?.name;
    const instead = open === undefined ? 'none is open' : `${quoted(open)} is open`;
    this.fail(`the end tag of ${name} stands where ${instead}.`, last);
  }

  #close(): Token {
    this.tag = this.#open.pop()!;
    this.#scopes.leave(this.tag);
    this.#isClosing = false;
    return 'close';
  }

  /** What begins with `<!`. @returns whether it is a token */
  #readSection(at: number): boolean {
    const text = this.#text;
    if (text.startsWith('--', at + 2)) {
      this.end = this.#past(endOfComment(text, at));
      return false;
    }
    if (text.startsWith(CDATA, at)) {
      if (this.#isOutside) this.fail('there is text outside of the root element.', at);
      const end = text.indexOf(']]>', at + CDATA.length);
      if (end < 0) this.fail('a CDATA section does not end.', text.length);
      this.end = end + 3;
      this.#isCdata = true;
      return true;
    }
    if (text.startsWith('<!DOCTYPE', at)) this.fail('a document type declaration is not accepted here.', at);
    this.fail('<! begins comments and CDATA sections here, and nothing else.', at);
  }
}

/** Where something stands from a place of a text on; infinitely far where it does not. */
function find(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from);
  return at < 0 ? Number.POSITIVE_INFINITY : at;
}
