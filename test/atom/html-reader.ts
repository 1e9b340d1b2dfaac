/** Reads the pages for people strictly: as XML, with no element, attribute or address but those that they are made of. */
import assert from 'node:assert/strict';
import { SaxesParser } from 'saxes';

const ELEMENTS = new Set(
  'html head meta title link style body header main nav footer article h1 h2 p pre ul li a time details summary strong'.split(
    ' ',
  ),
);
const ATTRIBUTES = new Set(
  'lang charset name content rel href type title class aria-label datetime hreflang'.split(' '),
);

export interface Seen {
  /** All text in the body. */
  text: string;
  title: string;
  links: Record<string, string>[];
  elements: Set<string>;
}

/** @throws AssertionError where the page holds what it should not */
export function readPage(page: string): Seen {
  const seen: Seen = { text: '', title: '', links: [], elements: new Set() };
  const open: string[] = [];
  const take = (text: string) => {
    if (open.includes('body')) seen.text += text;
    else if (open.at(-1) === 'title') seen.title += text;
  };
  const parser = new SaxesParser();
  parser.on('doctype', (doctype) => assert.equal(doctype, ' html'));
  parser.on('opentag', ({ name, attributes }) => {
    open.push(name);
    seen.elements.add(name);
    assert.ok(ELEMENTS.has(name), `there is a ${name}`);
    for (const attribute of Object.keys(attributes)) assert.ok(ATTRIBUTES.has(attribute), `there is a ${attribute}`);
    if (attributes.href !== undefined) {
      assert.match(attributes.href, /^(https?:\/\/|mailto:|\?format=)/);
      seen.links.push(attributes);
    }
  });
  parser.on('closetag', () => open.pop());
  parser.on('text', take);
  parser.on('comment', () => assert.fail('there is a comment'));
  parser.on('cdata', () => assert.fail('there is CDATA'));
  parser.on('processinginstruction', () => assert.fail('there is an instruction'));
  assert.ok(page.startsWith('<!DOCTYPE html>\n'));
  parser.write(page).close();
  assert.equal(page.match(/<style>/g)?.length, 1);
  return seen;
}
