/** The grammars that `valid.test.ts` goes by refuse what the RFCs refuse, so that a pass means something. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unlessThere } from '../doors/all.js';
import { invalid } from './jing.js';

const without = unlessThere('jing');

const NAMESPACES =
  'xmlns="http://www.w3.org/2005/Atom" xmlns:app="http://www.w3.org/2007/app" xmlns:at="http://purl.org/atompub/tombstones/1.0"';
const ENTRY = `<entry ${NAMESPACES} xml:lang="de"><id>urn:x:1</id><title>t</title><updated>2026-01-01T00:00:00.5Z</updated>
  <author><name>A</name><email>a@a.example</email></author><category term="t"/><link href="http://a.example/"/>
  <app:edited>2026-01-01T00:00:00Z</app:edited><app:control><app:draft>no</app:draft></app:control>
  <summary type="html">s</summary><content type="image/png" src="a.png"/><x xmlns="urn:x" y="z">m<i/></x></entry>`;
const FEED = `<feed ${NAMESPACES}><id>urn:x:0</id><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">t</div></title>
  <updated>2026-01-01T00:00:00+01:00</updated><author><name>A</name></author><link rel="self" href="?a"/>
  <generator version="1">g</generator><at:deleted-entry ref="urn:x:2" when="2026-01-01T00:00:00Z"/>
  <entry><id>urn:x:1</id><title/><updated>2026-01-01T00:00:00Z</updated></entry>
  <entry><id>urn:x:3</id><title/><updated>2026-01-01T00:00:00Z</updated></entry></feed>`;
const SERVICE = `<service xmlns="http://www.w3.org/2007/app" xmlns:a="http://www.w3.org/2005/Atom"><workspace><a:title>w</a:title>
  <collection href="a"><a:title>c</a:title><accept>application/atom+xml;type=entry</accept><accept>*/*</accept>
  <categories href="b"/><categories fixed="no"><a:category term="t" scheme="urn:s"/></categories></collection></workspace></service>`;
const CATEGORIES = `<app:categories xmlns:app="http://www.w3.org/2007/app" xmlns="http://www.w3.org/2005/Atom" fixed="no">
  <category term="t"/><category term="u" scheme="urn:s" label="U"/></app:categories>`;

/** What is wrong with it, and what makes it so. */
type Spoilt = [what: string, document: string, from: string | RegExp, to: string];

const WRONG: Record<'atom.rnc' | 'app.rnc', Spoilt[]> = {
  'atom.rnc': [
    ['no id', ENTRY, '<id>urn:x:1</id>', ''],
    ['two ids', ENTRY, '<id>urn:x:1</id>', '<id>urn:x:1</id><id>urn:x:1</id>'],
    ['an empty id', ENTRY, 'urn:x:1', ''],
    ['a relative id', ENTRY, 'urn:x:1', '/1'],
    ['no title', ENTRY, '<title>t</title>', ''],
    ['two titles', ENTRY, '<title>t</title>', '<title>t</title><title>u</title>'],
    ['markup in a text', ENTRY, '<title>t</title>', '<title><b xmlns="urn:x"/></title>'],
    ['XHTML without its div', ENTRY, '<title>t</title>', '<title type="xhtml">t</title>'],
    ['an unknown type of text', ENTRY, '<title>t</title>', '<title type="text/html">t</title>'],
    ['no updated', ENTRY, /<updated>.*<\/updated>/, ''],
    ['a time without zone', ENTRY, '00:00.5Z', '00:00.5'],
    ['a time with a space', ENTRY, '01T00:00:00.5', '01 00:00:00.5'],
    ['a day that is not', ENTRY, '2026-01-01T00:00:00.5Z', '2026-02-30T00:00:00Z'],
    ['no author', ENTRY, /<author>.*<\/author>/, ''],
    ['a nameless author', ENTRY, '<name>A</name>', ''],
    ['an address without @', ENTRY, 'a@a.example', 'a.example'],
    ['a category without term', ENTRY, '<category term="t"/>', '<category/>'],
    ['a link to nowhere', ENTRY, '<link href="http://a.example/"/>', '<link/>'],
    ['a link of two relations', ENTRY, '<link ', '<link rel="self edit" '],
    ['a type without subtype', ENTRY, 'type="image/png"', 'type="image"'],
    ['a type with a space', ENTRY, 'type="image/png"', 'type="image / png"'],
    ['an attribute that Atom has not', ENTRY, '<link ', '<link base="x" '],
    ['an element that Atom has not', ENTRY, '<link ', '<date/><link '],
    ['an element of feeds in an entry', ENTRY, '<link ', '<subtitle/><link '],
    ['an entry in an entry', ENTRY, '</entry>', '<entry/></entry>'],
    ['two contents', ENTRY, '<content ', '<content/><content '],
    [
      'content both here and elsewhere',
      ENTRY,
      '<content type="image/png" src="a.png"/>',
      '<content src="a">c</content>',
    ],
    ['content elsewhere without a summary', ENTRY, '<summary type="html">s</summary>', ''],
    ['elements in text content', ENTRY, 'type="image/png" src="a.png"/>', 'type="text"><i xmlns="urn:x"/></content>'],
    ['app:edited that is no time', ENTRY, /<app:edited>.*<\/app:edited>/, '<app:edited>now</app:edited>'],
    ['two app:edited', ENTRY, '<app:control>', '<app:edited>2026-01-01T00:00:00Z</app:edited><app:control>'],
    ['app:draft that is neither', ENTRY, '>no<', '>true<'],
    ['a language that is none', ENTRY, '"de"', '"de_DE"'],
    ['no namespace', ENTRY, 'xmlns="http://www.w3.org/2005/Atom"', ''],
    ['an older namespace', ENTRY, 'http://www.w3.org/2005/Atom', 'http://purl.org/atom/ns#'],
    ['a feed without id', FEED, '<id>urn:x:0</id>', ''],
    ['a feed without title', FEED, /<title type.*<\/title>/, ''],
    ['a feed without updated', FEED, /<updated>.*<\/updated>/, ''],
    ['no author anywhere', FEED, /<author>.*<\/author>/, ''],
    ['two generators', FEED, '<generator ', '<generator/><generator '],
    ['metadata after an entry', FEED, '</feed>', '<rights/></feed>'],
    ['what is of others between entries', FEED, '<entry><id>urn:x:3', '<x xmlns="urn:x"/><entry><id>urn:x:3'],
    ['a feed in a feed', FEED, '</feed>', '<feed/></feed>'],
    ['content in a feed', FEED, '<generator ', '<content/><generator '],
    ['an entry without id', FEED, '<id>urn:x:1</id>', ''],
    ['a tombstone without when', FEED, /when="[^"]*"/, ''],
    ['a tombstone without ref', FEED, /ref="urn:x:2"/, ''],
  ],
  'app.rnc': [
    ['no workspace', SERVICE, /<workspace>[\s\S]*<\/workspace>/, ''],
    ['a workspace without title', SERVICE, '<a:title>w</a:title>', ''],
    ['a collection without title', SERVICE, '<a:title>c</a:title>', ''],
    ['a title that is not Atom’s', SERVICE, '<a:title>c</a:title>', '<title>c</title>'],
    ['two titles', SERVICE, '<a:title>c</a:title>', '<a:title>c</a:title><a:title>d</a:title>'],
    ['a collection without address', SERVICE, ' href="a"', ''],
    ['two types in one accept', SERVICE, '*/*', 'image/png, image/gif'],
    ['a type that is none', SERVICE, '*/*', 'image'],
    ['a type with a space', SERVICE, '*/*', 'image/ png'],
    ['elements in accept', SERVICE, '*/*', '<a/>'],
    ['categories both here and elsewhere', SERVICE, '<categories href="b"/>', '<categories href="b" fixed="no"/>'],
    ['an element that the protocol has not', SERVICE, '<categories href="b"/>', '<member-type/>'],
    ['an attribute that the protocol has not', SERVICE, ' href="a"', ' href="a" title="c"'],
    ['the namespace of the drafts', SERVICE, 'http://www.w3.org/2007/app', 'http://purl.org/atom/app#'],
    ['fixed that is neither', CATEGORIES, '"no"', '"false"'],
    ['a category that is not Atom’s', CATEGORIES, '<category term="t"/>', '<app:category term="t"/>'],
    ['a category without term', CATEGORIES, 'term="t"', ''],
    ['categories elsewhere, as a document', CATEGORIES, ' fixed="no"', ' href="x"'],
  ],
};

const RIGHT: Record<keyof typeof WRONG, Record<string, string>> = {
  'atom.rnc': { entry: ENTRY, feed: FEED },
  'app.rnc': { service: SERVICE, categories: CATEGORIES },
};

for (const [grammar, spoilt] of Object.entries(WRONG)) {
  test(`${grammar} knows right from wrong`, { skip: without }, async () => {
    assert.deepEqual(await invalid(grammar, RIGHT[grammar as keyof typeof WRONG]), {});
    const documents: Record<string, string> = {};
    for (const [what, document, from, to] of spoilt) {
      const wrong = document.replace(from, to);
      assert.notEqual(wrong, document, `${what}: nothing is spoilt`);
      documents[`${what} (${document.slice(0, 6)})`] = wrong;
    }
    const refused = await invalid(grammar, documents);
    assert.deepEqual(
      Object.keys(documents).filter((name) => refused[name] === undefined),
      [],
      'accepted, but wrong',
    );
    // A document that cannot be read at all would be refused for the wrong reason.
    assert.deepEqual(
      Object.entries(refused).filter(([, what]) =>
        what.some((line) => /fatal|must be terminated|not bound/.test(line)),
      ),
      [],
    );
  });
}
