/** `atommq verify`: nothing is found where nothing is wrong, and each thing that is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fault, type Verified, verifyFeed } from '../../src/check/feed.js';
import type { Database } from '../../src/store/dialect.js';
import { RawBus } from '../../src/store/transfer.js';
import { eachDatabase } from '../store/databases.js';
import { append, entry, openStore } from '../store/stores.js';
import { atommq, resultOf } from '../transfer/command.js';
import { entryOf, fill, withBus, withTables } from './bus.js';

interface Result {
  feeds: Verified[];
  faults: Fault[];
}

const verify = (database: string, ...words: string[]) => {
  const ran = atommq(['verify', ...words, '--json'], { ATOMMQ_DATABASE: database });
  return { ...ran, result: ran.stdout === '' ? undefined : (resultOf(ran) as unknown as Result) };
};

/** What somebody does to the tables of the feed `full`, and what is said of it. */
const DAMAGE: [string, (database: Database, feedId: number) => Promise<unknown>, [number | undefined, RegExp][]][] = [
  [
    'a letter of an entry that was never revised',
    ({ writer }, feed_id) =>
      writer('mq_entry')
        .where({ feed_id, position: 20 })
        .update({ xml: writer.raw(`replace(xml, 'n18 ', 'n19 ')`) }),
    [[20, /^its XML is not what its digest says$/]],
  ],
  [
    'a letter that the server wrote',
    ({ writer }, feed_id) =>
      writer('mq_entry')
        .where({ feed_id, position: 20 })
        .update({ xml: writer.raw(`replace(xml, '<published>20', '<published>21')`) }),
    [[20, /^its XML is not what the server makes/]],
  ],
  [
    'a letter of a revised entry',
    ({ writer }, feed_id) =>
      writer('mq_entry')
        .where({ feed_id, position: 47 })
        .update({ xml: writer.raw(`replace(xml, 'after', 'agter')`) }),
    [
      [47, /^its XML is not what its digest says$/],
      [47, /^its categories are not those of its XML$/],
    ],
  ],
  [
    'a letter of a media link entry',
    ({ writer }, feed_id) =>
      writer('mq_entry')
        .where({ feed_id, position: 49 })
        .update({ xml: writer.raw(`replace(xml, '<published>20', '<published>21')`) }),
    [[49, /^its XML is not what its digest says$/]],
  ],
  [
    'an end that is missing',
    ({ writer }, feed_id) =>
      writer('mq_entry')
        .where({ feed_id, position: 20 })
        .update({ xml: writer.raw(`replace(xml, '</entry>', '')`) }),
    [
      [20, /^its XML has \d+ bytes, not \d+$/],
      [20, /^its XML is not what the server makes/],
      [20, /^its XML is not well-formed: Malformed XML at line 1/],
    ],
  ],
  [
    'a time',
    ({ writer }, feed_id) => writer('mq_entry').where({ feed_id, position: 20 }).increment('published_at', 1),
    [],
  ],
  [
    'an id',
    ({ writer }, feed_id) => writer('mq_entry').where({ feed_id, position: 47 }).update({ atom_id: 'urn:other' }),
    [
      [47, /^it is not found by its id/],
      [47, /^the id in its XML is another one$/],
    ],
  ],
  [
    'whether there is an author',
    ({ writer }, feed_id) => writer('mq_entry').where({ feed_id, position: 20 }).update({ has_author: 1 }),
    [[20, /^whether it has an author is noted wrongly$/]],
  ],
  [
    'an entry that is gone',
    ({ writer }, feed_id) => writer('mq_entry').where({ feed_id, position: 20 }).delete(),
    [
      [20, /^there is no entry$/],
      [undefined, /^the feed is noted to have \d+ bytes; its entries have \d+$/],
    ],
  ],
  [
    'the last entries',
    ({ writer }, feed_id) => writer('mq_entry').where({ feed_id }).where('position', '>', 49).delete(),
    [
      [50, /^there is no entry from here to 52$/],
      [undefined, /bytes/],
    ],
  ],
  [
    'the oldest entry, and a head that is not the last',
    async ({ writer }, feed_id) => {
      await writer('mq_feed').where({ feed_id }).update({ head: 51 });
      await writer('mq_entry').where({ feed_id, position: 7 }).update({ position: 2 });
      await writer('mq_tag').where({ feed_id, position: 7 }).update({ position: 2 });
    },
    [
      [7, /^there is no entry$/],
      [2, /^there is an entry below the oldest one$/],
      [52, /^it is beyond the last one, 51$/],
      [undefined, /bytes/],
    ],
  ],
  [
    'a tag',
    ({ writer }, feed_id) => writer('mq_tag').where({ feed_id, position: 20 }).delete(),
    [[20, /^its categories are not those of its XML$/]],
  ],
  [
    'a category',
    ({ writer }, feed_id) => writer('mq_category').where({ feed_id, term: 'after' }).delete(),
    [
      [47, /^1 of its categories are not those of the feed$/],
      [52, /^1 of its categories are not those of the feed$/],
    ],
  ],
  [
    'content of a deleted entry',
    ({ writer }, feed_id) => writer('mq_entry').where({ feed_id, position: 48 }).update({ xml: '<x/>', size: 4 }),
    [
      [48, /^it is deleted, yet has content$/],
      [undefined, /bytes/],
    ],
  ],
  [
    'a byte of a media resource',
    async ({ writer }, feed_id) => {
      const [{ blob_id }] = await writer('mq_entry').where({ feed_id, position: 50 }).select('blob_id');
      await writer('mq_blob')
        .where({ blob_id })
        .update({ data: Buffer.from('{"smell": true}') });
    },
    [[50, /^its media resource is not what its digest says$/]],
  ],
  [
    'a chunk of a media resource',
    async ({ writer }, feed_id) => {
      const [{ blob_id }] = await writer('mq_entry').where({ feed_id, position: 49 }).select('blob_id');
      await writer('mq_blob').where({ blob_id, seq: 4 }).delete();
    },
    [
      [49, /^its media resource is in 4 chunks, not in 5 of 49152 bytes$/],
      [49, /^its media resource has 196608 bytes, not 200000$/],
      [49, /^its media resource is not what its digest says$/],
    ],
  ],
  [
    'the type of a media resource',
    ({ writer }, feed_id) => writer('mq_entry').where({ feed_id, position: 50 }).update({ media_type: 'text/html' }),
    [[50, /^its digest is not that of its media resource$/]],
  ],
  [
    'what the feed says of itself',
    ({ writer }, feed_id) => writer('mq_feed').where({ feed_id }).update({ metadata: '<feed>' }),
    [[undefined, /^what the feed says of itself is not well-formed/]],
  ],
];

eachDatabase((kind) => {
  test('nothing is found where nothing is wrong', async () => {
    const database = await kind.create();
    await fill(database);
    const { status, stderr, result } = verify(database, '--all');
    assert.equal(status, 0, JSON.stringify(result));
    assert.deepEqual(result, {
      feeds: [
        { feed: 'full', entries: 46, media: 4, uncovered: 0, faults: 0 },
        { feed: 'größe', entries: 4, media: 0, uncovered: 0, faults: 0 },
      ].sort((a, b) => (a.feed < b.feed ? -1 : 1)),
      faults: [],
    });
    assert.match(stderr, /^verify: 100 %, 50 of 50$/m);
  });

  test('each damage is found, and named', async () => {
    const database = await kind.create();
    await fill(database);
    await withTables(database, async (open) => {
      const bus = new RawBus(open.writer);
      const whole = await tablesOf(open);
      for (const [what, damage, wanted] of DAMAGE) {
        const feed = (await bus.feed('full'))!;
        await damage(open, feed.feedId);
        const faults: Fault[] = [];
        const result = await verifyFeed(bus, (await bus.feed('full'))!, { onFault: (fault) => faults.push(fault) });
        if (what === 'a time') assert.ok(faults.length <= 1, JSON.stringify(faults));
        else {
          assert.equal(result!.faults, faults.length);
          assert.equal(faults.length, wanted.length, `${what}: ${JSON.stringify(faults)}`);
        }
        for (const [index, [position, text]] of wanted.entries()) {
          assert.equal(faults[index]!.position, position, what);
          assert.match(faults[index]!.what, text, what);
        }
        await putBack(open, whole);
      }
    });
    assert.equal(verify(database, '--all').status, 0);
  });

  test('the command names the feed, the position and the id, and ends with 1', async () => {
    const database = await kind.create();
    await fill(database);
    await withTables(database, ({ writer }) =>
      writer('mq_entry').where({ atom_id: 'tag:example.org,2011:x&y' }).update({ xml: '<entry/>' }),
    );
    const { status, stdout } = atommq(['verify', '--all'], { ATOMMQ_DATABASE: database });
    assert.equal(status, 1);
    assert.match(stdout, /^größe, position 1 \(tag:example\.org,2011:x&y\): its XML has 8 bytes, not \d+$/m);
    assert.match(stdout, /^größe: 4 entries, \d FAULTS$/m);
    assert.match(stdout, /^full: 46 entries, 4 of them media, all as they were stored$/m);
    assert.equal(verify(database, 'FULL').status, 0);
    assert.equal(verify(database, 'größe').status, 1);
  });

  test('what was revised before there were digests of it is counted, and other programs may have digests of their own', async () => {
    const database = await kind.create();
    await fill(database);
    await withTables(database, ({ writer }) => writer('mq_entry').update({ xml_digest: null }));
    const { store } = await openStore(database);
    await store.append([append('other', [entry('urn:1', 'one', { digest: 'mine' })])]);
    await store.close();
    const { status, result } = verify(database, '--all');
    assert.equal(status, 0, JSON.stringify(result));
    const byName = Object.fromEntries(result!.feeds.map(({ feed, uncovered }) => [feed, uncovered]));
    assert.deepEqual(byName, { full: 5, größe: 0, other: 1 });
  });

  test('what others do meanwhile is no fault', async () => {
    const database = await kind.create();
    await fill(database);
    await withBus(database, async (ask, bus) => {
      let going = true;
      const id = /<id>(urn:uuid:[^<]*)<\/id>/.exec((await ask('GET', '/feed=full?start_at=last')).body)![1]!;
      const work = (async () => {
        for (let i = 0; going; i += 1) {
          const headers = { 'content-type': 'application/atom+xml' };
          await ask('POST', '/feed=full', { body: entryOf(`<title>${i}</title><category term="c${i}"/>`), headers });
          const put = { body: entryOf(`<title>r${i}</title><category term="r${i}"/>`), headers };
          await ask('PUT', `/feed=full/entries/${id.slice(9)}`, put);
          await bus.prune();
        }
      })();
      await withTables(database, async ({ writer }) => {
        const raw = new RawBus(writer);
        for (let i = 0; i < 20; i += 1) {
          await verifyFeed(raw, (await raw.feed('full'))!, { onFault: (fault) => assert.fail(JSON.stringify(fault)) });
        }
      });
      going = false;
      await work;
    });
  });
});

test('what cannot be verified is said in one line', async () => {
  const [kind] = await import('../store/databases.js').then(({ databases }) => databases);
  const database = await kind!.create();
  const says = (words: string[], code: number, text: RegExp) => {
    const { status, stderr } = atommq(['verify', ...words], { ATOMMQ_DATABASE: database });
    assert.equal(status, code, stderr);
    assert.match(stderr, text);
  };
  if (kind!.server === undefined) says(['--all'], 1, /^atommq: there is no database .*\n$/);
  await withBus(database, async () => {});
  says([], 2, /^atommq: verify needs either the names of feeds or --all\n$/);
  says(['a', '--all'], 2, /^atommq: verify needs either/);
  says(['a/b'], 2, /slash/);
  says(['a'], 1, /^atommq: there is no feed named "a"\n$/);
  await withTables(database, ({ writer }) => writer('mq_meta').where({ name: 'schema' }).update({ value: '1' }));
  says(
    ['--all'],
    1,
    /^atommq: The database .* has schema version 1, not \d+; atommq migrate brings it up to date\.\n$/,
  );
});

const TABLES = ['mq_feed', 'mq_entry', 'mq_tag', 'mq_category', 'mq_blob'];

async function tablesOf({ writer }: Database): Promise<Map<string, object[]>> {
  const all = new Map<string, object[]>();
  for (const table of TABLES) all.set(table, await writer(table));
  return all;
}

async function putBack({ writer }: Database, all: Map<string, object[]>): Promise<void> {
  await writer.transaction(async (trx) => {
    for (const [table, rows] of all) {
      await trx(table).delete();
      await trx.batchInsert(table, rows, 20);
    }
  });
}
