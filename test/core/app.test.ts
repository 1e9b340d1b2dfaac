/** The application by itself: publishing, reading, revising, and what bad input gets. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AtomMQ } from '../../src/bus.js';
import { type Client, inProcess, temporaryFolder } from '../fixture.js';

let bus: AtomMQ;
let request: Client;

before(async () => {
  bus = await AtomMQ.open({ database: join(temporaryFolder(), 'bus.db') });
  request = inProcess(bus.app);
});
after(() => bus.close());

const entry = (inside: string) => `<entry xmlns="http://www.w3.org/2005/Atom">${inside}</entry>`;
const form = { 'content-type': 'application/x-www-form-urlencoded' };

test('the original curl line publishes, and the feed holds it', async () => {
  const sent =
    '<entry> <title>allo</title> <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">an important message</div></content> </entry>';
  const created = await request('POST', '/feed=Widgets', { body: sent, headers: form });
  assert.equal(created.status, 201);
  assert.match(String(created.headers.location), /\/feed=widgets\/entries\/[0-9a-f-]{36}$/);
  assert.equal(created.headers['content-location'], created.headers.location);
  const feed = await request('GET', '/feed=widgets');
  assert.equal(feed.status, 200);
  assert.equal(feed.headers['atommq-up-to-date'], 'true');
  assert.match(feed.body, /an important message/);
  const id = /<id>(urn:uuid:[^<]*)<\/id><updated>/.exec(feed.body)?.[1];
  const rest = await request('GET', `/feed=widgets?start_after=${id}`);
  assert.equal(rest.status, 200);
  assert.doesNotMatch(rest.body, /<entry/);
  assert.equal((await request('GET', '/feeds/WIDGETS')).status, 200);
});

test('pages follow one another by their next links without a gap', async () => {
  for (let i = 0; i < 7; i += 1) await request('POST', '/feed=paged', { body: entry(`<title>n${i}</title>`) });
  const seen: string[] = [];
  let path: string | undefined = '/feed=paged?page_size=3';
  while (path !== undefined) {
    const page = await request('GET', path);
    seen.push(...[...page.body.matchAll(/<title>(n\d)<\/title>/g)].map((m) => m[1]!));
    path = /<http:\/\/localhost\/atommq([^>]*)>; rel="next"/.exec(String(page.headers.link))?.[1];
  }
  assert.deepEqual(seen, ['n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6']);
  const newest = await request('GET', '/feed=paged?order=desc&page_size=2');
  assert.deepEqual(
    [...newest.body.matchAll(/<title>(n\d)</g)].map((m) => m[1]),
    ['n6', 'n5'],
  );
  assert.doesNotMatch((await request('GET', '/feed=paged?start_after=now')).body, /<entry/);
});

test('an id is stored once: a repeat is replayed, another content refused', async () => {
  const body = entry('<id>urn:x:once</id><title>a</title>');
  const [one, two] = await Promise.all([
    request('POST', '/feed=once', { body }),
    request('POST', '/feed=once', { body }),
  ]);
  assert.deepEqual([one.status, two.status], [201, 201]);
  assert.equal(one.headers.location, two.headers.location);
  assert.equal([one, two].filter((answer) => answer.headers['idempotency-replayed'] === 'true').length, 1);
  const other = await request('POST', '/feed=once', { body: entry('<id>urn:x:once</id><title>b</title>') });
  assert.equal(other.status, 409);
  const keyed = { body: entry('<title>k</title>'), headers: { 'idempotency-key': 'k1' } };
  const first = await request('POST', '/feed=once', keyed);
  const again = await request('POST', '/feed=once', keyed);
  assert.equal(first.headers.location, again.headers.location);
  assert.equal((await request('GET', '/feed=once')).body.split('<entry').length - 1, 2);
});

test('an append can expect the feed as it was read', async () => {
  const empty = { body: entry('<title>1</title>'), headers: { 'if-none-match': '*' } };
  assert.equal((await request('POST', '/feed=expect', empty)).status, 201);
  assert.equal((await request('POST', '/feed=expect', empty)).status, 412);
  const tag = String((await request('GET', '/feed=expect')).headers.etag);
  const next = { body: entry('<title>2</title>'), headers: { 'if-match': tag } };
  const second = await request('POST', '/feed=expect', next);
  assert.equal(second.status, 201);
  assert.equal((await request('POST', '/feed=expect', next)).status, 412);
  const last = { 'if-match': String(second.headers.etag) };
  assert.equal((await request('POST', '/feed=expect', { body: entry(''), headers: last })).status, 201);
  assert.equal((await request('POST', '/feed=nowhere', next)).status, 412);
  assert.equal((await request('GET', '/feed=nowhere')).status, 404);
});

test('an entry is revised and deleted in place', async () => {
  const created = await request('POST', '/feed=edit', { body: entry('<title>old</title>') });
  const path = new URL(String(created.headers.location)).pathname.slice('/atommq'.length);
  const tag = String(created.headers.etag);
  const revised = await request('PUT', path, { body: entry('<title>new</title>'), headers: { 'if-match': tag } });
  assert.equal(revised.status, 200);
  assert.match((await request('GET', '/feed=edit')).body, /<title>new</);
  assert.equal((await request('PUT', path, { body: entry(''), headers: { 'if-match': tag } })).status, 412);
  assert.equal((await request('DELETE', path)).status, 200);
  assert.equal((await request('GET', path)).status, 410);
  assert.match((await request('GET', '/feed=edit')).body, /<at:deleted-entry/);
  const put = await request('PUT', '/feed=edit/entries/none', { body: entry('') });
  assert.equal(put.status, 404);
});

test('a poll with its tag gets 304 until something comes', async () => {
  await request('POST', '/feed=poll', { body: entry('') });
  const { headers } = await request('GET', '/feed=poll');
  const conditional = { headers: { 'if-none-match': `"x", W/${headers.etag}` } };
  const same = await request('GET', '/feed=poll', conditional);
  assert.equal(same.status, 304);
  assert.equal(same.headers['cache-control'], 'no-cache');
  await request('POST', '/feed=poll', { body: entry('') });
  assert.equal((await request('GET', '/feed=poll', conditional)).status, 200);
});

const HOSTILE: [string, string | Uint8Array, number][] = [
  ['nothing', '', 400],
  ['an open element', '<entry><a></entry>', 400],
  ['a duplicate attribute', '<entry a="1" a="2"/>', 400],
  ['a duplicate expanded name', '<entry xmlns:a="u" xmlns:b="u" a:x="1" b:x="2"/>', 400],
  ['an undeclared prefix', '<entry><x:y/></entry>', 400],
  ['a control character', '<entry><title>\u0001</title></entry>', 400],
  ['a control character by reference', '<entry><title>&#1;</title></entry>', 400],
  ['a lone surrogate by reference', '<entry><title>&#xD800;</title></entry>', 400],
  ['an undefined entity', '<entry><title>&nbsp;</title></entry>', 400],
  ['a document type', '<!DOCTYPE entry [<!ENTITY a "b">]><entry><title>&a;</title></entry>', 400],
  ['an external entity', '<!DOCTYPE e SYSTEM "file:///etc/passwd"><entry/>', 400],
  ['invalid UTF-8', Buffer.from([0x3c, 0x65, 0x6e, 0x74, 0x72, 0x79, 0x3e, 0xff, 0x3c]), 400],
  ['deep nesting', `<entry>${'<a>'.repeat(100_000)}`, 400],
  ['two roots', '<entry/><entry/>', 400],
  ['another root', '<html/>', 422],
  ['two ids', '<entry><id>urn:a</id><id>urn:b</id></entry>', 422],
  ['a date that is none', '<entry><updated>yesterday</updated></entry>', 422],
  ['too much', `<entry>${'x'.repeat(5_000_000)}</entry>`, 413],
];

for (const [name, body, status] of HOSTILE) {
  test(`${name} is answered with ${status}, and nothing is stored`, async () => {
    const answer = await request('POST', '/feed=hostile', { body });
    assert.equal(answer.status, status, answer.body);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
    assert.equal(JSON.parse(answer.body).status, status);
    assert.equal((await request('GET', '/feed=hostile')).status, 404);
  });
}

test('names are decoded once, lower-cased, and bounded', async () => {
  for (const name of ['a%20b', 'a+b', '100%25', 'x;y', 'caf%C3%A9', 'a=b', 'n'.repeat(255)]) {
    assert.equal((await request('POST', `/feed=${name}`, { body: entry('') })).status, 201, name);
    assert.equal((await request('GET', `/feed=${name.toUpperCase()}`)).status, 200, name);
  }
  for (const name of ['', 'a%2Fb', 'a%00b', '%ff', 'n'.repeat(256)]) {
    assert.equal((await request('POST', `/feed=${name}`, { body: entry('') })).status, 400, name);
  }
});

test('xmllint takes a feed of everything that was accepted', async () => {
  const accepted = [
    '<a:entry xmlns:a="http://www.w3.org/2005/Atom"><foo/><a:content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">x<!-- c --><b>y</b><![CDATA[<z>]]></div></a:content></a:entry>',
    '<entry xml:lang="de" xmlns:thr="http://purl.org/syndication/thread/1.0"><title type="html">&lt;b&gt;&#13;&#x1F600;</title><thr:in-reply-to ref="urn:x"/></entry>',
    Buffer.from('<?xml version="1.0" encoding="iso-8859-1"?><entry><title>caf\xe9</title></entry>', 'latin1'),
    Buffer.from('\ufeff<entry><title>sechzehn \u{1F600}</title></entry>', 'utf16le'),
    '<entry/>',
  ];
  for (const body of accepted) assert.equal((await request('POST', '/feed=kept', { body })).status, 201);
  const { body } = await request('GET', '/feed=kept');
  assert.match(body, /café/);
  assert.match(body, /x<!-- c --><b>y<\/b><!\[CDATA\[<z>\]\]>/);
  const lint = spawnSync('xmllint', ['--noout', '-'], { input: body, encoding: 'utf8' });
  if (lint.error === undefined) assert.equal(lint.status, 0, lint.stderr);
  else assert.notEqual(process.env.ATOMMQ_TEST_REQUIRE, 'all', 'xmllint is missing');
});
