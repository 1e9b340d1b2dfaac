/** A whole bus is moved between databases: the same to its consumers, and the same by count and digest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Knex } from 'knex';
import { AtomMQ } from '../../src/bus.js';
import { parseDatabase } from '../../src/config/database.js';
import { resolveSettings } from '../../src/config.js';
import { openDatabase } from '../../src/store/dialect.js';
import { RawBus } from '../../src/store/transfer.js';
import { RawClients } from '../../src/store/transfer-clients.js';
import type { Side } from '../../src/transfer/clients.js';
import { compare, copyBus } from '../../src/transfer/copy.js';
import { type Client, inProcess } from '../fixture.js';
import { atommq, killedAt, resultOf } from './command.js';
import { newFile, places } from './places.js';
import { entriesOf } from './reading.js';

const ATOM = 'xmlns="http://www.w3.org/2005/Atom"';
const entry = (inside: string) => `<entry ${ATOM}>${inside}</entry>`;
const atom = { 'content-type': 'application/atom+xml' };
/** More chunks than are written at once. */
const LARGE = Buffer.alloc(2_000_000, 'Grüße ');
const PATHS = [
  '/',
  '/feed=full',
  '/feed=full?order=desc',
  '/feed=gr%C3%B6%C3%9Fe',
  '/feed=full/categories',
  '/feed=said',
];

async function withBus<T>(database: string, work: (ask: Client, bus: AtomMQ) => Promise<T>): Promise<T> {
  const bus = await AtomMQ.open({ database, feeds: [{ match: 'full', max_entries: 40 }], pruneInterval: 86_400 });
  try {
    return await work(inProcess(bus.app), bus);
  } finally {
    await bus.close();
  }
}

/** The id in the answer to a publish. */
const idOf = ({ body, status }: { body: string; status: number }): string => {
  assert.equal(status, 201, body);
  return /<id>(?:urn:uuid:)?([^<]*)<\/id>/.exec(body)![1]!;
};

/** A bus with one of everything. */
async function fill(database: string): Promise<{ media: string; deleted: string; pruned: string }> {
  return withBus(database, async (ask, bus) => {
    const post = async (feed: string, inside: string) =>
      idOf(await ask('POST', `/feed=${feed}`, { body: entry(inside), headers: atom }));
    const pruned = await post('full', '<title>pruned</title><category term="gone"/>');
    for (let i = 0; i < 45; i += 1) {
      await post(
        'full',
        `<title>n${i}</title><category term="t${i % 3}" scheme="urn:s" label="Ł"/><category term="all"/>`,
      );
    }
    await bus.prune();
    const revised = await post('full', '<title>before</title><category term="before"/>');
    const body = entry('<title>after 中文 😀</title><category term="after"/>');
    const put = await ask('PUT', `/feed=full/entries/${revised}`, { body, headers: atom });
    assert.equal(put.status, 200, put.body);
    const deleted = await post('full', '<title>deleted</title><category term="deleted"/>');
    await ask('DELETE', `/feed=full/entries/${deleted}`);
    const media = idOf(await ask('POST', '/feed=full', { body: LARGE, headers: { 'content-type': 'image/png' } }));
    await ask('POST', '/feed=full', { body: '{"small": true}', headers: { 'content-type': 'application/json' } });
    await ask('POST', '/feed=full', { body: '', headers: { 'content-type': 'text/plain' } });
    await post('gr%C3%B6%C3%9Fe', '<id>tag:example.org,2011:x</id><title>Grüße</title>');
    const keyed = { ...atom, 'idempotency-key': 'k1' };
    await ask('POST', '/feed=gr%C3%B6%C3%9Fe', { body: entry('<title>keyed</title>'), headers: keyed });
    const feed = `<feed ${ATOM} xml:lang="de"><title>Gesagt</title><x:y xmlns:x="urn:x">中</x:y></feed>`;
    await ask('PUT', '/feed=said', { body: feed, headers: atom });
    await post('dropped', '<title>dropped</title>');
    await ask('DELETE', '/feed=dropped');
    const desk = await bus.tokens();
    await desk.create({ name: 'Jörg ✓', permissions: ['read', 'publish'], feeds: ['gr*'], lifetime: 1e6 });
    const { view } = await desk.create({ name: 'gone', permissions: ['admin'] });
    await desk.revoke(view.id);
    return { media, deleted, pruned };
  });
}

const copy = (from: string, to: string) => atommq(['copy', '--from', from, '--to', to, '--json']);

/** What two buses answer to the same requests. */
async function answers(database: string): Promise<{ status: number; body: string }[]> {
  return withBus(database, async (ask) => {
    const all = [];
    for (const path of PATHS) {
      const { status, body } = await ask('GET', path);
      all.push({ status, body });
    }
    return all;
  });
}

/** The rows of tokens and subscriptions, but for the numbers that a database gives to feeds. */
function clientsOf(database: string) {
  return raw([database], async (bus) => {
    const feeds = await bus!.bus.feeds();
    return { tokens: await bus!.clients.tokens(), subscriptions: await bus!.clients.subscriptions(feeds) };
  });
}

/** A subscription as the hub keeps it, with the id of its feed. */
function subscribe(database: string, feed: string, callback: string, more: Record<string, unknown> = {}) {
  return changed(database, async (knex) => {
    const [row] = await knex('mq_feed').where({ name: feed }).select('feed_id');
    await knex('mq_subscription').insert({
      ...{ subscription_id: callback.padEnd(43, '-'), topic: `http://h/atommq/feed=${feed}`, base: 'http://h/atommq' },
      ...{ feed, callback, secret: 'Geheimnis ✓', created_at: 1e15, lease_until: 2e15, position: 0 },
      feed_id: row?.feed_id ?? 77,
      ...more,
    });
  });
}

/** Does something to a database by hand. */
async function changed(name: string, work: (knex: Knex) => Promise<unknown>): Promise<void> {
  const database = await openDatabase(parseDatabase(name), resolveSettings({ file: false }).settings);
  await work(database.writer);
  await database.close();
}

async function raw<T>(names: string[], work: (...sides: Side[]) => Promise<T>): Promise<T> {
  const { settings } = resolveSettings({ file: false });
  const databases = await Promise.all(names.map((name) => openDatabase(parseDatabase(name), settings)));
  try {
    return await work(...databases.map(({ writer }) => ({ bus: new RawBus(writer), clients: new RawClients(writer) })));
  } finally {
    for (const database of databases) await database.close();
  }
}

for (const from of places) {
  for (const to of places) {
    test(`everything is copied from ${from.name} to ${to.name}, and there and back is the same`, async () => {
      const source = await from.create();
      const target = await to.create();
      const { media, deleted, pruned } = await fill(source);
      // Numbers of feeds are others there.
      await withBus(target, (_, bus) => bus.publish('theirs', { title: 'a feed of the target’s own' }));
      await subscribe(target, 'theirs', 'https://theirs.example/');
      await subscribe(source, 'full', 'https://a.example/', {
        position: 17,
        failures: 2,
        failing_since: 1e15,
        dead: 1,
      });
      await subscribe(source, 'full', 'https://b.example/', { position: 50, pending_id: 'x', pending_at: 1e15 });
      await subscribe(source, 'said', 'https://removed.example/', { feed_id: 77, position: 9 });
      await subscribe(source, 'none', 'https://none.example/');
      const ran = copy(source, target);
      assert.equal(ran.status, 0, ran.stderr);
      const { tokens, subscriptions } = await clientsOf(source);
      assert.deepEqual(tokens.length, 2);
      const there = await clientsOf(target);
      assert.deepEqual(there.tokens, tokens);
      const [theirs, copied] = [
        there.subscriptions.filter(({ feed }) => feed === 'theirs'),
        there.subscriptions.filter(({ feed }) => feed !== 'theirs'),
      ];
      assert.deepEqual([theirs.length, copied], [1, subscriptions]);
      await withBus(target, (ask) => ask('DELETE', '/feed=theirs'));
      assert.deepEqual(
        copied.map(({ callback, position }) => [callback, position]),
        [
          ['https://a.example/', 17],
          ['https://b.example/', 50],
          ['https://none.example/', 0],
          ['https://removed.example/', 0],
        ],
      );
      const { feeds, entries, written, media: blobs, differences } = resultOf(ran);
      // Of 51 entries in the first feed six were pruned before the last five came.
      assert.deepEqual(
        { feeds, entries, written, blobs, differences },
        { feeds: 3, entries: 47, written: 47, blobs: 3, differences: [] },
      );
      assert.deepEqual(await answers(target), await answers(source));
      await withBus(target, async (ask, bus) => {
        assert.equal((await ask('GET', `/feed=full?start_after=urn:uuid:${pruned}`)).status, 410);
        assert.equal((await ask('GET', `/feed=full/entries/${deleted}`)).status, 410);
        const { status } = await ask('GET', `/feed=full/entries/${media}/media`);
        assert.equal(status, 200);
        // Repeats are still known as such.
        const body = entry('<id>tag:example.org,2011:x</id><title>Grüße</title>');
        const again = await ask('POST', '/feed=gr%C3%B6%C3%9Fe', { body, headers: atom });
        assert.deepEqual([again.status, again.headers['idempotency-replayed']], [201, 'true']);
        // The bus goes on where it was.
        const before = (await bus.read('full')).after;
        await bus.publish('full', { title: 'next' });
        const { entries: next } = await bus.read('full', { after: before! });
        assert.deepEqual(
          next.map(({ title }) => title),
          ['next'],
        );
        await bus.publish('new', { title: 'a feed of its own' });
      });
      const back = await from.create();
      assert.equal(copy(target, back).status, 0);
      await raw([target, back], async (a, b) => assert.deepEqual(await compare(a!.bus, b!.bus), []));
      assert.deepEqual(await clientsOf(back), await clientsOf(target));
    });

    test(`a copy from ${from.name} to ${to.name} that was killed is taken up, and one of a bus that went on follows it`, async () => {
      const source = await from.create();
      const target = await to.create();
      await withBus(source, async (ask) => {
        for (let i = 0; i < 10; i += 1) {
          const many = Array.from({ length: 500 }, (_, n) => entry(`<title>${i} ${n}</title>`)).join('');
          const { status } = await ask('POST', `/feed=${i % 2 ? 'a' : 'b'}`, {
            body: `<feed ${ATOM}>${many}</feed>`,
            headers: atom,
          });
          assert.equal(status, 201);
        }
      });
      await killedAt(['copy', '--from', source, '--to', target], /copy: [2-9]\d %/);
      const taken = copy(source, target);
      assert.equal(taken.status, 0, taken.stderr);
      assert.equal(resultOf(taken).entries, 5000);
      const idle = copy(source, target);
      assert.deepEqual([idle.status, resultOf(idle).written], [0, 0]);
      await withBus(source, async (ask, bus) => {
        const { entries } = await bus.read('a', { limit: 3 });
        const [first, second] = entries.map(({ id }) => id.slice('urn:uuid:'.length));
        await ask('PUT', `/feed=a/entries/${first}`, { body: entry('<title>revised</title>'), headers: atom });
        await ask('DELETE', `/feed=a/entries/${second}`);
        await bus.publish('a', { title: 'more', categories: ['late'] });
      });
      const after = copy(source, target);
      assert.deepEqual([after.status, resultOf(after).written], [0, 3], after.stderr);
    });
  }
}

test('retention in the source comes along', async () => {
  const [source, target] = [newFile(), newFile()];
  await fill(source);
  await withBus(source, (_, bus) => bus.publish('full', { id: 'urn:x:back', title: 'once' }));
  assert.equal(copy(source, target).status, 0);
  await withBus(source, async (_, bus) => {
    for (let i = 0; i < 60; i += 1) await bus.publish('full', { title: `more ${i}` });
    await bus.prune();
    await bus.publish('full', { id: 'urn:x:back', title: 'again' });
  });
  const ran = copy(source, target);
  assert.equal(ran.status, 0, ran.stderr);
  assert.deepEqual(await answers(target), await answers(source));
});

test('a target that has another feed of that name, or went on by itself, is refused and stays as it is', async () => {
  const [source, target] = [newFile(), newFile()];
  await fill(source);
  await withBus(target, async (_, bus) => {
    await bus.publish('full', { title: 'ours' });
  });
  const ran = copy(source, target);
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /\natommq: the target has another feed named "full"\n$/);
  await withBus(target, async (ask) => {
    assert.deepEqual(
      entriesOf((await ask('GET', '/feed=full')).body).map(({ title }) => title),
      ['ours'],
    );
    assert.equal((await ask('GET', '/feed=said')).status, 404);
  });
  const copied = newFile();
  assert.equal(copy(source, copied).status, 0);
  await withBus(copied, async (_, bus) => {
    await bus.publish('full', { title: 'ours' });
  });
  const later = copy(source, copied);
  assert.deepEqual([later.status, /"full" has gone on in the target/.test(later.stderr)], [1, true], later.stderr);
  // Both went on: the heads say nothing, the entries do.
  await withBus(source, async (_, bus) => {
    for (const title of ['one', 'two']) await bus.publish('full', { title });
  });
  const both = copy(source, copied);
  assert.deepEqual([both.status, /another entry at position 52 of "full"/.test(both.stderr)], [1, true], both.stderr);
});

test('a difference is found: in an entry, a category, a media resource, in what is missing', async () => {
  const [source, target] = [newFile(), newFile()];
  await fill(source);
  const { settings } = resolveSettings({ file: false });
  const spoils: [string, RegExp][] = [
    ["UPDATE mq_entry SET xml = replace(xml, 'n20', 'n21') WHERE position = 22", /digest/],
    ['UPDATE mq_entry SET published_at = published_at + 1 WHERE position = 22', /digest/],
    ['DELETE FROM mq_tag WHERE position = 22', /digest/],
    ["UPDATE mq_category SET label = 'x'", /digest/],
    ['DELETE FROM mq_removed', /digest/],
    ["UPDATE mq_feed SET title = 'x'", /digest/],
    ['DELETE FROM mq_entry WHERE position = 22', /entries instead of/],
    ["UPDATE mq_blob SET data = CAST('x' AS BLOB) WHERE seq = 0", /media resources/],
    ['DELETE FROM mq_blob WHERE seq > 3', /media resources/],
    ["DELETE FROM mq_feed WHERE name = 'said'", /is not there/],
  ];
  for (const [sql, said] of spoils) {
    const spoilt = newFile();
    assert.equal(copy(source, spoilt).status, 0);
    const database = await openDatabase(parseDatabase(spoilt), settings);
    await database.writer.raw(sql);
    await database.close();
    const differences = await raw([source, spoilt], (a, b) => compare(a!.bus, b!.bus));
    assert.ok(differences.length > 0, sql);
    assert.match(differences[0]!.what, said, sql);
  }
  // What is missing or stale comes with the next copy, in this process as well.
  await raw([source, target], async (a, b) => {
    const { written } = await copyBus(a!.bus, b!.bus);
    assert.equal(written, 47);
    assert.deepEqual(await compare(a!.bus, b!.bus), []);
  });
});

test('tokens and subscriptions follow the source, what was revoked stays so, and what differs is told', async () => {
  const [source, target] = [newFile(), newFile()];
  await fill(source);
  await subscribe(source, 'full', 'https://stays.example/', { position: 20 });
  await subscribe(source, 'full', 'https://ends.example/');
  assert.equal(copy(source, target).status, 0);
  const [first] = await withBus(source, async (_, bus) => (await bus.tokens()).list());
  await changed(source, async (knex) => {
    await knex('mq_subscription').where({ callback: 'https://ends.example/' }).delete();
    await knex('mq_subscription').update({ position: 30 });
  });
  await subscribe(source, 'said', 'https://comes.example/');
  assert.equal(copy(source, target).status, 0);
  assert.deepEqual(await clientsOf(target), await clientsOf(source));
  await withBus(source, async (_, bus) => (await bus.tokens()).revoke(first!.id));
  assert.equal(copy(source, target).status, 0);
  assert.deepEqual(await clientsOf(target), await clientsOf(source));
  await changed(source, (knex) => knex('mq_token').update({ revoked_at: 0 }));
  const undone = copy(source, target);
  assert.equal(undone.status, 1);
  assert.match(undone.stderr, new RegExp(`atommq: the token ${first!.id} is another\n`));
  assert.ok((await clientsOf(target)).tokens.every(({ revoked_at }) => revoked_at > 0));
  await changed(target, (knex) =>
    knex('mq_token')
      .where({ token_id: first!.id })
      .update({ hash: 'x'.repeat(43) }),
  );
  const other = copy(source, target);
  assert.deepEqual([other.status, other.stderr.includes(`the target has another token ${first!.id}`)], [1, true]);
});

test('databases that are not there, are missing or are the same', () => {
  const database = newFile();
  assert.equal(copy('none.db', database).status, 1);
  assert.equal(atommq(['copy', '--from', database]).status, 2);
  assert.equal(atommq(['copy', '--to', database]).status, 2);
  assert.equal(atommq(['serve', '--to', database]).status, 2);
  const same = atommq(['copy'], { ATOMMQ_FROM: database, ATOMMQ_TO: `sqlite:${database}` });
  assert.deepEqual([same.status, same.stderr], [2, 'atommq: --from and --to are the same database\n']);
});
