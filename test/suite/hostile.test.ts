/** Input that means harm or no good (section 5): refused with line and column, and nothing is stored. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachDoor } from '../doors/all.js';
import { ATOM, entry, pathOf, problemOf, TYPE } from './atom.js';

const in_ = (text: string) => `<entry xmlns="${ATOM}">\n<title>${text}</title></entry>`;
const bomb = Array.from({ length: 9 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('');

/** Not well-formed, or with a document type: 400, with the place. */
const MALFORMED: [string, string][] = [
  ['text alone', 'hello'],
  ['white space alone', ' \n '],
  ['an element that stays open', '<entry><title></entry>'],
  ['an end that is missing', '<entry><title/>'],
  ['an end too many', '<entry/></entry>'],
  ['two roots', '<entry/><entry/>'],
  ['text after the root', '<entry/>text'],
  ['a duplicate attribute', '<entry a="1" a="2"/>'],
  ['a duplicate expanded name', '<entry xmlns:a="u:x" xmlns:b="u:x" a:x="1" b:x="2"/>'],
  ['an undeclared prefix of an element', '<entry><x:y/></entry>'],
  ['an undeclared prefix of an attribute', '<entry x:y="1"/>'],
  ['a prefix that is undeclared again', '<entry xmlns:a="u:x"><b xmlns:a=""/></entry>'],
  ['another namespace for xml', '<entry xmlns:xml="u:x"/>'],
  ['a declaration of xmlns', '<entry xmlns:xmlns="u:x"/>'],
  ['a name with two colons', '<entry xmlns:a="u:x"><a:b:c/></entry>'],
  ['an attribute without quotes', '<entry a=1/>'],
  ['a < in an attribute', '<entry a="<"/>'],
  ['a bare ampersand', in_('a & b')],
  ['an entity that is not declared', in_('&nbsp;')],
  ['an entity of an object’s own', in_('&constructor;')],
  [']]> in text', in_('a ]]> b')],
  ['-- in a comment', in_('<!-- a -- b -->')],
  ['CDATA that stays open', in_('<![CDATA[ a')],
  ['a processing instruction named xml', in_('<?xml version="1.0"?>')],
  ['a declaration after white space', ' <?xml version="1.0"?><entry/>'],
  ['a control character', in_('\u0001')],
  ['a NUL', in_('\u0000')],
  ['a control character by reference', in_('&#8;')],
  ['a NUL by reference', in_('&#0;')],
  ['a lone surrogate by reference', in_('&#xD800;')],
  ['a pair of surrogates by reference', in_('&#xD83D;&#xDE00;')],
  ['a character beyond Unicode', in_('&#x110000;')],
  ['U+FFFE', in_('\ufffe')],
  ['U+FFFF by reference', in_('&#xFFFF;')],
  ['a document type', `<!DOCTYPE entry>${entry()}`],
  ['an internal entity', `<!DOCTYPE entry [<!ENTITY a "b">]>${entry('<title>&a;</title>')}`],
  ['an external entity', `<!DOCTYPE entry [<!ENTITY a SYSTEM "file:///etc/passwd">]>${entry('<title>&a;</title>')}`],
  ['an external subset', `<!DOCTYPE entry SYSTEM "http://127.0.0.1:9/x.dtd">${entry()}`],
  ['a parameter entity', '<!DOCTYPE entry [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><entry/>'],
  ['an entity bomb', `<!DOCTYPE entry [<!ENTITY e0 "ha">${bomb}]>${entry('<title>&e9;</title>')}`],
  ['100,000 elements deep', `<entry>${'<a>'.repeat(100_000)}`],
  ['100,000 elements deep, closed', `<entry>${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}</entry>`],
  ['a million left brackets', '<'.repeat(1_000_000)],
];

/** Well-formed, but not an entry: 422. */
const NO_ENTRY: [string, string][] = [
  ['another root', '<html xmlns="http://www.w3.org/1999/xhtml"/>'],
  ['an entry of another namespace', '<entry xmlns="urn:x:other"/>'],
  ['two ids', entry('<id>urn:a</id><id>urn:b</id>')],
  ['two titles', entry('<title>a</title><title>b</title>')],
  ['a date that is none', entry('<updated>yesterday</updated>')],
  ['a day that is none', entry('<published>2026-02-31T00:00:00Z</published>')],
  ['an id that is not an IRI', entry('<id>not an iri</id>')],
  ['an id that is a path', entry('<id>..</id>')],
  ['an id that fills the header of an answer', entry(`<id>urn:x:${'y'.repeat(3000)}</id>`)],
  ['one that does so when it is encoded', entry(`<id>urn:x:${'é'.repeat(400)}</id>`)],
  ['twins of an xml:id', entry('<a xml:id="x"/>\n<b><c xml:id=" x "/></b>')],
  ['an xml:id that is no name', entry('<a xml:id="1 x"/>')],
];

eachDoor((at) => {
  const post = (feed: string, body: string | Uint8Array | Uint8Array[]) =>
    at().ask('POST', `/atommq/feed=${feed}`, { body, headers: TYPE });

  for (const [what, body] of MALFORMED) {
    test(`${what} is malformed`, async () => {
      const { line, column, detail } = problemOf(await post('hostile', body), 400);
      assert.ok(Number.isInteger(line) && Number(line) >= 1, `line ${line}`);
      assert.ok(Number.isInteger(column) && Number(column) >= 0, `column ${column}`);
      assert.ok(String(detail).includes(`line ${line}`) && String(detail).includes(`column ${column}`), String(detail));
      assert.ok(String(detail).length < 1000, 'an error does not repeat what was sent');
    });
  }

  test('the line is the one that is wrong', async () => {
    const { line } = problemOf(await post('hostile', '<entry>\n<title>a</title>\n<b><c></b>\n</entry>'), 400);
    assert.equal(line, 3);
  });

  for (const [what, body] of NO_ENTRY) {
    test(`${what} makes no entry`, async () => {
      problemOf(await post('hostile', body), 422);
    });
  }

  test('an empty body is bad', async () => {
    problemOf(await post('hostile', ''), 400);
  });

  test('a body above the limit is too large, announced or not', async () => {
    const large = Buffer.from(entry(`<title>${'x'.repeat(6 * 1024 * 1024)}</title>`));
    problemOf(await post('large', large), 413);
    problemOf(await post('large', [large.subarray(0, 1_000_000), large.subarray(1_000_000)]), 413);
  });

  test('of all this nothing is stored', async () => {
    const { text } = await at().ask('GET', '/atommq/');
    assert.doesNotMatch(text, /<collection/);
  });

  test('a body below the limit is not', async () => {
    const answer = await post('large-enough', entry(`<title>${'x'.repeat(3 * 1024 * 1024)}</title>`));
    assert.equal(answer.status, 201, answer.text.slice(0, 500));
  });

  test('an entry inside something else of a batch is no member of it', async () => {
    const nested = `<feed xmlns="${ATOM}"><x xmlns="urn:x"><entry xmlns="${ATOM}"><title>in</title></entry></x><entry><title>out</title></entry></feed>`;
    const answer = await post('nested', nested);
    assert.equal(answer.status, 201, answer.text);
    assert.doesNotMatch(answer.text, />in</);
    problemOf(await post('nested', nested.replace('</title></entry></feed>', '')), 400);
  });

  test('many children are not too many, and an id like a path stays an id', async () => {
    const many = await post('many', entry(`<id>../../etc/passwd</id>${'<x xmlns="urn:x"/>'.repeat(100_000)}`));
    assert.equal(many.status, 201, many.text.slice(0, 500));
    const address = pathOf(many.headers.location);
    assert.match(address, /entries\/[^/]*$/);
    assert.equal((await at().ask('GET', address)).status, 200);
  });

  test('a script in an entry cannot act in our origin, in whatever form a browser shows it', async () => {
    const script = '<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>';
    const { headers } = await post('script', entry(`<content type="xhtml"><div>${script}</div></content>`));
    for (const path of ['/atommq/feed=script', pathOf(headers.location)]) {
      for (const format of ['atom', 'html']) {
        const answer = await at().ask('GET', `${path}?format=${format}`);
        assert.equal(answer.status, 200);
        assert.match(
          answer.headers['content-security-policy'] ?? '',
          /sandbox|default-src 'none'/,
          `${path} ${format}`,
        );
        assert.equal(answer.headers['x-content-type-options'], 'nosniff');
      }
    }
  });

  test('one bad entry does not stop the good ones', async () => {
    assert.equal((await post('mixed', entry('<title>good</title>'))).status, 201);
    problemOf(await post('mixed', '<entry><title>'), 400);
    assert.equal((await post('mixed', entry('<title>good too</title>'))).status, 201);
    const { text } = await at().ask('GET', '/atommq/feed=mixed');
    assert.equal(text.split('<entry').length - 1, 2);
  });
});
