/** Properties of the formats, for any entry that the parser accepts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { writeHtmlFeed } from '../../src/atom/html.js';
import { writeJsonFeed, writeNdjson } from '../../src/atom/json.js';
import { ATOM } from '../../src/atom/model.js';
import { escapeAttribute, escapeText } from '../../src/atom/xml.js';
import { deleted, hold, pageOf } from './held.js';
import { readPage } from './html-reader.js';
import { checkJsonFeed } from './json-feed.js';

const HOSTILE = [
  ...[
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onload='x",
    '</pre></title></style>',
    '<!--',
    ']]>',
  ],
  ...[
    '&lt;script&gt;',
    '&amp;lt;',
    'javascript:alert(1)',
    'data:text/html,<script>',
    '\u2028\u2029\u0085',
    '\r\n\t',
    'http://[',
    '\u{1F4A9}',
  ],
];

/** Text of characters that XML 1.0 has. */
const text = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc
    .string({ unit: 'binary', maxLength: 12 })
    .map((any) => any.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')),
  fc.array(fc.constantFrom(...HOSTILE, 'a', ' '), { maxLength: 4 }).map((parts) => parts.join('')),
);
const written = text.chain((value) =>
  fc.constantFrom(
    escapeText(value),
    value.includes(']]>') ? '' : `<![CDATA[${value}]]>`,
    `<!--c-->${escapeText(value)}<?p ??>`,
  ),
);
const name = fc.constantFrom(
  'a',
  'b',
  'script',
  'style',
  'div',
  'br',
  'pre',
  '_',
  'cdata',
  'constructor',
  '__proto__',
  '\u{10400}',
  'svg',
  'textarea',
);
const namespace = fc.constantFrom('http://www.w3.org/1999/xhtml', 'http://www.w3.org/2000/svg', ATOM, 'urn:x', '');
const attribute = fc.tuple(
  fc.constantFrom('href', 'src', 'type', 'title', 'onclick', 'xml:base', 'xml:lang', 'lang', '__proto__'),
  text,
);
const attributes = fc
  .uniqueArray(attribute, { maxLength: 3, selector: ([key]) => key })
  .map((all) => all.map(([key, value]) => ` ${key}="${escapeAttribute(value)}"`).join(''));

const { markup } = fc.letrec<{ markup: string; element: string }>((tie) => ({
  markup: fc.oneof(
    { maxDepth: 3 },
    written,
    tie('element'),
    fc.tuple(written, tie('element')).map((both) => both.join('')),
  ),
  element: fc
    .tuple(name, namespace, fc.boolean(), attributes, tie('markup'))
    .map(([local, uri, prefixed, more, inside]) =>
      prefixed && uri !== ''
        ? `<p:${local} xmlns:p="${uri}"${more}>${inside}</p:${local}>`
        : `<${local} xmlns="${uri}"${more}>${inside}</${local}>`,
    ),
}));

const type = fc.oneof(
  fc.constantFrom(
    'text',
    'html',
    'xhtml',
    'XHTML',
    'application/xml',
    'image/svg+xml',
    'text/html',
    'application/json',
    'image/png',
    '',
  ),
  text,
);
const construct = (element: string) =>
  fc.tuple(fc.option(type), attributes, fc.oneof(written, markup)).map(([kind, more, inside]) => {
    const stated = kind === null ? '' : ` type="${escapeAttribute(kind)}"`;
    const rest = stated === '' ? more : more.replace(/ type="[^"]*"/, '');
    return `<${element}${stated}${rest}>${inside}</${element}>`;
  });
const person = (element: string) =>
  fc
    .tuple(attributes, written, written, written)
    .map(
      ([more, named, uri, email]) =>
        `<${element}${more}><name>${named}</name><uri>${uri}</uri><email>${email}</email></${element}>`,
    );
const empty = (element: string, ...keys: string[]) =>
  fc
    .tuple(...keys.map(() => text))
    .map(
      (values) => `<${element}${keys.map((key, index) => ` ${key}="${escapeAttribute(values[index]!)}"`).join('')}/>`,
    );

const entry = fc
  .tuple(
    attributes,
    fc.option(construct('title')),
    fc.option(construct('summary')),
    fc.option(construct('content')),
    fc.option(construct('rights')),
    fc.array(
      fc.oneof(
        person('author'),
        person('contributor'),
        empty('category', 'term', 'scheme', 'label'),
        empty('link', 'rel', 'href', 'type', 'title', 'length', 'hreflang'),
        text.map((href) => `<link rel="enclosure" href="${escapeAttribute(href)}"/>`),
        fc
          .tuple(construct('title'), person('author'))
          .map((both) => `<x:wrap xmlns:x="urn:x">${both.join('')}</x:wrap>`),
        written.map((value) => `<control xmlns="http://www.w3.org/2007/app"><draft>${value}</draft></control>`),
        markup,
      ),
      { maxLength: 4 },
    ),
  )
  .map(([more, ...parts]) => `<entry xmlns="${ATOM}"${more}>${parts.flat().join('')}</entry>`);

/** Held entries of documents that the parser accepts; what it refuses is another test's matter. */
const held = entry
  .map((document) => {
    try {
      return hold(document);
    } catch {
      return undefined;
    }
  })
  .filter((accepted) => accepted !== undefined);
const media = fc.option(
  text.map((kind) => ({ type: `x/${kind}`, size: 1 })),
  { nil: undefined },
);
const entries = fc.array(
  fc.oneof(
    fc.tuple(held, media).map(([one, resource]) => ({ ...one, media: resource })),
    fc.constant(deleted('urn:x:2')),
  ),
  { maxLength: 3 },
);

test('JSON is valid by the rules of JSON Feed, and NDJSON has a line for each entry', () => {
  fc.assert(
    fc.property(entries, (page) => {
      checkJsonFeed(JSON.parse(writeJsonFeed(pageOf(page))));
      const lines = writeNdjson(pageOf(page));
      assert.equal(lines.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/).length, page.length + 1);
      for (const line of lines.split('\n').slice(0, -1)) JSON.parse(line);
    }),
    { numRuns: 500 },
  );
});

test('HTML holds nothing of an entry but as text', () => {
  fc.assert(
    fc.property(entries, (page) => {
      readPage(writeHtmlFeed(pageOf(page)));
    }),
    { numRuns: 500 },
  );
});
