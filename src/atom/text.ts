/** From HTML to the text that people read in it, and from text to HTML. */

const BLOCKS = new Set(
  (
    'address article aside blockquote body br caption dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 ' +
    'h5 h6 header hr li main nav ol option p pre section summary table tbody td tfoot th thead tr ul'
  ).split(' '),
);
/** Elements whose text is for programs. */
const HIDDEN = new Set(['script', 'style']);

/** The names of U+00A0 to U+00FF in HTML, in order. */
const LATIN_1 =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para ' +
  'middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute ' +
  'Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml ' +
  'Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml ' +
  'eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml';
const ENTITIES = new Map<string, string>([
  ...LATIN_1.split(' ').map((name, index): [string, string] => [name, String.fromCharCode(0xa0 + index)]),
  ...Object.entries({
    ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", ndash: '–', mdash: '—', hellip: '…', bull: '•', euro: '€' },
    ...{ lsquo: '‘', rsquo: '’', sbquo: '‚', ldquo: '“', rdquo: '”', bdquo: '„', lsaquo: '‹', rsaquo: '›', trade: '™' },
    ...{
      larr: '←',
      uarr: '↑',
      rarr: '→',
      darr: '↓',
      minus: '−',
      ne: '≠',
      le: '≤',
      ge: '≥',
      infin: '∞',
      thinsp: '\u2009',
    },
    ...{ ensp: '\u2002', emsp: '\u2003', zwnj: '\u200c', zwj: '\u200d', lrm: '\u200e', rlm: '\u200f' },
  }),
]);

/**
 * The text of an HTML fragment: tags and comments left out, blocks on lines of their own, character references resolved.
 * One pass that never goes back, so that hostile input costs no more than its length. It makes nothing safe: whoever puts
 * the text into a page escapes it.
 */
export function textOfHtml(html: string): string {
  const text = new Text();
  let at = 0;
  for (;;) {
    const open = html.indexOf('<', at);
    text.add(html.slice(at, open < 0 ? html.length : open));
    if (open < 0) break;
    const name = nameAt(html, open);
    if (html.startsWith('<!--', open)) at = after(html, '-->', open + 4);
    else if (/[!?]/.test(html.charAt(open + 1))) at = after(html, '>', open + 2);
    else if (name === undefined) {
      text.add('<');
      at = open + 1;
    } else {
      at = endOfTag(html, open + 1);
      if (at < 0) {
        // Cut off in the middle of a tag, or no tag at all: better shown than lost.
        text.add(html.slice(open));
        break;
      }
      const isEnd = html[open + 1] === '/';
      text.tag(name, isEnd);
      if (HIDDEN.has(name) && !isEnd) at = endOfHidden(html, name, at);
    }
  }
  return text.toString();
}

/** The name of the tag that begins here, in lower case. */
function nameAt(html: string, open: number): string | undefined {
  const pattern = /<\/?([a-zA-Z][^\s/>]{0,40})/y;
  pattern.lastIndex = open;
  return pattern.exec(html)?.[1]?.toLowerCase();
}

function after(html: string, mark: string, from: number): number {
  const found = html.indexOf(mark, from);
  return found < 0 ? html.length : found + mark.length;
}

/** Where a tag ends, or -1: a `>` in a quoted attribute value does not end it. */
function endOfTag(html: string, from: number): number {
  const pattern = />|=\s*["']/g;
  pattern.lastIndex = from;
  for (let mark = pattern.exec(html); mark !== null; mark = pattern.exec(html)) {
    if (mark[0] === '>') return pattern.lastIndex;
    const close = html.indexOf(mark[0].at(-1)!, pattern.lastIndex);
    if (close < 0) return -1;
    pattern.lastIndex = close + 1;
  }
  return -1;
}

function endOfHidden(html: string, name: string, from: number): number {
  const pattern = new RegExp(`</${name}`, 'gi');
  pattern.lastIndex = from;
  return pattern.exec(html)?.index ?? html.length;
}

/** Text as it comes together: white space collapses as a browser would have it, except in `pre`. */
class Text {
  readonly #parts: string[] = [];
  #space = false;
  #lineStart = true;
  #preformatted = 0;

  add(raw: string): void {
    if (raw === '') return;
    if (this.#preformatted > 0) {
      this.#push(raw, raw.endsWith('\n'));
      return;
    }
    const words = raw.split(/[ \t\r\n\f]+/);
    for (const [index, word] of words.entries()) {
      if (index > 0) this.#space = true;
      if (word !== '') this.#push(word, false);
    }
  }

  tag(name: string, isEnd: boolean): void {
    if (!BLOCKS.has(name)) return;
    this.#space = false;
    if (!this.#lineStart || name === 'br') this.#parts.push('\n');
    this.#lineStart = true;
    if (name === 'pre') this.#preformatted = Math.max(0, this.#preformatted + (isEnd ? -1 : 1));
  }

  toString(): string {
    return this.#parts.join('').trim();
  }

  #push(raw: string, endsLine: boolean): void {
    if (this.#space && !this.#lineStart) this.#parts.push(' ');
    this.#space = false;
    this.#lineStart = endsLine;
    this.#parts.push(raw.includes('&') ? raw.replace(REFERENCE, resolve) : raw);
  }
}

const REFERENCE = /&(?:#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z][a-zA-Z0-9]{1,31}));/g;

function resolve(whole: string, decimal?: string, hex?: string, name?: string): string {
  if (name !== undefined) return ENTITIES.get(name) ?? whole;
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  const isCharacter = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : '\ufffd';
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for HTML, in element content and in attribute values in either kind of quotes. */
export function escapeHtml(text: string): string {
  return /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (c) => ESCAPES[c]!) : text;
}
