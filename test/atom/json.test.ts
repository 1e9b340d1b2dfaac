/** JSON Feed and NDJSON: where each part of an entry goes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { writeJsonEntry, writeJsonFeed, writeNdjson } from '../../src/atom/json.js';
import { deleted, entryOf, hold, metadata, pageOf, URL_OF_FEED } from './held.js';
import { checkItem, checkJsonFeed } from './json-feed.js';

const XHTML = 'http://www.w3.org/1999/xhtml';

interface Item {
  [member: string]: unknown;
  _atommq: Record<string, unknown>;
}

function item(inside: string, changes: Parameters<typeof hold>[1] = {}, attributes = ''): Item {
  const parsed: unknown = JSON.parse(writeJsonEntry(hold(entryOf(inside, attributes), changes), URL_OF_FEED));
  checkItem(parsed, 'item');
  return parsed as Item;
}

describe('an item', () => {
  test('has the parts of an entry in their places', () => {
    const seen = item(
      `<title type="html">T &amp;amp; t</title><summary type="html">&lt;p>S&lt;/p></summary><content>c</content>
       <published>2020-01-02T03:04:05+06:00</published><updated>2021-01-02T03:04:05.678Z</updated>
       <author><name>A</name><email>a@x.example</email></author><author><name/><uri>/who</uri></author><author><name/></author>
       <contributor><name>C</name></contributor><category term="one" scheme="urn:s" label="One"/><category term="one"/><category term=""/>
       <link href="../other"/><link rel="enclosure" href="http://e.example/e.ogg" type="audio/ogg" length="12" title="E"/>
       <link rel="http://www.iana.org/assignments/relation/enclosure" href="e2" length="many"/><rights>R</rights>`,
      {},
      'xml:lang="de-AT"',
    );
    assert.deepEqual(seen, {
      id: 'urn:x:1',
      url: `${URL_OF_FEED}/entries/urn%3Ax%3A1`,
      external_url: 'https://bus.example/other',
      title: 'T & t',
      content_text: 'c',
      summary: 'S',
      date_published: '2020-01-02T03:04:05+06:00',
      date_modified: '2021-01-02T03:04:05.678Z',
      authors: [{ name: 'A', url: 'mailto:a@x.example' }, { url: 'https://bus.example/who' }],
      tags: ['one'],
      language: 'de-AT',
      attachments: [
        { url: 'http://e.example/e.ogg', mime_type: 'audio/ogg', title: 'E', size_in_bytes: 12 },
        { url: 'https://bus.example/atommq/e2', mime_type: 'application/octet-stream' },
      ],
      _atommq: {
        edited: '2024-02-29T12:34:56.789012Z',
        categories: [{ term: 'one', scheme: 'urn:s', label: 'One' }, { term: 'one' }, { term: '' }],
        links: [
          { rel: 'alternate', href: 'https://bus.example/other' },
          { rel: 'enclosure', href: 'http://e.example/e.ogg', type: 'audio/ogg', title: 'E', length: '12' },
          {
            rel: 'http://www.iana.org/assignments/relation/enclosure',
            href: 'https://bus.example/atommq/e2',
            length: 'many',
          },
        ],
        contributors: [{ name: 'C' }],
        rights: 'R',
      },
    });
  });

  test('of an entry with nothing in it is valid', () => {
    const seen = item('');
    assert.equal(seen.content_text, '');
    assert.equal('title' in seen, false);
    assert.equal(seen.date_published, '2024-02-29T12:34:56.789012Z');
  });

  test('content of each type', () => {
    const html = item('<content type="html">&lt;p>a &amp;amp; b&lt;/p></content>');
    assert.equal(html.content_html, '<p>a &amp; b</p>');
    assert.equal('content_text' in html, false);
    const xhtml = item(`<content type="xhtml"><x:div xmlns:x="${XHTML}">a<x:br/>&lt;</x:div></content>`);
    assert.equal(xhtml.content_html, 'a<br>&lt;');
    for (const [type, inside, value] of [
      ['application/json', '{"a":"]]&gt;"}', '{"a":"]]>"}'],
      ['image/png', 'aGk=', 'aGk='],
      ['application/xml', '<a xmlns="urn:a"/>', '<a xmlns="urn:a"/>'],
      ['text/plain', 'p', 'p'],
    ] as const) {
      const seen = item(`<content type="${type}">${inside}</content>`);
      assert.equal(seen.content_text, value);
      assert.equal(seen._atommq.content_type, type);
    }
    const elsewhere = item('<content type="image/png" src="/i.png"/><summary>alt</summary>');
    assert.equal(elsewhere.content_text, '');
    assert.equal(elsewhere._atommq.content_src, 'https://bus.example/i.png');
  });

  test('xml:base: resolved in XHTML, told for HTML', () => {
    const base = 'xml:base="http://b.example/c/"';
    const xhtml = item(`<content type="xhtml"><div xmlns="${XHTML}"><a href="d">e</a></div></content>`, {}, base);
    assert.equal(xhtml.content_html, '<a href="http://b.example/c/d">e</a>');
    const html = item('<content type="html" xml:base="f/">&lt;a href="d">e&lt;/a></content>', {}, base);
    assert.equal(html.content_html, '<a href="d">e</a>');
    assert.equal(html._atommq.content_base, 'http://b.example/c/f/');
    assert.equal('content_base' in item('<content type="html">x</content>')._atommq, false);
  });

  test('a media link entry has its media as an attachment', () => {
    const seen = item('<title>m</title>', { media: { type: 'image/png', size: 70 } });
    const url = `${URL_OF_FEED}/entries/urn%3Ax%3A1/media`;
    assert.deepEqual(seen.attachments, [{ url, mime_type: 'image/png', size_in_bytes: 70 }]);
    assert.equal(seen._atommq.content_type, 'image/png');
    assert.equal(seen._atommq.content_src, url);
  });

  test('authors come from the source where there are none, and drafts say so', () => {
    const seen = item(
      '<source><title>s</title><author><name>SA</name></author></source><c:control xmlns:c="http://www.w3.org/2007/app"><c:draft>yes</c:draft></c:control>',
    );
    assert.deepEqual(seen.authors, [{ name: 'SA' }]);
    assert.equal(seen._atommq.draft, true);
    assert.deepEqual(seen._atommq.source, { title: 's' });
  });

  test('a deleted entry keeps its place', () => {
    const seen: unknown = JSON.parse(writeJsonEntry(deleted('urn:x:2'), URL_OF_FEED));
    checkItem(seen, 'item');
    assert.deepEqual(seen, { id: 'urn:x:2', content_text: '', _atommq: { deleted: '2024-02-29T12:34:56.789012Z' } });
  });
});

describe('a feed', () => {
  test('with nothing said of it', () => {
    const page = pageOf([hold(entryOf('<title>t</title>')), deleted('urn:x:2')]);
    const feed = JSON.parse(writeJsonFeed(page)) as Record<string, unknown>;
    checkJsonFeed(feed);
    assert.equal(feed.title, 'news');
    assert.equal(feed.home_page_url, URL_OF_FEED);
    assert.equal(feed.feed_url, page.links[0]!.href);
    assert.equal(feed.next_url, page.links[2]!.href);
    assert.deepEqual(feed.authors, [{ name: 'AtomMQ' }]);
    assert.deepEqual(
      (feed.items as Item[]).map(({ id }) => id),
      ['urn:x:1', 'urn:x:2'],
    );
  });

  test('with metadata', () => {
    const said = metadata(`<a:feed xmlns:a="http://www.w3.org/2005/Atom" xml:lang="fr" xml:base="http://x.example/">
      <a:id>urn:f</a:id><a:title type="xhtml"><div xmlns="${XHTML}">T<i>t</i></div></a:title><a:subtitle>s</a:subtitle><a:icon>i</a:icon>
      <a:logo>l</a:logo><a:link href="home"/><a:author><a:name>N</a:name></a:author><a:category term="c"/><a:rights>r</a:rights></a:feed>`);
    const links = [{ rel: 'hub', href: 'http://h.example/' }];
    const feed = JSON.parse(writeJsonFeed(pageOf([], { metadata: said, links }))) as Record<string, unknown>;
    checkJsonFeed(feed);
    assert.deepEqual(feed, {
      version: 'https://jsonfeed.org/version/1.1',
      title: 'Tt',
      home_page_url: 'http://x.example/home',
      feed_url: URL_OF_FEED,
      description: 's',
      icon: 'http://x.example/l',
      favicon: 'http://x.example/i',
      authors: [{ name: 'N' }],
      language: 'fr',
      hubs: [{ type: 'WebSub', url: 'http://h.example/' }],
      items: [],
      _atommq: {
        id: 'urn:uuid:0e5d0c1e-0000-8000-8000-000000000000',
        updated: '2024-02-29T12:34:56.789012Z',
        rights: 'r',
        categories: [{ term: 'c' }],
        links: [{ rel: 'alternate', href: 'http://x.example/home' }],
      },
    });
  });
});

test('NDJSON: a line for each entry, whatever ends a line for whom', () => {
  const odd = hold(entryOf('<content>a\nb&#13;c\u0085d\u2028e\u2029f&#9;g\u{1F600}</content>'));
  const lines = writeNdjson(pageOf([odd, deleted('urn:x:2'), odd]));
  assert.equal(lines.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/).length, 4);
  assert.ok(lines.endsWith('}\n'));
  const first = JSON.parse(lines.split('\n')[0]!) as Item;
  assert.equal(first.content_text, 'a\nb\rc\u0085d\u2028e\u2029f\tg\u{1F600}');
  assert.equal(writeNdjson(pageOf([])), '');
});
