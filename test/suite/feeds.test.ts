/** Feeds as a whole (sections 1 and 2): what they say of themselves, their categories, the service document, removal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Door, eachDoor } from '../doors/all.js';
import { ATOM, entry, feedOf, lint, pathOf, problemOf, publish, revalidated, TYPE } from './atom.js';

const feed = (children: string, attributes = '') => `<feed xmlns="${ATOM}"${attributes}>${children}</feed>`;
const put = (door: Door, name: string, body: string, headers = {}) =>
  door.ask('PUT', `/atommq/feed=${name}`, { body, headers: { ...TYPE, ...headers } });

/** The terms of the categories that a document names. */
function termsIn(text: string): string[] {
  return [...text.matchAll(/<(?:atom:)?category[^>]*term="([^"]*)"/g)].map(([, term]) => term!);
}

eachDoor((at) => {
  test('PUT says what a feed is', async () => {
    const door = at();
    await publish(door, 'said', '<title>a</title>');
    const before = await door.ask('GET', '/atommq/feed=said');
    const told = await put(
      door,
      'said',
      feed(
        `<title type="html">Gr&amp;ouml;&#xDF;e</title><subtitle>sub</subtitle><author><name>Ann</name></author><rights>©</rights><icon>http://a.example/i</icon><x:y xmlns:x="urn:x" z="1"/><updated>2001-01-01T00:00:00Z</updated><link rel="self" href="http://wrong.example/"/><link rel="alternate" href="http://a.example/"/>`,
        ' xml:lang="de" xml:base="http://a.example/base/"',
      ),
    );
    assert.equal(told.status, 200, told.text);
    lint(told.text);
    const after = await door.ask('GET', '/atommq/feed=said', {
      headers: { 'if-none-match': before.headers.etag ?? '' },
    });
    const page = await feedOf(after);
    assert.equal(page.links.self, `${door.base}/feed=said`);
    assert.equal(page.links.alternate, 'http://a.example/');
    for (const part of [
      '<title xml:lang="de" xml:base="http://a.example/base/" type="html">Gr&amp;ouml;&#xDF;e</title>',
      '>sub</subtitle>',
      '<name>Ann</name>',
      '>©</rights>',
      '>http://a.example/i</icon>',
      'z="1"',
    ])
      assert.ok(after.text.includes(part), `${part} in ${after.text}`);
    assert.doesNotMatch(after.text, /2001-01-01|wrong\.example/);
    assert.doesNotMatch(/<feed[^>]*>/.exec(after.text)?.[0] ?? '', /xml:/, 'entries do not come under its language');
    assert.equal(page.entries.length, 1);
    const id = /<id>([^<]*)/.exec(before.text)?.[1];
    assert.equal(/<id>([^<]*)/.exec(after.text)?.[1], id, 'a feed keeps its id');
  });

  test('a prefixed document too, and what is not said has a default', async () => {
    const door = at();
    const prefixed = `<a:feed xmlns:a="${ATOM}" xmlns="urn:other"><a:subtitle>s</a:subtitle><z/></a:feed>`;
    assert.equal((await put(door, 'prefixed', prefixed)).status, 201);
    await publish(door, 'prefixed', '<title>e</title>');
    const { text } = await door.ask('GET', '/atommq/feed=prefixed');
    lint(text);
    assert.match(text, /<a:title>prefixed<\/a:title>/);
    assert.match(text, /<a:author><a:name>AtomMQ<\/a:name><\/a:author>/);
    assert.match(text, /<a:id>urn:uuid:/);
    assert.match(text, /<z\/>/);
    assert.match(text, /<entry xmlns="http:\/\/www.w3.org\/2005\/Atom">/);
  });

  test('PUT makes a feed, with the id that the document gives it', async () => {
    const door = at();
    const body = feed('<id>urn:x:my-feed</id><title>Mine</title>');
    assert.equal((await put(door, 'made', body, { 'if-none-match': '*' })).status, 201);
    problemOf(await put(door, 'made', body, { 'if-none-match': '*' }), 412);
    assert.equal((await put(door, 'made', body)).status, 200);
    const page = await door.ask('GET', '/atommq/feed=made');
    assert.match(page.text, /<id>urn:x:my-feed<\/id>/);
    assert.equal(page.headers['atommq-up-to-date'], 'true');
    problemOf(await put(door, 'made', feed('<id>urn:x:other</id>')), 422);
  });

  test('with the tag of a page, only if nothing was changed since', async () => {
    const door = at();
    const created = await publish(door, 'careful', '<title>a</title>');
    const { etag = '' } = (await door.ask('GET', '/atommq/feed=careful')).headers;
    assert.equal((await put(door, 'careful', feed('<title>1</title>'), { 'if-match': etag })).status, 200);
    problemOf(await put(door, 'careful', feed('<title>2</title>'), { 'if-match': etag }), 412);
    const path = pathOf(created.headers.location);
    await door.ask('PUT', path, { body: entry('<title>b</title>'), headers: TYPE });
    problemOf(await put(door, 'none-yet', feed(''), { 'if-match': '*' }), 412);
    problemOf(await door.ask('GET', '/atommq/feed=none-yet'), 404);
  });

  test('what does not describe a feed is refused', async () => {
    const door = at();
    const wrong = problemOf(await put(door, 'refused', feed('<title>t</title>\n<entry/>')), 422);
    assert.equal(wrong.line, 2);
    problemOf(await put(door, 'refused', entry()), 422);
    problemOf(await put(door, 'refused', feed('<title>a</title><title>b</title>')), 422);
    problemOf(await put(door, 'refused', '<feed'), 400);
    problemOf(await put(door, 'refused', feed(`<title>${'x'.repeat(70_000)}</title>`)), 413);
    problemOf(
      await door.ask('PUT', '/atommq/feed=refused', { body: '{}', headers: { 'content-type': 'application/json' } }),
      415,
    );
    problemOf(await door.ask('GET', '/atommq/feed=refused'), 404);
  });

  test('the categories in use', async () => {
    const door = at();
    const one = await publish(
      door,
      'tagged',
      '<category term="a" scheme="urn:s" label="A &amp; B"/><category term="b"/>',
    );
    await publish(door, 'tagged', '<category term="b"/><category term="b"/>');
    const get = () => door.ask('GET', '/atommq/feed=tagged/categories');
    const document = await get();
    assert.equal(document.status, 200, document.text);
    assert.match(document.headers['content-type'] ?? '', /^application\/atomcat\+xml/);
    revalidated(document);
    lint(document.text);
    assert.deepEqual(termsIn(document.text).sort(), ['a', 'b']);
    assert.match(document.text, /scheme="urn:s" label="A &amp; B"/);
    const { etag = '' } = document.headers;
    const path = '/atommq/feed=tagged/categories';
    assert.equal((await door.ask('GET', path, { headers: { 'if-none-match': etag } })).status, 304);
    const service = await door.ask('GET', '/atommq/');
    assert.ok(termsIn(service.text).includes('a'), service.text);
    // A revision without the category, and a deletion, take it out of use.
    const member = pathOf(one.headers.location);
    await door.ask('PUT', member, { body: entry('<category term="c"/>'), headers: TYPE });
    assert.deepEqual(termsIn((await get()).text).sort(), ['b', 'c']);
    await door.ask('DELETE', member);
    assert.deepEqual(termsIn((await get()).text), ['b']);
    problemOf(await door.ask('GET', '/atommq/feed=no-such/categories'), 404);
  });

  test('the service document says what collections take and are called', async () => {
    const door = at();
    await put(door, 'listed', feed('<title>A &amp; B</title>'));
    const { text } = await door.ask('GET', '/atommq/');
    lint(text);
    const collection = text.slice(text.indexOf(`href="${door.base}/feed=listed"`));
    assert.match(collection, /<atom:title>A &amp; B<\/atom:title>/);
    assert.match(collection, /<accept>application\/atom\+xml;type=entry<\/accept>/);
    assert.match(collection, /<accept>\*\/\*<\/accept>/);
  });

  test('a removed feed is gone with all it held', async () => {
    const door = at();
    const created = await publish(door, 'removed', '<id>urn:x:1</id><category term="a"/>');
    await door.ask('POST', '/atommq/feed=removed', { body: 'media', headers: { 'content-type': 'text/plain' } });
    assert.equal((await door.ask('DELETE', '/atommq/feed=removed')).status, 200);
    problemOf(await door.ask('GET', '/atommq/feed=removed'), 404);
    problemOf(await door.ask('GET', pathOf(created.headers.location)), 404);
    problemOf(await door.ask('DELETE', '/atommq/feed=removed'), 404);
    assert.doesNotMatch((await door.ask('GET', '/atommq/')).text, /feed=removed"|feed=%2F/);
    await publish(door, 'removed', '<title>new</title>');
    problemOf(await door.ask('GET', '/atommq/feed=removed?start_after=urn:x:1'), 400);
    assert.equal((await feedOf(await door.ask('GET', '/atommq/feed=removed'))).entries.length, 1);
  });
});
