/** Object views: what is Atom's and what is not, text of every type, and what relative references are relative to. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { viewEntry, viewFeed } from '../../src/atom/object.js';
import { entryOf, hold, metadata } from './held.js';

const view = (inside: string, attributes = '', base?: string) => viewEntry(hold(entryOf(inside, attributes)).xml, base);
const XHTML = 'http://www.w3.org/1999/xhtml';

describe('namespaces', () => {
  test('a foreign element is not taken for an Atom one, with a prefix or without', () => {
    const seen = view(
      `<m:title xmlns:m="http://search.yahoo.com/mrss/">media</m:title><title xmlns="http://purl.org/dc/elements/1.1/">dc</title>
       <title>mine</title><id xmlns="">no</id><x:author xmlns:x="urn:x"><name>nobody</name></x:author>
       <x:content xmlns:x="urn:x" type="html">no</x:content><x:link xmlns:x="urn:x" href="urn:no"/>`,
    );
    assert.equal(seen.title, 'mine');
    assert.equal(seen.id, 'urn:x:1');
    assert.deepEqual(seen.authors, []);
    assert.deepEqual(seen.links, []);
    assert.equal(seen.content, undefined);
  });

  test('an entry without the foreign title only has an empty one of its own', () => {
    assert.equal(view('<m:title xmlns:m="urn:m">media</m:title>').title, '');
  });

  test('a prefixed entry has all that one without has', () => {
    const xml = `<a:entry xmlns:a="http://www.w3.org/2005/Atom"><a:id>urn:x:1</a:id><a:title type="xhtml"><h:div xmlns:h="${XHTML}">a <h:b>b</h:b></h:div></a:title>
      <a:author><a:name>N</a:name><a:uri>http://n.example/</a:uri></a:author><title>none</title></a:entry>`;
    const seen = viewEntry(hold(xml).xml);
    assert.equal(seen.title, 'a b');
    assert.deepEqual(seen.authors, [{ name: 'N', uri: 'http://n.example/' }]);
  });

  test('foreign attributes and elements inside a construct change nothing', () => {
    const seen = view(
      '<title x:type="html" xmlns:x="urn:x">&lt;b></title><author><x:name xmlns:x="urn:x">x</x:name></author>',
    );
    assert.equal(seen.title, '<b>');
    assert.deepEqual(seen.authors, [{ name: '' }]);
  });

  test('names that mean something to JavaScript, to xml2js or to few parsers are only names', () => {
    const odd = ['_', 'cdata', 'constructor', '__proto__', 'toString', '\u{10400}', 'hasOwnProperty'];
    const inside = odd
      .map((name) => `<${name} xmlns="urn:x" ${name}="1"/><${name}>text<![CDATA[x]]></${name}>`)
      .join('');
    const seen = view(`${inside}<?php ??><title>t</title><author>${inside}<name>n</name></author>`);
    assert.equal(seen.title, 't');
    assert.deepEqual(seen.authors, [{ name: 'n' }]);
  });
});

describe('text', () => {
  test('is read as XML has it: CDATA, comments, references, line ends, white space, any character', () => {
    assert.equal(
      view('<title>a<![CDATA[<b>]]>&#x1F600;<!-- no -->\u{1F4A9}\r\nc&#13;]]&gt;</title>').title,
      'a<b>😀💩\nc\r]]>',
    );
    assert.equal(view('<content> \n </content>').content?.value, ' \n ');
    assert.equal(view('<category term="a\nb&#10;c"/>').categories[0]?.term, 'a b\nc');
  });

  test('a title is text, whatever its type', () => {
    assert.equal(view('<title type="html">&lt;b>Q&amp;amp;A&lt;/b> &amp;eacute;</title>').title, 'Q&A é');
    assert.equal(view(`<title type="xhtml"><div xmlns="${XHTML}">a <b>&lt;c></b></div></title>`).title, 'a <c>');
    assert.equal(view('<title>&lt;b>literal&lt;/b></title>').title, '<b>literal</b>');
    assert.equal(view('<title>with <b>elements</b></title>').title, 'with elements');
  });

  test('summary, rights and source are there when they are there', () => {
    const seen = view(
      `<summary/><rights type="html">&amp;copy; me</rights><contributor><name>C</name><email> c@x.example </email></contributor>
       <source><id> urn:s </id><title type="html">S&lt;i>s&lt;/i></title><author><name>SA</name></author><link href="http://s.example/"/></source>`,
    );
    assert.equal(seen.summary, '');
    assert.equal(seen.rights, '© me');
    assert.deepEqual(seen.contributors, [{ name: 'C', email: 'c@x.example' }]);
    assert.deepEqual(seen.source, {
      id: 'urn:s',
      title: 'Ss',
      authors: [{ name: 'SA' }],
      links: [{ rel: 'alternate', href: 'http://s.example/' }],
    });
    assert.equal('summary' in view(''), false);
  });

  test('draft, language and times', () => {
    const seen = view(
      '<control xmlns="http://www.w3.org/2007/app"><draft> yes </draft></control><published> 2020-01-01T00:00:00Z </published>',
      'xml:lang="de"',
    );
    assert.equal(seen.draft, true);
    assert.equal(seen.lang, 'de');
    assert.equal(seen.published, '2020-01-01T00:00:00Z');
    assert.equal(view('<control><draft>yes</draft></control>').draft, false);
  });
});

describe('content', () => {
  test('xhtml and XML media types are markup to the letter, with the prefixes that they need', () => {
    const markup = `<h:div>a<!-- b --><![CDATA[c]]>\r\n<h:br/>&#233;</h:div>`;
    const seen = view(`<content type="xhtml">${markup}</content>`, `xmlns:h="${XHTML}"`);
    assert.equal(seen.content?.value, markup);
    assert.equal(seen.content?.namespaces?.h, XHTML);
    for (const type of ['application/xml', 'image/svg+xml', 'application/xml; charset=utf-8', 'text/XML']) {
      assert.equal(
        view(`<content type="${type}"><x xmlns="urn:x">\n</x></content>`).content?.value,
        '<x xmlns="urn:x">\n</x>',
      );
    }
    assert.equal(view('<content type="xhtml"/>').content?.value, '');
  });

  test('html is its source, other types are what stands there', () => {
    assert.deepEqual(view('<content type="html">&lt;p>&amp;amp;</content>').content, {
      type: 'html',
      value: '<p>&amp;',
    });
    assert.deepEqual(view('<content type="image/png">aGk=\n</content>').content, {
      type: 'image/png',
      value: 'aGk=\n',
    });
    assert.deepEqual(view('<content type="application/json">{"a":"&lt;"}</content>').content, {
      type: 'application/json',
      value: '{"a":"<"}',
    });
    assert.deepEqual(view('<content>plain</content>').content, { type: 'text', value: 'plain' });
  });
});

describe('xml:base', () => {
  test('nested bases resolve against one another, and hold for links, content and persons', () => {
    const seen = view(
      `<link href="a"/><link xml:base="sub/" href="b"/><link rel="via" href="urn:abs"/><link href="//other.example/c"/>
       <content src="d" type="image/png" xml:base="../up/"/><author xml:base="who/"><name>n</name><uri>me</uri></author>`,
      'xml:base="http://x.example/y/"',
    );
    assert.deepEqual(
      seen.links.map(({ href }) => href),
      ['http://x.example/y/a', 'http://x.example/y/sub/b', 'urn:abs', 'http://other.example/c'],
    );
    assert.equal(seen.content?.src, 'http://x.example/up/d');
    assert.equal(seen.authors[0]?.uri, 'http://x.example/y/who/me');
  });

  test('without a base references stay as they are, with the address of the document they are absolute', () => {
    assert.equal(view('<link href="a b"/>').links[0]?.href, 'a b');
    assert.equal(view('<link/>', '', 'http://d.example/').links[0]?.href, '');
    assert.equal(
      view('<link href="a"/>', 'xml:base="r/"', 'http://d.example/e/f').links[0]?.href,
      'http://d.example/e/r/a',
    );
    assert.equal(view('<link href="a"/>', 'xml:base="urn:nothing:to:resolve"').links[0]?.href, 'a');
    assert.equal(view('<link href="http://[bad"/>', 'xml:base="http://x.example/"').links[0]?.href, 'http://[bad');
  });
});

test('the view of a feed: what it says of itself, by any prefix', () => {
  const seen = viewFeed(
    metadata(`<f:feed xmlns:f="http://www.w3.org/2005/Atom" xml:lang="fr" xml:base="http://x.example/">
      <f:id>urn:f</f:id><d:title xmlns:d="http://purl.org/dc/elements/1.1/">no</d:title>
      <f:title type="html">T&lt;i>t&lt;/i></f:title><f:subtitle type="xhtml"><div xmlns="${XHTML}">sub</div></f:subtitle>
      <f:author><f:name>A</f:name></f:author><f:author><f:name>B</f:name></f:author>
      <f:rights>r</f:rights><f:icon> i.png </f:icon><f:logo>/l.png</f:logo><f:link href="."/><f:category term="c" label="C"/></f:feed>`),
  );
  assert.deepEqual(seen, {
    title: 'Tt',
    subtitle: 'sub',
    authors: [{ name: 'A' }, { name: 'B' }],
    rights: 'r',
    icon: 'http://x.example/i.png',
    logo: 'http://x.example/l.png',
    links: [{ rel: 'alternate', href: 'http://x.example/' }],
    categories: [{ term: 'c', label: 'C' }],
    language: 'fr',
  });
  assert.deepEqual(viewFeed(metadata('<feed/>')).title, 'news');
});

test('what is not well-formed has no view', () => {
  assert.throws(() => viewEntry('<entry'));
});
