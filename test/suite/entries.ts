/** Arbitrary well-formed entries for property tests: everything XML lets a publisher write, and Atom's own elements among it. */
import fc from 'fast-check';
import { ATOM } from './atom.js';

/** Encodings in which a document is sent; the text itself is free of what they do not have. */
export type Encoding = 'utf-8' | 'utf-8 with mark' | 'iso-8859-1' | 'utf-16le' | 'utf-16be';

/** How the root says that it is Atom's: by the default namespace, by a prefix, or not at all. */
export type Root = 'default' | 'prefixed' | 'bare';

export interface SentText {
  root: Root;
  encoding: Encoding;
  /** Namespace declarations that stand on the root, less those by which it is Atom's. */
  declared: string;
  /** Those by which it is. */
  atom: string;
  /** The start tag's name and its attributes. */
  name: string;
  attributes: string;
  inner: string;
}

/** What a publisher may leave to the server or give. */
export interface Sent extends SentText {
  id: string | undefined;
}

/** The document without a declaration of its encoding, with all that its root declares. */
export function textOf(sent: SentText, id = ''): string {
  return `<${sent.name}${sent.atom}${sent.declared}${sent.attributes}>${id}${sent.inner}</${sent.name}>`;
}

/** The bytes to send, and the content type that goes with them. */
export function bodyOf(text: string, encoding: Encoding): { body: Buffer; type: string } {
  const type = 'application/atom+xml';
  const declared = (name: string) => `<?xml version="1.0" encoding="${name}"?>\n${text}`;
  switch (encoding) {
    case 'utf-8':
      return { body: Buffer.from(text), type };
    case 'utf-8 with mark':
      return { body: Buffer.from(`\ufeff${declared('UTF-8')}`), type: `${type}; charset=utf-8` };
    case 'iso-8859-1':
      return { body: Buffer.from(declared('ISO-8859-1'), 'latin1'), type };
    case 'utf-16le':
      return { body: Buffer.from(`\ufeff${declared('UTF-16')}`, 'utf16le'), type };
    case 'utf-16be':
      return { body: Buffer.from(`\ufeff${text}`, 'utf16le').swap16(), type: `${type}; charset=utf-16` };
  }
}

const XHTML = 'http://www.w3.org/1999/xhtml';
const NAMESPACES = ['urn:x:a', 'urn:x:b', 'http://a.example/?a=1&b=%3C', XHTML, ATOM, 'http://www.w3.org/2007/app'];
const PREFIXES = ['p', 'q', 'r.s-t', 'ü'];
// None that the server reads or writes, whatever namespace they come to be in.
const NAMES = ['x', 'y-z', '_n', 'ä.1', 'entry', 'feed', 'div'];

/** A part of the document, once it is known which prefixes mean what and whether anything beyond Latin-1 may stand there. */
type Write = (scope: Scope) => string;
interface Scope {
  prefixes: ReadonlyMap<string, string>;
  latin: boolean;
  /** Unqualified names are Atom's though nothing says so: no default namespace must be undone. */
  bare: boolean;
}

const unit = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...'abcXYZ019 -_.,:;!?/\\#%+=~^`|$@*()[]{}') },
  { weight: 3, arbitrary: fc.constantFrom('<', '>', '&', '"', "'", ']]>', '--', '?>', '\n', '\t', '\r\n', '\r') },
  { weight: 2, arbitrary: fc.constantFrom('ä', 'ß', '\u00a0', '\u0085', '\u009f') },
  { weight: 2, arbitrary: fc.constantFrom('日', '\u2028', '\u200d', '\ufeff', '\ufffd', '\ue000', '😀', '\u{10fffd}') },
);
const characters = fc.string({ unit, maxLength: 12 });

const inLatin = (text: string, { latin }: Scope) => (latin ? text.replace(/[^\0-\xff]/gu, '?') : text);
const referenced = (text: string, { latin }: Scope) =>
  latin ? text.replace(/[^\0-\xff]/gu, (c) => `&#${c.codePointAt(0)};`) : text;
const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/]]>/g, ']]&gt;');

const reference = fc
  .tuple(fc.constantFrom('\t', '\n', '\r', ' ', '<', '&', '>', '"', 'ä', '\u0085', '日', '😀'), fc.nat(2))
  .map(
    ([c, form]) => [`&#${c.codePointAt(0)};`, `&#x${c.codePointAt(0)!.toString(16).toUpperCase()};`, '&quot;'][form]!,
  );

const text: fc.Arbitrary<Write> = characters.map((raw) => (scope) => referenced(escaped(raw), scope));
const references: fc.Arbitrary<Write> = reference.map((written) => () => written);
const cdata: fc.Arbitrary<Write> = characters.map(
  (raw) => (scope) => `<![CDATA[${inLatin(raw, scope).replaceAll(']]>', ']] >')}]]>`,
);
const comment: fc.Arbitrary<Write> = characters.map(
  (raw) => (scope) => `<!--${inLatin(raw, scope).replaceAll('-', '~')}-->`,
);
const instruction: fc.Arbitrary<Write> = characters.map(
  (raw) => (scope) => `<?target ${inLatin(raw, scope).replaceAll('?>', '? >')}?>`,
);

/** The inside of an attribute value, with its quotes. */
const value: fc.Arbitrary<Write> = fc
  .tuple(fc.array(fc.oneof(characters.map(escaped), reference), { maxLength: 3 }), fc.boolean())
  .map(([pieces, single]) => (scope) => {
    const written = referenced(pieces.join(''), scope);
    return single ? `'${written.replaceAll("'", '&apos;')}'` : `"${written.replaceAll('"', '&quot;')}"`;
  });

const xmlAttribute = fc.constantFrom(
  ...['xml:lang="de"', "xml:lang=''", 'xml:lang="zh-Hant"', 'xml:base="http://b.example/c/"', 'xml:space="preserve"'],
);

interface Markup {
  declared: [string, string][];
  /** Which of the prefixes in scope. */
  prefix: number;
  name: number;
  attributes: [prefix: number, name: number, value: Write][];
  xml: string | undefined;
  selfClosing: boolean;
}

const declarations = fc.uniqueArray(fc.tuple(fc.constantFrom('', ...PREFIXES), fc.constantFrom('', ...NAMESPACES)), {
  maxLength: 2,
  selector: ([prefix]) => prefix,
});
const attributes = fc.array(fc.tuple(fc.nat(9), fc.nat(NAMES.length - 1), value), { maxLength: 3 });
const markup: fc.Arbitrary<Markup> = fc.record({
  declared: declarations,
  prefix: fc.nat(9),
  name: fc.nat(NAMES.length - 1),
  attributes,
  xml: fc.option(xmlAttribute, { nil: undefined }),
  selfClosing: fc.boolean(),
});

function declare(declared: [string, string][], scope: Scope): { written: string; inner: Scope } {
  const prefixes = new Map(scope.prefixes);
  let written = '';
  for (const [prefix, uri] of declared) {
    // A prefix cannot be taken back (Namespaces in XML 1.0 §5).
    if (uri === '' && (prefix !== '' || scope.bare)) continue;
    prefixes.set(prefix, uri);
    written += ` xmlns${prefix === '' ? '' : `:${prefix}`}="${escaped(uri)}"`;
  }
  return { written, inner: { ...scope, prefixes } };
}

/** Attributes of which no two have the same name, by prefix or by namespace. */
function writeAttributes(given: Markup['attributes'], scope: Scope): string {
  const seen = new Set<string>();
  let written = '';
  for (const [index, name, write] of given) {
    const prefixes = ['', ...[...scope.prefixes.keys()].filter((prefix) => prefix !== '')];
    const prefix = prefixes[index % prefixes.length]!;
    const key = `${prefix === '' ? '' : scope.prefixes.get(prefix)} ${NAMES[name]}`;
    if (seen.has(key)) continue;
    seen.add(key);
    written += ` ${prefix === '' ? '' : `${prefix}:`}${NAMES[name]}=${write(scope)}`;
  }
  return written;
}

const content = fc.letrec<{ node: Write; element: Write }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    references,
    cdata,
    comment,
    instruction,
    tie('element'),
  ),
  element: fc.tuple(markup, fc.array(tie('node'), { maxLength: 4 })).map(
    ([given, children]): Write =>
      (scope) => {
        const { written, inner } = declare(given.declared, scope);
        const prefixes = [...inner.prefixes.keys()];
        const prefix = prefixes[given.prefix % prefixes.length] ?? '';
        const name = `${prefix === '' ? '' : `${prefix}:`}${NAMES[given.name]}`;
        const start = `<${name}${written}${writeAttributes(given.attributes, inner)}${given.xml === undefined ? '' : ` ${given.xml}`}`;
        if (children.length === 0 && given.selfClosing) return `${start} />`;
        return `${start}>${children.map((write) => write(inner)).join('')}</${name}\n>`;
      },
  ),
}));
const mixed: fc.Arbitrary<Write> = fc.array(content.node, { maxLength: 4 }).map(all);
const plain: fc.Arbitrary<Write> = fc.array(fc.oneof(text, references, cdata), { maxLength: 4 }).map(all);

function all(writes: Write[]): Write {
  return (scope) => writes.map((write) => write(scope)).join('');
}

/** One of Atom's own elements; `@` stands for the prefix that means Atom. */
function atom(name: string, inside: fc.Arbitrary<Write>, ...starts: string[]): fc.Arbitrary<Write> {
  return fc.tuple(fc.constantFrom(...starts), inside, attributes).map(([start, write, more]) => (scope) => {
    // Their own attributes have no prefix; what else may stand there has one.
    const foreign = writeAttributes(more, scope).replace(/ (?![^\s=:]+:)[^\s=:]+=("[^"]*"|'[^']*')/g, '');
    return `<@${name}${start}${foreign}>${write(scope)}</@${name}>`;
  });
}

const nothing = fc.constant<Write>(() => '');
const division = fc.tuple(fc.boolean(), mixed).map(
  ([prefixed, write]): Write =>
    (scope) => {
      const [prefix, name] = prefixed ? ['h', 'h:div'] : ['', 'div'];
      const inner = { ...scope, prefixes: new Map([...scope.prefixes, [prefix, XHTML] as const]) };
      return `<${name} xmlns${prefixed ? ':h' : ''}="${XHTML}">${write(inner)}</${name}>`;
    },
);
const textConstruct = (name: string) =>
  fc.oneof(atom(name, plain, '', ' type="text"', " type = 'html'"), atom(name, division, ' type="xhtml"'));
const person = (name: string) =>
  fc.tuple(plain, content.element).map(
    ([write, extension]): Write =>
      (scope) =>
        `<@${name}><@name>${write(scope)}</@name><@uri>http://a.example/</@uri>${extension(scope)}</@${name}>`,
  );
const base64 = fc.uint8Array({ maxLength: 20 }).map(
  (bytes): Write =>
    () =>
      Buffer.from(bytes).toString('base64'),
);
const time = fc.constantFrom(
  '2001-02-03T04:05:06Z',
  '2026-12-31T23:59:59.123456789-11:30',
  ' 1999-01-01T00:00:00.5Z\n',
);

/** Elements of which an entry has at most one. */
const single: Record<string, fc.Arbitrary<Write>> = {
  title: textConstruct('title'),
  summary: textConstruct('summary'),
  rights: textConstruct('rights'),
  content: fc.oneof(
    textConstruct('content'),
    atom('content', content.element, ' type="application/x+xml"'),
    atom('content', base64, ' type="image/png"'),
    atom('content', nothing, ' type="text/html" src="http://a.example/?a=1&amp;b=2"', " src='#'"),
  ),
  updated: time.map((at) => () => `<@updated>${at}</@updated>`),
  published: time.map((at) => () => `<@published><!-- c -->${at}</@published>`),
  source: fc.tuple(textConstruct('title'), content.element).map(
    ([title, extension]) =>
      (scope) =>
        `<@source><@id>urn:x:s</@id>${title(scope)}${extension(scope)}</@source>`,
  ),
};

const repeated: fc.Arbitrary<Write> = fc.oneof(
  { weight: 3, arbitrary: content.element },
  { weight: 1, arbitrary: comment },
  { weight: 1, arbitrary: instruction },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Write>(
      () => '\r\n\t',
      () => '<![CDATA[ ]]>',
    ),
  },
  { weight: 1, arbitrary: person('author') },
  { weight: 1, arbitrary: person('contributor') },
  { weight: 1, arbitrary: atom('category', mixed, ' term=""', ' term="&lt;&#10;>" scheme="urn:x" label=\'"\'') },
  {
    weight: 1,
    arbitrary: atom(
      'link',
      mixed,
      ' href="?a&amp;b"',
      ' rel="related" href="#"',
      ' rel="enclosure" length="1" href="x"',
    ),
  },
);

const ROOTS: Record<Root, { atom: string; name: string; prefix: string }> = {
  default: { atom: ` xmlns="${ATOM}"`, name: 'entry', prefix: '' },
  prefixed: { atom: ` xmlns:atom="${ATOM}"`, name: 'atom:entry', prefix: 'atom:' },
  bare: { atom: '', name: 'entry', prefix: '' },
};

const encodings: Encoding[] = ['utf-8', 'utf-8', 'utf-8', 'utf-8 with mark', 'iso-8859-1', 'utf-16le', 'utf-16be'];

/** A well-formed entry that the server has no reason to refuse. */
export const sentEntry: fc.Arbitrary<Sent> = fc
  .record({
    root: fc.constantFrom<Root>('default', 'default', 'prefixed', 'bare'),
    encoding: fc.constantFrom(...encodings),
    declared: declarations,
    attributes,
    xml: fc.option(xmlAttribute, { nil: undefined }),
    id: fc.option(fc.constantFrom('urn:x:', 'tag:a.example,2026:ü?&#x1F600;&amp;=+%20/', ' http://a.example/#'), {
      nil: undefined,
    }),
    single: fc.record(single, { requiredKeys: [] }),
    repeated: fc.array(repeated, { maxLength: 4 }),
    order: fc.infiniteStream(fc.nat()),
  })
  .map(({ root, encoding, declared, attributes: more, xml, id, single: once, repeated: others, order }) => {
    const { atom: own, name, prefix } = ROOTS[root];
    const latin = encoding === 'iso-8859-1';
    const outer: Scope = {
      prefixes: new Map([[root === 'prefixed' ? 'atom' : '', ATOM]]),
      latin,
      bare: root === 'bare',
    };
    const { written, inner } = declare(
      declared.filter(([declaredPrefix]) => declaredPrefix !== '' || root === 'prefixed'),
      outer,
    );
    const children = [...Object.values(once), ...others].filter((write) => write !== undefined);
    const ordered = children.map((write) => ({ write, at: order.next().value as number })).sort((a, b) => a.at - b.at);
    return {
      root,
      encoding,
      atom: own,
      declared: written,
      name,
      attributes: `${writeAttributes(more, inner)}${xml === undefined ? '' : ` ${xml}`}`,
      inner: ordered
        .map(({ write }) => write(inner))
        .join('')
        .replace(/<(\/?)@/g, `<$1${prefix}`),
      id: id === undefined ? undefined : latin ? id.replace('ü', 'u') : id,
    };
  });
