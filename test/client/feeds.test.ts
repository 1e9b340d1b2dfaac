/** What a client learns of feeds without reading them: names, how far they have come, what they say of themselves. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Client, connect, Refused } from '../../src/client/client.js';
import { endAll } from '../server.js';
import { Server } from './server.js';

let client: Client;
before(async () => {
  client = connect((await Server.start()).url);
});
after(endAll);

/** A name of each kind that an address or XML writes otherwise. */
const NAMES = ["it's", 'a&b', '100 %', 'grün', 'x"y', '<z>', 'plain'];

test('names come back as they were given, and feeds that are not there are left out', async () => {
  assert.deepEqual(await client.feeds(), []);
  assert.deepEqual((await client.activity(['none'])).feeds, []);
  for (const name of NAMES) await client.feed(name).publish({ title: name });
  assert.deepEqual((await client.feeds()).sort(), [...NAMES].sort());
  const { feeds, at, seconds } = await client.activity([...NAMES, 'none']);
  assert.deepEqual(feeds.map(({ feed }) => feed).sort(), [...NAMES].sort());
  assert.ok(Date.parse(at) > 0 && seconds > 0);
  assert.ok(feeds.every(({ head, entries, last }) => head === 1 && entries === 1 && last !== undefined));
});

test('more feeds than one request may name are asked for in several', async () => {
  const many = Array.from({ length: 120 }, (_, i) => `many-${i}-${'ü'.repeat(60)}`);
  await client.feed(many[0]!).publish({ title: 'a' });
  await client.feed(many[119]!).publish({ title: 'b' });
  const { feeds } = await client.activity(many);
  assert.deepEqual(feeds.map(({ feed }) => feed).sort(), [many[0]!, many[119]!].sort());
});

test('about is what a feed says of itself, entry is one of its entries', async () => {
  const feed = client.feed('about');
  const [a, b] = await feed.publish([{ title: 'a' }, { title: 'b', content: 'text' }]);
  const document = `<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><subtitle>S</subtitle><author><name>Ann</name></author><rights>R</rights></feed>`;
  const headers = { 'content-type': 'application/atom+xml' };
  assert.equal((await fetch(feed.url, { method: 'PUT', body: document, headers })).status, 200);
  const { id, title, subtitle, authors, rights, first, last, etag } = await feed.about();
  assert.match(id, /^urn:uuid:/);
  assert.deepEqual([title, subtitle, rights, first?.id, last?.id], ['T', 'S', 'R', a!.id, b!.id]);
  assert.deepEqual(
    authors.map(({ name }) => name),
    ['Ann'],
  );
  await assert.rejects(feed.publish({ title: 'c' }, { ifMatch: '"other"' }), Refused);
  await feed.publish({ title: 'c' }, { ifMatch: etag! });
  const entry = await feed.entry(b!.id);
  assert.deepEqual([entry.title, entry.content.value], ['b', 'text']);
  await assert.rejects(feed.entry('urn:none'), (error) => error instanceof Refused && error.status === 404);
  await assert.rejects(client.feed('no').about(), (error) => error instanceof Refused && error.status === 404);
});
