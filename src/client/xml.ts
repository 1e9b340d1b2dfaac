/** As much of XML as a client needs: where the elements of a document begin and end. It trusts nobody, but checks little. */

const ATOM = 'http://www.w3.org/2005/Atom';
const TOMBSTONES = 'http://purl.org/atompub/tombstones/1.0';

const MARKUP =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<(\/?)([^\s/>!?]+)((?:[^>"']|"[^"]*"|'[^']*')*?)(\/?)>/g;
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** An element, when its end has been seen. */
interface Element {
  /** 1 for the root. */
  depth: number;
  name: string;
  /** What stands in the start tag after the name. */
  attributes: string;
  start: number;
  /** Where its content begins and ends. */
  inside: [number, number];
  end: number;
  parent: Element | undefined;
}

/** Every element of a document down to a depth, each when it ends; undefined in the place of one that does not fit. */
function* elements(xml: string, deepest: number): Generator<Element | undefined> {
  const open: Element[] = [];
  for (const { 0: markup, 1: closing, 2: name, 3: attributes = '', 4: alone, index } of xml.matchAll(MARKUP)) {
    if (name === undefined) continue;
    const end = index + markup.length;
    if (closing === '') {
      const parent = open.at(-1);
      const element = {
        depth: open.length + 1,
        name,
        attributes,
        start: index,
        inside: [end, end] as [number, number],
        end,
        parent,
      };
      if (alone === '') open.push(element);
      else if (element.depth <= deepest) yield element;
      continue;
    }
    const element = open.pop();
    if (element?.name !== name) {
      yield undefined;
      return;
    }
    element.inside[1] = index;
    element.end = end;
    if (element.depth <= deepest) yield element;
  }
  if (open.length > 0) yield undefined;
}

/** The name's namespace, by the declarations on the element and around it; undefined where there is none. */
function namespaceOf(element: Element): string | undefined {
  const colon = element.name.indexOf(':');
  const declaration = colon < 0 ? 'xmlns' : `xmlns:${element.name.slice(0, colon)}`;
  for (let at: Element | undefined = element; at !== undefined; at = at.parent) {
    const value = attributeOf(at, declaration);
    if (value !== undefined) return value === '' ? undefined : value;
  }
  return undefined;
}

function attributeOf({ attributes }: Element, name: string): string | undefined {
  for (const [, found, double, single] of attributes.matchAll(ATTRIBUTE)) {
    if (found === name) return unescaped(double ?? single ?? '');
  }
  return undefined;
}

const localOf = ({ name }: Element) => name.slice(name.indexOf(':') + 1);

/** Whether an element is Atom's; what is in no namespace is taken for Atom's where the whole document is in none. */
function isAtom(element: Element, local: string): boolean {
  const namespace = namespaceOf(element);
  return localOf(element) === local && (namespace === ATOM || (namespace === undefined && !element.name.includes(':')));
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** With characters for references. */
function unescaped(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** The text of an element that has no others in it. */
function textOf(xml: string, { inside: [from, to] }: Element): string {
  const pieces = xml.slice(from, to).split(/(<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>)/);
  return pieces
    .map((piece, i) => {
      if (i % 2 === 0) return unescaped(piece);
      return piece.startsWith('<![CDATA[') ? piece.slice(9, -3) : '';
    })
    .join('')
    .trim();
}

/** A page of a feed: its entries, each to the letter, and the address of the page after it. */
export interface AtomPage {
  entries: { id: string; deleted: boolean; xml: string }[];
  next: string | undefined;
}

/** @param xml a feed document of the server's */
export function readPage(xml: string): AtomPage {
  const entries: AtomPage['entries'] = [];
  let next: string | undefined;
  let id = '';
  for (const element of elements(xml, 3)) {
    if (element === undefined) break;
    const { depth, parent, start, end } = element;
    if (depth === 3 && isAtom(element, 'id') && isAtom(parent!, 'entry')) id = textOf(xml, element);
    if (depth !== 2) continue;
    if (isAtom(element, 'entry')) {
      entries.push({ id, deleted: false, xml: xml.slice(start, end) });
      id = '';
    } else if (localOf(element) === 'deleted-entry' && namespaceOf(element) === TOMBSTONES) {
      entries.push({ id: attributeOf(element, 'ref') ?? '', deleted: true, xml: xml.slice(start, end) });
    } else if (isAtom(element, 'link') && attributeOf(element, 'rel') === 'next') next = attributeOf(element, 'href');
  }
  return { entries, next };
}

/**
 * Looks at an Atom document that is to be sent.
 * @returns an entry without XML declaration, made to mean in a feed document what it means by itself, and its id;
 * `feed` for a feed; undefined for what is neither: sent as it is, the server says what is wrong with it
 */
export function inspect(document: string): { xml: string; id: string | undefined } | 'feed' | undefined {
  const xml = document.replace(/^\ufeff?\s*(<\?xml\s[\s\S]*?\?>)?\s*/, '');
  let id: string | undefined;
  let root: Element | undefined;
  for (const element of elements(xml, 2)) {
    if (element === undefined || root !== undefined) return undefined;
    if (element.depth === 1) root = element;
    else if (isAtom(element, 'id')) id ??= textOf(xml, element);
  }
  if (root === undefined) return undefined;
  // Before and after the root there may be comments, but nothing else: no text, and no document type declaration.
  const around = (xml.slice(0, root.start) + xml.slice(root.end)).replace(/<!--[\s\S]*?-->|<\?[\s\S]*?\?>/g, '');
  if (around.trim() !== '') return undefined;
  if (isAtom(root, 'feed')) return 'feed';
  if (!isAtom(root, 'entry')) return undefined;
  const { name, start, end } = root;
  const entry = xml.slice(start, end);
  // In a feed of ours its elements without a prefix would be Atom's.
  const isOpen = name.includes(':') && attributeOf(root, 'xmlns') === undefined;
  const own = isOpen ? `<${name} xmlns=""${entry.slice(name.length + 1)}` : entry;
  return { xml: own, id: id === '' ? undefined : id };
}

/** The entry with an id of ours as its first child. */
export function withId(xml: string, id: string): string {
  const [tag = '', name = ''] = /^<([^\s/>]+)(?:[^>"']|"[^"]*"|'[^']*')*>/.exec(xml) ?? [];
  const prefix = name.slice(0, name.indexOf(':') + 1);
  const element = `<${prefix}id>${escapeText(id)}</${prefix}id>`;
  return tag.endsWith('/>') ? `${tag.slice(0, -2)}>${element}</${name}>` : tag + element + xml.slice(tag.length);
}

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
  '\n': '&#10;',
  '\t': '&#9;',
};

/** Character data; `\r` becomes a reference, since a parser would read it as `\n`. */
export function escapeText(text: string): string {
  return text.replace(/[&<>\r]/g, (c) => ESCAPES[c]!);
}

/** The inside of a double-quoted attribute value. */
export function escapeAttribute(text: string): string {
  return text.replace(/[&<>"\r\n\t]/g, (c) => ESCAPES[c]!);
}
