/** Plain pages of feeds: what they show, and that nothing of what was published acts in them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { HTML_POLICY, writeHtmlFeed } from '../../src/atom/html.js';
import { withFormat } from '../../src/atom/html-page.js';
import { deleted, entryOf, hold, metadata, pageOf, URL_OF_FEED } from './held.js';
import { readPage } from './html-reader.js';

const XHTML = 'http://www.w3.org/1999/xhtml';
const entry = (inside: string, changes: Parameters<typeof hold>[1] = {}, attributes = '') =>
  writeHtmlFeed(pageOf([hold(entryOf(inside, attributes), changes)]));

describe('a page of a feed', () => {
  test('shows its entries, deleted ones as such, and leads on', () => {
    const html = writeHtmlFeed(
      pageOf([hold(entryOf('<title>one &amp; only</title><content>c</content>')), deleted('urn:x:2')]),
    );
    const { title, text, links } = readPage(html);
    assert.equal(title, 'news');
    assert.match(text, /one & only/);
    assert.match(text, /Deleted entry\nurn:x:2 was deleted 2024-02-29 12:34:56 UTC/);
    assert.match(html, /<html lang="en">/);
    const byRel = (rel: string) => links.filter((link) => link.rel === rel);
    assert.equal(byRel('next')[0]?.href, `${URL_OF_FEED}?page_size=2&start_after=urn:x:1`);
    assert.deepEqual(
      byRel('alternate').map(({ href, type }) => [href, type]),
      [
        [`${URL_OF_FEED}?page_size=2&order=desc&format=atom`, 'application/atom+xml'],
        [`${URL_OF_FEED}?page_size=2&order=desc&format=json`, 'application/feed+json'],
      ],
    );
    assert.ok(links.some(({ href }) => href === `${URL_OF_FEED}/entries/urn%3Ax%3A1`));
  });

  test('an empty one says so', () => {
    assert.match(readPage(writeHtmlFeed(pageOf([], { links: [] }))).text, /no entries/);
  });

  test('shows what the feed says of itself, in its language', () => {
    const said =
      metadata(`<a:feed xmlns:a="http://www.w3.org/2005/Atom" xml:lang="de"><a:title type="html">&lt;b>T&lt;/b></a:title>
      <a:subtitle>&lt;script></a:subtitle><a:rights>R"</a:rights></a:feed>`);
    const html = writeHtmlFeed(pageOf([], { metadata: said }));
    assert.match(html, /<h1 lang="de">T<\/h1>\n<p lang="de">&lt;script&gt;<\/p>/);
    assert.match(readPage(html).text, /R"/);
  });
});

describe('an entry', () => {
  test('shows all of it', () => {
    const html = entry(
      `<title>T</title><summary>S</summary><content type="html">&lt;p>one&lt;/p>&lt;p>two &amp;lt;b>&lt;/p></content><author><name>A</name><email>a@x.example</email></author>
       <category term="t" label="L"/><link rel="related" href="http://r.example/" title="R"/><rights>©</rights><published>2020-01-01T00:00:00Z</published>
       <c:control xmlns:c="http://www.w3.org/2007/app"><c:draft>yes</c:draft></c:control><source><title>Src</title></source>`,
      {},
      'xml:lang="he"',
    );
    const { text, links } = readPage(html);
    for (const part of ['S', 'one\ntwo <b>', 'By A', 'L', 'related: R', '©', 'Draft', 'from Src'])
      assert.ok(text.includes(part), part);
    assert.match(html, /<article lang="he">/);
    assert.match(html, /<time datetime="2020-01-01T00:00:00.000Z">2020-01-01 00:00:00 UTC<\/time>/);
    assert.equal(links.find(({ href }) => href === 'http://r.example/')?.rel, 'nofollow noopener');
    assert.ok(links.some(({ href }) => href === 'mailto:a@x.example'));
  });

  test('content of other types', () => {
    assert.match(
      entry('<content type="application/xml"><a xmlns="urn:a">b</a></content>'),
      /<summary>application\/xml source<\/summary>\n<pre>\n&lt;a xmlns=&quot;urn:a&quot;&gt;/,
    );
    assert.match(entry('<content type="application/json">{"a":1}</content>'), /<pre>\n\{&quot;a&quot;:1\}<\/pre>/);
    assert.match(entry('<content type="image/png">aGk=</content>'), /<details>\n<summary>image\/png/);
    assert.match(
      entry(`<content type="xhtml"><div xmlns="${XHTML}">a<b>b</b></div></content>`),
      /<p class="text">ab<\/p>/,
    );
    assert.match(
      entry('<content type="image/png" src="http://i.example/"/>'),
      /<a href="http:\/\/i.example\/" rel="nofollow noopener" type="image\/png">/,
    );
    assert.match(
      entry('', { media: { type: 'image/png', size: 7 } }),
      /<a href="[^"]*\/media">image\/png, 7 bytes<\/a>/,
    );
    assert.doesNotMatch(entry('<content type="image/png"/>'), /<details>/);
  });

  test('an entry without a title goes by its id, and a time that is none is shown as it is', () => {
    const html = entry('<published>1990-12-31T23:59:60Z</published>');
    assert.match(html, /<h2><a href="[^"]*\/entries\/urn%3Ax%3A1">urn:x:1<\/a><\/h2>/);
    assert.match(html, /published 1990-12-31T23:59:60Z/);
  });
});

describe('nothing that was published acts', () => {
  const attack = `&lt;/title>&lt;/pre>&lt;script>alert(1)&lt;/script>&quot;&apos; onload=&apos;x&lt;!--`;

  test('in any place', () => {
    const person = `<name>${attack}</name><uri>${attack}</uri><email>${attack}</email>`;
    const parts = [
      ...['title', 'summary', 'rights'].flatMap((name) => [
        `<${name}>${attack}</${name}>`,
        `<${name} type="html">${attack}&amp;lt;script></${name}>`,
        `<${name} type="xhtml"><div xmlns="${XHTML}"><script>alert(1)</script><b title="${attack}">${attack}</b></div></${name}>`,
      ]),
      ...['text', 'html', 'text/plain', 'application/json', 'image/png', attack].map(
        (type) => `<content type="${type}">${attack}</content>`,
      ),
      `<content type="application/xml"><script xmlns="${XHTML}" a="${attack}">${attack}</script></content>`,
      `<content type="xhtml"><script xmlns="${XHTML}">${attack}</script></content>`,
      `<content type="${attack}" src="${attack}"/>`,
      `<category term="${attack}" scheme="${attack}"/><category term="x" label="${attack}"/>`,
      `<link rel="${attack}" href="${attack}" type="${attack}" title="${attack}" hreflang="${attack}"/>`,
      `<link rel="x" href="http://x.example/${attack}"/>`,
      `<author>${person}</author><contributor>${person}</contributor>`,
      `<source><id>${attack.replaceAll(' ', '')}</id><title>${attack}</title><author>${person}</author></source>`,
    ];
    for (const part of parts) {
      for (const attributes of ['', `xml:lang="${attack}" xml:base="${attack}"`]) {
        const held = hold(entryOf(part, attributes));
        const html = writeHtmlFeed(pageOf([held]));
        readPage(html);
        assert.doesNotMatch(html, /<script|<!--/i);
      }
    }
    const media = { type: '"><script>', size: 1 };
    readPage(entry('', { media }));
    const feedParts = `<title>${attack}</title><subtitle type="html">${attack}</subtitle><rights>${attack}</rights>`;
    readPage(writeHtmlFeed(pageOf([], { metadata: metadata(`<feed xml:lang="${attack}">${feedParts}</feed>`) })));
  });

  test('addresses with other schemes are text', () => {
    const bad = [
      'javascript:alert(1)',
      ' JavaScript:alert(1)',
      'java&#10;script:alert(1)',
      'data:text/html,x',
      'vbscript:x',
      'file:///etc/passwd',
      'blob:x',
    ];
    for (const href of bad) {
      const inside = `<link rel="related" href="${href}"/><content src="${href}" type="a/b"/><author><name>n</name><uri>${href}</uri></author>`;
      for (const attributes of ['', 'xml:base="javascript:x/"']) {
        const { links } = readPage(entry(inside, {}, attributes));
        assert.deepEqual(
          links.filter(({ rel }) => rel === 'nofollow noopener'),
          [],
          href,
        );
      }
    }
    const relative = readPage(entry('<link rel="related" href="//r.example/x"/>'));
    assert.equal(relative.links.find(({ rel }) => rel === 'nofollow noopener')?.href, 'https://r.example/x');
  });
});

test('the policy allows the style sheet of the pages and nothing else', () => {
  const style = /<style>(.*?)<\/style>/s.exec(entry(''))![1]!;
  assert.doesNotMatch(style, /[<&]/);
  assert.equal(
    HTML_POLICY,
    `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; img-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
});

test('format= beside other parameters', () => {
  assert.equal(withFormat('http://x/a', 'json'), 'http://x/a?format=json');
  assert.equal(withFormat('http://x/a?b=%3F?&format=html&c', 'json'), 'http://x/a?b=%3F?&c&format=json');
});
