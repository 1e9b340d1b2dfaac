/** The scanner beside saxes, somebody else's parser: the same tokens of the same documents, and the same are refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import type { Place } from '../../src/atom/place.js';
import { Malformed, Scanner } from '../../src/atom/scanner.js';
import { DOCUMENTS, TOKENS } from './documents.js';
import { damaged, damages, fuzz } from './fuzz.js';

/** What a parser makes of a document: what it found, and where it found fault. */
interface Reading {
  found: unknown[];
  refused?: Place;
}

type Pairs = Iterable<[string, string]>;

const SCOPE = { p: 'urn:p', '': 'urn:default' };

function bySaxes(text: string, isFragment: boolean): Reading {
  const reading: Reading = { found: [] };
  const saxes = new SaxesParser({
    xmlns: true,
    fragment: isFragment,
    defaultXMLVersion: '1.0',
    forceXMLVersion: true,
    ...(isFragment ? { additionalNamespaces: SCOPE } : {}),
  });
  const refuse = (message?: string): never => {
    reading.refused ??= { line: saxes.line, column: saxes.column };
    throw new Error(message ?? 'a document type');
  };
  let depth = isFragment ? 1 : 0;
  const place = () => ({ end: saxes.position, line: saxes.line, column: saxes.column });
  const text_ = (found: string) => {
    if (depth > 0) reading.found.push(['text', found]);
  };
  saxes.on('error', ({ message }) => refuse(message));
  saxes.on('doctype', () => refuse());
  saxes.on('text', text_);
  saxes.on('cdata', text_);
  saxes.on('opentag', ({ name, prefix, local, uri, attributes, ns, isSelfClosing }) => {
    depth += 1;
    const list = Object.values(attributes).map((one) => [one.name, one.prefix, one.local, one.uri, one.value]);
    const declared: Pairs = Object.entries(ns);
    reading.found.push(['open', name, prefix, local, uri, list, [...declared], isSelfClosing, place()]);
  });
  saxes.on('closetag', ({ name }) => {
    depth -= 1;
    reading.found.push(['close', name, place()]);
  });
  try {
    saxes.write(text).close();
  } catch (error) {
    if (reading.refused === undefined) throw error;
  }
  return reading;
}

function byOurs(text: string, isFragment: boolean): Reading {
  const reading: Reading = { found: [] };
  try {
    const scanner = new Scanner(text, isFragment ? new Map(Object.entries(SCOPE)) : undefined);
    const place = () => ({ end: scanner.end, ...scanner.place() });
    for (let token = scanner.next(); token !== 'end'; token = scanner.next()) {
      const { name, prefix, local, uri, attributes, ns, isSelfClosing } = scanner.tag;
      if (token === 'text') reading.found.push(['text', scanner.text]);
      else if (token === 'close') reading.found.push(['close', name, place()]);
      else {
        const list = attributes.map((one) => [one.name, one.prefix, one.local, one.uri, one.value]);
        reading.found.push(['open', name, prefix, local, uri, list, [...ns], isSelfClosing, place()]);
      }
    }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    reading.refused = error.place;
  }
  return reading;
}

/** Where saxes is laxer than XML 1.0: after an instruction's target there is white space (§2.6). */
const LAX = /<\?[^\s?]+\?(?!>)/;
/** It also takes `]]>` outside of all elements of a fragment (§2.4). */
const LAX_FRAGMENT = new RegExp(`${LAX.source}|\\]\\]>`);

function compare(text: string, isFragment = false): void {
  const theirs = bySaxes(text, isFragment);
  const ours = byOurs(text, isFragment);
  if (ours.refused === undefined) {
    assert.deepEqual(ours, theirs);
    return;
  }
  if (theirs.refused === undefined) {
    assert.match(text, isFragment ? LAX_FRAGMENT : LAX);
    return;
  }
  const [mine, their] = [ours.refused, theirs.refused];
  const isLater = mine.line > their.line || (mine.line === their.line && mine.column > their.column);
  assert.ok(!isLater, `found at ${mine.line}:${mine.column} what saxes finds at ${their.line}:${their.column}`);
}

test('the documents that fuzzing begins with', () => {
  for (const text of DOCUMENTS) {
    assert.equal(byOurs(text, false).refused, undefined, text);
    compare(text);
    compare(text.replaceAll('>', '>\r\n'));
    compare(`\ufeff${text}`);
  }
});

test('half a pair is no character', () => {
  for (const [text, column] of [
    ['<a>\ud83d</a>', 4],
    ['<a b="\ude00"/>', 7],
    ['<a>\ud83d\ude00\ud83d\ud83d</a>', 5],
    ['<a/>\ud83d', 5],
  ] as const) {
    assert.deepEqual(byOurs(text, false).refused, { line: 1, column }, text);
  }
});

test('damaged documents', (t) =>
  fuzz(t, fc.record({ text: fc.constantFrom(...DOCUMENTS), done: damages(TOKENS) }), async ({ text, done }) => {
    const bytes = damaged(Buffer.from(text), done);
    compare(bytes.toString());
    // So all that is odd in a byte is a character.
    compare(bytes.toString('latin1'));
  }));

const PIECES = [
  ...[
    '<a>',
    '</a>',
    '<p:b>',
    '</p:b>',
    '<a/>',
    '<a ',
    '<p:b x="1" ',
    '>',
    '/>',
    '</a',
    ' ',
    '\n',
    '\r\n',
    '\r',
    '\t',
    't',
    ']]>',
    ']',
    '&#60;',
  ],
  ...[
    ' xmlns="u"',
    ' xmlns:p="urn:p"',
    ' xmlns:q="urn:p"',
    ' p:x="1"',
    ' q:x="2"',
    " x='&lt;\n\t'",
    ' x="1"',
    ' y = "é😀"',
    ' xml:id="i"',
  ],
  ...[
    ' xmlns:xml="http://www.w3.org/XML/1998/namespace"',
    ' xmlns:y="http://www.w3.org/2000/xmlns/"',
    ' xmlns=" "',
    ' :x="1"',
    ' x:="1"',
  ],
  ...[
    '<!--c-->',
    '<!---->',
    '<!--->',
    '<![CDATA[',
    ']]&gt;',
    '<?p?>',
    '<?p d?>',
    '<?p:q ?>',
    '<?xml version="1.0"?>',
    '<?xml version=\'1.1\' standalone="yes" ?>',
    '<ä·>',
    '</ä·>',
    '<·>',
    '<\u{10000}/>',
    '<-a>',
    '<a:b:c/>',
    '😀',
    '\uffff',
    '&#x1F600;',
    '&#XA;',
    '&;',
    '&amp',
    '<!DOCTYPE a>',
    '<!ELEMENT',
  ],
];

test('documents of pieces', (t) =>
  fuzz(
    t,
    fc.record({
      pieces: fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }),
      isFragment: fc.boolean(),
      inside: fc.boolean(),
    }),
    async ({ pieces, isFragment, inside }) => {
      const text = pieces.join('');
      compare(inside ? `<a xmlns:p="urn:p">${text}</a>` : text, isFragment);
    },
  ));
