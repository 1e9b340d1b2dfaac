/** Publishing (section 2 of the contract): what 201 means, what the server adds, and what is stored only once. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { eachDoor, unlessThere } from '../doors/all.js';
import { PATH } from '../doors/children.js';
import { entry, entryOf, feedOf, pathOf, problemOf, publish, TYPE, titlesOf, UUID } from './atom.js';

const ORIGINAL =
  '<entry> <title>allo</title> <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">an important message</div></content> </entry>';
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/;
const withoutCurl = unlessThere('curl');

eachDoor((at, { overHttp }) => {
  const curlLines = () => {
    const { base } = at();
    const curl = (...argv: string[]) => {
      const { status, stdout, stderr } = spawnSync('curl', ['-sS', '--fail', '--noproxy', '*', ...argv], {
        encoding: 'utf8',
        env: { ...process.env, PATH },
      });
      assert.equal(status, 0, stderr);
      return stdout;
    };
    const created = curl('-d', ORIGINAL, `${base}/feed=widgets`);
    assert.match(created, /<title>allo<\/title>/);
    const feed = curl(`${base}/feed=widgets`);
    assert.match(feed, /<div xmlns="http:\/\/www.w3.org\/1999\/xhtml">an important message<\/div>/);
    const id = /<entry[\s\S]*?<id>(urn:uuid:[^<]*)/.exec(feed)?.[1];
    const rest = curl(`${base}/feed=widgets?start_after=${id}`);
    assert.match(rest, /<feed/);
    assert.doesNotMatch(rest, /<entry/);
  };
  if (overHttp) test('the curl lines of the original work as printed', { skip: withoutCurl }, curlLines);

  test('201 says where the entry is and shows it', async () => {
    const { ask, base } = at();
    const created = await ask('POST', '/atommq/feed=created', {
      body: ORIGINAL,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    assert.equal(created.status, 201, created.text);
    assert.match(created.headers.location ?? '', new RegExp(`^${base}/feed=created/entries/${UUID}$`));
    assert.equal(created.headers['content-location'], created.headers.location);
    assert.ok(created.headers['cache-control']);
    const shown = await entryOf(created);
    assert.equal(shown.id, `urn:uuid:${created.headers.location?.slice(-36)}`);
    assert.match(shown.id, /^urn:uuid:.{8}-.{4}-7/, 'a UUID of version 7');
    for (const time of [shown.published, shown.updated, shown.edited]) assert.match(time, TIME);
    assert.equal(shown.links.self, created.headers.location);
    assert.equal(shown.links.edit, created.headers.location);
    assert.match(created.text, /<author>/, 'a stand-alone entry has an author');

    const got = await ask('GET', pathOf(created.headers.location));
    assert.equal(got.status, 200);
    assert.equal(got.headers.etag, created.headers.etag);
    assert.equal(got.text, created.text);
    assert.deepEqual(await titlesOf(await ask('GET', '/atommq/feed=created')), ['allo']);
  });

  test('what the publisher gave is kept, what it did not is set', async () => {
    const door = at();
    const given = await publish(
      door,
      'given',
      '<id>tag:example.org,2026:a?b&amp;c</id><title>t</title><published>2001-02-03T04:05:06Z</published>' +
        '<updated>2002-02-03T04:05:06.789+02:00</updated>',
    );
    const shown = await entryOf(given);
    assert.equal(shown.id, 'tag:example.org,2026:a?b&c');
    assert.equal(shown.published, '2001-02-03T04:05:06Z');
    assert.equal(shown.updated, '2002-02-03T04:05:06.789+02:00');
    assert.match(shown.edited, TIME);
    assert.ok(given.headers.location?.endsWith(`/entries/${encodeURIComponent(shown.id)}`), given.headers.location);
    assert.equal((await door.ask('GET', pathOf(given.headers.location))).status, 200);

    const bare = await entryOf(await publish(door, 'given', ''));
    assert.equal(bare.title, '');
  });

  test('links that only the server can know are the server’s', async () => {
    const link = (rel: string) => `<link rel="${rel}" href="http://elsewhere.example/${rel}"/>`;
    const shown = await entryOf(
      await publish(at(), 'links', `${['self', 'edit', 'alternate'].map(link).join('')}<title>l</title>`),
    );
    assert.ok(shown.links.self?.startsWith(at().base));
    assert.ok(shown.links.edit?.startsWith(at().base));
    assert.equal(shown.links.alternate, 'http://elsewhere.example/alternate');
  });

  for (const type of [
    'application/atom+xml',
    'application/atom+xml;type=entry',
    'application/atom+xml; type=entry; charset=utf-8',
    'application/xml',
    'text/xml',
    'Application/Atom+XML',
    undefined,
    'application/x-www-form-urlencoded',
  ]) {
    test(`an entry is taken as ${type ?? 'no type at all'}`, async () => {
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
      const answer = await at().ask('POST', '/atommq/feed=types', { body: entry('<title>t</title>'), headers });
      assert.equal(answer.status, 201, answer.text);
    });
  }

  test('times of a burst differ', async () => {
    const door = at();
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((t) => publish(door, 'burst', `<title>${t}</title>`)));
    const times = await Promise.all(answers.map(async (answer) => (await entryOf(answer)).updated));
    assert.equal(new Set(times).size, 4, times.join(' '));
  });

  test('a child that says it has no namespace is none of the entry’s own', async () => {
    const { ask } = at();
    const body =
      '<entry><title xmlns="">theirs</title><id xmlns="">not a word of an id</id><summary>s</summary></entry>';
    const created = await ask('POST', '/atommq/feed=unqualified', { body, headers: TYPE });
    assert.equal(created.status, 201, created.text);
    const { id } = await entryOf({ ...created, text: created.text.replace(/<(title|id) xmlns="">.*?<\/\1>/g, '') });
    assert.match(id, /^urn:uuid:/);
    assert.match(created.text, /<title><\/title>.*<title xmlns="">theirs<\/title>.*<summary>s<\/summary>/);
  });

  test('Prefer: return=minimal leaves the body out', async () => {
    const answer = await publish(at(), 'minimal', '<title>m</title>', { prefer: 'return=minimal' });
    assert.equal(answer.text, '');
    assert.ok(answer.headers.location);
    assert.ok(answer.headers.etag);
  });

  test('an id is stored once: a repeat is replayed, another content refused', async () => {
    const door = at();
    const body = '<id>urn:x:once</id><title>one</title>';
    const first = await publish(door, 'once', body);
    assert.equal(first.headers['idempotency-replayed'], undefined);
    const again = await publish(door, 'once', body);
    assert.equal(again.headers['idempotency-replayed'], 'true');
    assert.equal(again.headers.location, first.headers.location);
    const other = await door.ask('POST', '/atommq/feed=once', {
      body: entry('<id>urn:x:once</id><title>two</title>'),
      headers: TYPE,
    });
    problemOf(other, 409);
    assert.deepEqual(await titlesOf(await door.ask('GET', '/atommq/feed=once')), ['one']);
    await publish(door, 'once-elsewhere', '<id>urn:x:once</id><title>two</title>');
  });

  test('of repeats at the same moment one is stored', async () => {
    const door = at();
    const body = '<id>urn:x:race</id><title>r</title>';
    const answers = await Promise.all(Array.from({ length: 4 }, () => publish(door, 'race', body)));
    assert.equal(new Set(answers.map(({ headers }) => headers.location)).size, 1);
    assert.equal(answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined).length, 1);
    assert.equal((await feedOf(await door.ask('GET', '/atommq/feed=race'))).entries.length, 1);
  });

  test('Idempotency-Key does the same for entries without an id', async () => {
    const door = at();
    const key = { 'idempotency-key': '"k-1"' };
    const first = await publish(door, 'keyed', '<title>one</title>', key);
    const again = await publish(door, 'keyed', '<title>one</title>', key);
    assert.equal(again.headers['idempotency-replayed'], 'true');
    assert.equal(again.headers.location, first.headers.location);
    const other = await door.ask('POST', '/atommq/feed=keyed', {
      body: entry('<title>two</title>'),
      headers: { ...TYPE, ...key },
    });
    problemOf(other, 409);
    await publish(door, 'keyed', '<title>two</title>', { 'idempotency-key': '"k-2"' });
    assert.deepEqual(await titlesOf(await door.ask('GET', '/atommq/feed=keyed')), ['one', 'two']);
  });

  test('an empty Idempotency-Key is none', async () => {
    const door = at();
    for (const title of ['one', 'two'])
      await publish(door, 'unkeyed', `<title>${title}</title>`, { 'idempotency-key': '' });
    assert.deepEqual(await titlesOf(await door.ask('GET', '/atommq/feed=unkeyed')), ['one', 'two']);
  });

  test('If-None-Match: * appends only to a new feed', async () => {
    const door = at();
    await publish(door, 'fresh', '<title>1</title>', { 'if-none-match': '*' });
    const second = await door.ask('POST', '/atommq/feed=fresh', {
      body: entry('<title>2</title>'),
      headers: { ...TYPE, 'if-none-match': '*' },
    });
    problemOf(second, 412);
    assert.deepEqual(await titlesOf(await door.ask('GET', '/atommq/feed=fresh')), ['1']);
  });

  test('If-Match appends only where nobody has appended since', async () => {
    const door = at();
    const expecting = (tag: string | undefined, title: string) =>
      door.ask('POST', '/atommq/feed=expected', {
        body: entry(`<title>${title}</title>`),
        headers: { ...TYPE, 'if-match': tag ?? '' },
      });
    await publish(door, 'expected', '<title>1</title>');
    const page = (await door.ask('GET', '/atommq/feed=expected')).headers.etag;
    const second = await expecting(page, '2');
    assert.equal(second.status, 201, second.text);
    problemOf(await expecting(page, 'late'), 412);
    assert.equal((await expecting(second.headers.etag, '3')).status, 201);
    problemOf(await expecting(second.headers.etag, 'late'), 412);
    problemOf(await expecting('"of nothing"', 'late'), 412);
    assert.deepEqual(await titlesOf(await door.ask('GET', '/atommq/feed=expected')), ['1', '2', '3']);
  });
});
