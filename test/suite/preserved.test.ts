/** What a publisher sends comes back as it was sent (section 2): exclusive canonical XML of each child is equal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachDoor, unlessThere } from '../doors/all.js';
import { ATOM, pathOf, TYPE } from './atom.js';
import { canonicalEntries, preserved } from './canonical.js';

const HTML = 'http://www.w3.org/1999/xhtml';

/** Whole entries, the root without its namespace included where that is the point. */
const ENTRIES: [string, string][] = [
  ['nothing', `<entry xmlns="${ATOM}"/>`],
  ['no namespace at all', '<entry a="1"><title type="text">t</title><foo><bar/></foo></entry>'],
  [
    'mixed content, comments, CDATA and instructions',
    `<entry xmlns="${ATOM}"><content type="xhtml"><div xmlns="${HTML}">a<b>b</b>c<!-- d --><?e f?><![CDATA[<g> & ]]>h<br/></div></content></entry>`,
  ],
  [
    'an order of its own',
    `<entry xmlns="${ATOM}"><summary>s</summary><link href="http://a.example/1"/><category term="b"/><title>t</title><category term="a"/><link rel="related" href="http://a.example/2"/></entry>`,
  ],
  [
    'several authors, contributors, links and categories',
    `<entry xmlns="${ATOM}"><author><name>A</name><uri>http://a.example/</uri><email>a@a.example</email></author><author><name>B</name></author><contributor><name>C</name></contributor><category term="x" scheme="urn:s" label="X"/><category term="y">inside</category><link rel="enclosure" type="a/b" length="1" href="http://a.example/?a=1&amp;b=2"/></entry>`,
  ],
  [
    'foreign elements and attributes',
    `<entry xmlns="${ATOM}" xmlns:thr="http://purl.org/syndication/thread/1.0" thr:on-root="1"><thr:in-reply-to ref="urn:x" thr:b="2" a="1"/><title thr:x="y">t</title><x xmlns="urn:x"><y xmlns=""><z/></y></x></entry>`,
  ],
  [
    'prefixes that mean different things',
    `<entry xmlns="${ATOM}" xmlns:a="urn:one"><a:x><a:y xmlns:a="urn:two"><a:z/></a:y><a:w/></a:x><a:x/></entry>`,
  ],
  [
    'a prefix on everything',
    `<a:entry xmlns:a="${ATOM}"><a:title>t</a:title><b>no namespace</b><a:content type="xhtml"><h:div xmlns:h="${HTML}"><h:p>p</h:p></h:div></a:content></a:entry>`,
  ],
  [
    'a prefix on everything, and another default',
    `<a:entry xmlns:a="${ATOM}" xmlns="urn:d"><x/><a:title>t</a:title></a:entry>`,
  ],
  ['a prefix that only a value uses', `<entry xmlns="${ATOM}" xmlns:q="urn:q"><v type="q:name">q:value</v></entry>`],
  [
    'language and base',
    `<entry xmlns="${ATOM}" xml:lang="de" xml:base="http://a.example/b/"><title xml:lang="fr">t</title><content xml:base="c/" type="html">&lt;a href="d"&gt;</content></entry>`,
  ],
  [
    'white space of every kind',
    `<entry xmlns="${ATOM}">\n\t<title> a\tb\n c </title>\r\n<x y=" a&#9;b&#10;c&#13;d  e ">&#13;&#10;&#9;</x> <title2 xml:space="preserve">  </title2></entry>`,
  ],
  [
    'characters of every kind',
    `<entry xmlns="${ATOM}"><title>\u00e9\u2028\u0085\u{1F600}&#x1F600;&#133;&lt;&amp;&gt;&quot;&apos;\ufffd</title><x y="&lt;&amp;&quot;&apos;'&gt;"/></entry>`,
  ],
  [
    'HTML content',
    `<entry xmlns="${ATOM}"><content type="html">&lt;p&gt;a &amp;amp; b&lt;/p&gt;<![CDATA[<br>]]></content></entry>`,
  ],
  ['content elsewhere', `<entry xmlns="${ATOM}"><content type="image/png" src="http://a.example/a.png"/></entry>`],
  ['Base64', `<entry xmlns="${ATOM}"><content type="image/png">\niVBORw0KGgo=\n</content></entry>`],
  [
    'XML content',
    `<entry xmlns="${ATOM}"><content type="application/xml"><r xmlns=""><entry><id>not the id</id></entry></r></content></entry>`,
  ],
  [
    'a source with an id of its own',
    `<entry xmlns="${ATOM}"><source><id>urn:x:source</id><title>s</title><updated>2001-01-01T00:00:00Z</updated><author><name>S</name></author></source><title>t</title></entry>`,
  ],
  [
    'comments and instructions between the children',
    `<?xml version="1.0"?><!-- before --><entry xmlns="${ATOM}"><!-- a --><title>t</title><?b c?><summary>s</summary><!-- d --></entry><!-- after -->`,
  ],
  [
    'what looks like the end',
    `<entry xmlns="${ATOM}"><title><![CDATA[</entry></feed>]]></title><x y="</entry>"/></entry>`.replace(
      'y="</',
      'y="&lt;/',
    ),
  ],
];

const withoutXmllint = unlessThere('xmllint');

eachDoor((at) => {
  for (const [what, sent] of ENTRIES) {
    test(`${what} is kept`, { skip: withoutXmllint }, async () => {
      const { ask } = at();
      const feed = `/atommq/feed=${encodeURIComponent(what)}`;
      const created = await ask('POST', feed, { body: sent, headers: TYPE });
      assert.equal(created.status, 201, created.text);
      const [expected] = canonicalEntries(sent);
      for (const path of [pathOf(created.headers.location), feed]) {
        const { status, text } = await ask('GET', path);
        assert.equal(status, 200, text);
        preserved(canonicalEntries(text)[0], expected!, path);
      }
    });
  }
});
