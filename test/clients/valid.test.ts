/** Every kind of document that the server gives out is valid by RELAX NG: feeds, entries, services, categories. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Answered } from '../client.js';
import { type Door, unlessThere } from '../doors/all.js';
import { openFolder } from '../doors/children.js';
import { httpGateway } from '../doors/gateways.js';
import { ATOM, entry, entryOf, feedOf, linkHeader, pathOf, publish, TYPE } from '../suite/atom.js';
import { invalid } from './jing.js';

const without = unlessThere('jing');

const HTML = 'http://www.w3.org/1999/xhtml';

/** Entries that are valid but for what the server adds. */
const ENTRIES: Record<string, string> = {
  'nothing at all': `<entry xmlns="${ATOM}"/>`,
  'no namespace': '<entry><title>t</title><content>c</content></entry>',
  'an id and times of its own': entry(
    '<id>tag:example.org,2026:1</id><title>t</title><published>2001-02-03T04:05:06Z</published><updated>2002-02-03T04:05:06.7+02:00</updated>',
  ),
  'what is the server’s': entry(
    '<link rel="self" href="http://e.example/"/><link rel="edit" href="http://e.example/"/><link rel="edit-media" href="http://e.example/"/><app:edited xmlns:app="http://www.w3.org/2007/app">2001-02-03T04:05:06Z</app:edited>',
  ),
  'empty elements': entry('<id/><title/><updated/><published></published><summary/><rights/><content/>'),
  persons: entry(
    '<author><name>A</name><uri>http://a.example/</uri><email>a@a.example</email></author><author><name>B</name><x xmlns="urn:x"/></author><contributor><name>C</name></contributor>',
  ),
  'links and categories': entry(
    '<link href="http://a.example/"/><link rel="enclosure" type="audio/mpeg" length="1" hreflang="de" title="t" href="a?b=1&amp;c=2">x</link><link rel="http://a.example/rel" href="#"/><category term="a" scheme="urn:s" label="A"/><category term=""/>',
  ),
  XHTML: entry(
    `<title type="xhtml"><div xmlns="${HTML}"><b>t</b></div></title><summary type="html">&lt;p&gt;</summary><content type="xhtml" xml:lang="de" xml:base="http://a.example/"><h:div xmlns:h="${HTML}">a<!-- b --><h:p class="c">d</h:p><?e f?></h:div></content>`,
  ),
  'content of other kinds': entry(
    '<summary>s</summary><content type="application/xml"><r xmlns=""><entry/></r></content>',
  ),
  'content elsewhere': entry('<summary>s</summary><content type="image/png" src="http://a.example/a.png"/>'),
  Base64: entry('<summary>s</summary><content type="image/png">iVBORw0KGgo=</content>'),
  extensions: `<entry xmlns="${ATOM}" xmlns:thr="http://purl.org/syndication/thread/1.0" xmlns:app="http://www.w3.org/2007/app" thr:a="b"><thr:in-reply-to ref="urn:x"/><app:control><app:draft>yes</app:draft><x xmlns="urn:x"/></app:control><x xmlns="urn:x"><y xmlns=""/></x></entry>`,
  'a prefix': `<a:entry xmlns:a="${ATOM}" xml:lang="de"><b>none</b><a:content>c</a:content></a:entry>`,
  'a prefix and nothing else': `<a:entry xmlns:a="${ATOM}"/>`,
  'a source': entry(
    '<source><id>urn:x:source</id><title>s</title><updated>2001-01-01T00:00:00Z</updated><author><name>S</name></author><logo>l</logo><generator/></source>',
  ),
};
const FEED = '/atommq/feed=documents';

let door: Door;
const created: Record<string, Answered> = {};
const get = (path: string, headers: Record<string, string> = {}) => door.ask('GET', path, { headers });

before(async () => {
  door = await httpGateway.start({ database: `${openFolder()}/bus.db`, pageSize: 4 });
  for (const [what, body] of Object.entries(ENTRIES)) {
    created[what] = await door.ask('POST', FEED, { body, headers: TYPE });
    assert.equal(created[what].status, 201, `${what}: ${created[what].text}`);
  }
});
after(() => door.stop());

/** Fails with all that jing says of documents that are not valid, and the lines that it means. */
async function valid(grammar: string, answers: Record<string, Answered>): Promise<void> {
  const documents = Object.fromEntries(Object.entries(answers).map(([name, { text }]) => [name, text]));
  const refused = Object.entries(await invalid(grammar, documents)).flatMap(([name, errors]) =>
    errors.map((error) => `${name}: ${error}\n${lineOf(documents[name]!, Number.parseInt(error, 10))}`),
  );
  if (refused.length > 0) assert.fail(refused.join('\n'));
}

function lineOf(text: string, line: number): string {
  return text.split('\n')[line - 1]?.slice(0, 500) ?? '';
}

/** Pages of a feed of every kind: full ones, the last, the newest first, the end. */
async function pagesOf(feed: string): Promise<Record<string, Answered>> {
  const pages: Record<string, Answered> = {};
  for (const query of ['?order=desc', '?start_after=now', '?page_size=1', '?start_at=last']) {
    pages[query] = await get(`${feed}${query}`);
  }
  for (let path: string | undefined = feed; path !== undefined; ) {
    pages[path] = await get(path);
    const next: string | undefined = linkHeader(pages[path]!).next;
    path = next === undefined ? undefined : pathOf(next);
  }
  return pages;
}

test('entries are valid, where they are created, read and revised', { skip: without }, async () => {
  const answers: Record<string, Answered> = {};
  for (const [what, answer] of Object.entries(created)) {
    answers[`${what}, created`] = answer;
    answers[`${what}, read`] = await get(pathOf(answer.headers.location));
    const other = await publish(door, 'revised', '');
    const path = pathOf(other.headers.location);
    const body = ENTRIES[what]!.replace(/<id>.*<\/id>/, '');
    answers[`${what}, revised`] = await door.ask('PUT', path, { body, headers: TYPE });
    assert.equal(answers[`${what}, revised`]?.status, 200);
  }
  await valid('atom.rnc', answers);
});

test('pages are valid', { skip: without }, async () => {
  const pages = await pagesOf(FEED);
  assert.ok(Object.keys(pages).length > 6);
  await valid('atom.rnc', pages);
});

test('batches are answered with what is valid', { skip: without }, async () => {
  const body = `<feed xmlns="${ATOM}" xml:lang="en">${entry('<title>1</title>')}${entry('<title>2</title>')}</feed>`;
  const whole = await door.ask('POST', '/atommq/feed=batch', { body, headers: TYPE });
  assert.equal(whole.status, 201, whole.text);
  await valid('atom.rnc', { whole, ...(await pagesOf('/atommq/feed=batch')) });
});

test('feeds with metadata of their own are valid', { skip: without }, async () => {
  const feed = '/atommq/feed=described';
  for (const title of ['1', '2', '3', '4', '5']) await publish(door, 'described', `<title>${title}</title>`);
  for (const metadata of [
    '<title>t</title>',
    `<title type="html">&lt;b&gt;t</title><subtitle type="xhtml"><div xmlns="${HTML}">s</div></subtitle>
     <author><name>A</name><uri>http://a.example/</uri></author><author><name>B</name></author><rights>r</rights><icon>http://a.example/i.png</icon><logo>l.png</logo>
     <category term="t"/><generator uri="http://g.example/" version="1">g</generator><link rel="related" href="http://r.example/"/><x xmlns="urn:x">y</x>`,
  ]) {
    const body = `<feed xmlns="${ATOM}" xml:lang="de">${metadata}</feed>`;
    const put = await door.ask('PUT', feed, { body, headers: TYPE });
    assert.ok(put.status === 200 || put.status === 204, put.text);
    await valid('atom.rnc', await pagesOf(feed));
  }
  assert.match((await get(feed)).text, /<subtitle [^>]*type="xhtml">/);
});

test('media link entries and their feeds are valid', { skip: without }, async () => {
  const media = async (body: string | Uint8Array, type: string, headers = {}) => {
    const answer = await door.ask('POST', '/atommq/feed=media', {
      body,
      headers: { 'content-type': type, ...headers },
    });
    assert.equal(answer.status, 201, answer.text);
    return answer;
  };
  const answers = {
    binary: await media(Buffer.from([0, 255, 13, 10]), 'image/png', { slug: 'Gr%C3%BC%C3%9Fe & <mehr>' }),
    text: await media('{}', 'application/json; charset=utf-8'),
    empty: await media('', 'application/octet-stream'),
  };
  await valid('atom.rnc', answers);
  const path = pathOf(answers.binary.headers.location);
  const body = `<entry xmlns="${ATOM}"><title>revised</title><summary>s</summary></entry>`;
  const revised = await door.ask('PUT', path, { body, headers: TYPE });
  assert.equal(revised.status, 200, revised.text);
  await valid('atom.rnc', { revised, read: await get(path), ...(await pagesOf('/atommq/feed=media')) });
});

test('tombstones are valid, and so are pages with them', { skip: without }, async () => {
  const feed = '/atommq/feed=tombstones';
  const entries: Answered[] = [];
  for (const title of ['1', '2', '3', '4', '5', '6']) {
    entries.push(await publish(door, 'tombstones', `<title>${title}</title>`));
  }
  const answers: Record<string, Answered> = {};
  for (const index of [0, 2, 5]) {
    answers[`deletion of ${index}`] = await door.ask('DELETE', pathOf(entries[index]!.headers.location));
  }
  const { id } = await entryOf(entries[1]!);
  const gone = (await feedOf(await get(feed))).deleted.map(({ ref }) => ref);
  assert.equal(gone.length, 2);
  answers.after = await get(`${feed}?start_after=${id}`);
  await valid('atom.rnc', { ...answers, ...(await pagesOf(feed)) });
});

test('a delta is valid', { skip: without }, async () => {
  await publish(door, 'delta', '<title>1</title>');
  const tag = (await get('/atommq/feed=delta')).headers.etag ?? '';
  await publish(door, 'delta', '<title>2</title>');
  const delta = await get('/atommq/feed=delta', { 'a-im': 'feed', 'if-none-match': tag });
  assert.equal(delta.status, 226, delta.text);
  await valid('atom.rnc', { delta });
});

test('the service document is valid', { skip: without }, async () => {
  for (const name of ['a b', 'grün & <rot>', '"\'']) await publish(door, encodeURIComponent(name), '');
  const service = await get('/atommq/');
  assert.match(service.headers['content-type'] ?? '', /^application\/atomsvc\+xml/);
  await valid('app.rnc', { service });
});

test('category documents are valid', { skip: without }, async () => {
  const answers: Record<string, Answered> = {};
  await publish(door, 'none', '');
  await publish(door, 'some', '<category term="a&amp;b" scheme="urn:s" label="&lt;A&gt;"/><category term="c"/>');
  for (const feed of ['none', 'some', 'documents']) {
    const answer = await get(`/atommq/feed=${feed}/categories`);
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers['content-type'] ?? '', /^application\/atomcat\+xml/);
    answers[feed] = answer;
  }
  assert.match(answers.some!.text, /term="a&amp;b"/);
  await valid('app.rnc', answers);
});
