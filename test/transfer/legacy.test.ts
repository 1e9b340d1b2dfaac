/** Tables of every version of AtomMQ 1.x, and rows that no server should have let in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import knexModule, { type Knex } from 'knex';
import { AtomMQ } from '../../src/bus.js';
import { inProcess } from '../fixture.js';
import { atommq, killedAt, resultOf } from './command.js';
import { newFile, places } from './places.js';
import { entriesOf, feedOf } from './reading.js';

const { knex } = knexModule;

/** A database with tables of the schema that AtomMQ had from 1.0100 on; `tables` fills them. */
async function oldBus(file: string, fill: (knex: Knex) => Promise<void>): Promise<void> {
  const old = knex({ client: 'sqlite3', connection: { filename: file }, useNullAsDefault: true });
  await old.schema.createTable('atommq_feed', (table) => {
    table.string('id', 100).primary();
    table.string('title', 255).notNullable().unique();
    table.string('author_name', 255);
    table.string('author_email', 255);
    table.string('updated', 100).notNullable();
  });
  await old.schema.createTable('atommq_entry', (table) => {
    table.increments('order_id');
    table.string('id', 100);
    table.string('feed_title', 255).notNullable();
    table.text('title');
    table.string('author_name', 255);
    table.string('author_email', 255);
    table.string('updated', 100);
    table.text('content');
  });
  await fill(old);
  await old.destroy();
}

const uuid = (n: number) => `urn:uuid:00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const row = (n: number, feed_title: string, more: object = {}) => ({
  ...{ id: uuid(n), feed_title, title: `n${n}`, updated: '2011-03-04T05:06:07Z', content: `content ${n}` },
  ...more,
});

function importInto(database: string, from: string, ...more: string[]) {
  const ran = atommq(['import', '--from', from, '--database', database, '--json', ...more]);
  assert.notEqual(ran.stdout, '', ran.stderr);
  return { status: ran.status, result: resultOf(ran), stderr: ran.stderr };
}

async function read(database: string, path: string): Promise<string> {
  const bus = await AtomMQ.open({ database });
  try {
    return (await inProcess(bus.app)('GET', path)).body;
  } finally {
    await bus.close();
  }
}

for (const place of places) {
  test(`AtomMQ from 1.0100 on: ids, order, times, authors and titles are kept (${place.name})`, async () => {
    const file = newFile();
    await oldBus(file, async (old) => {
      await old('atommq_feed').insert([
        { id: uuid(901), title: 'Mixed Case', author_name: 'Ann', author_email: 'ann@example.org', updated: 'x' },
        { id: uuid(902), title: 'quiet', updated: '2011-03-04T05:06:07Z' },
      ]);
      await old('atommq_entry').insert([
        row(3, 'Mixed Case'),
        row(1, 'Mixed Case', { author_name: 'Bob & Co', author_email: 'bob@example.org' }),
        row(2, 'Mixed Case', { updated: '2012-02-29T23:59:60.5+01:00' }),
      ]);
    });
    const database = await place.create();
    const { status, result } = importInto(database, file, '--author', 'the house');
    assert.equal(status, 0);
    assert.deepEqual([result.stored, result.repaired, result.feeds], [3, 0, 2]);
    const page = await read(database, '/feed=mixed%20case');
    assert.deepEqual(feedOf(page), { id: uuid(901), title: 'Mixed Case', author: 'Ann' });
    assert.match(page, /<email>ann@example\.org<\/email>/);
    const seen = entriesOf(page);
    assert.deepEqual(
      seen.map(({ id, updated }) => [id, updated]),
      [
        [uuid(3), '2011-03-04T05:06:07Z'],
        [uuid(1), '2011-03-04T05:06:07Z'],
        [uuid(2), '2012-02-29T23:59:60.5+01:00'],
      ],
    );
    assert.match(page, /<published>2012-02-29T23:59:60\.5\+01:00<\/published>/);
    assert.match(page, /<author><name>Bob &amp; Co<\/name><email>bob@example\.org<\/email><\/author>/);
    const edited = [...page.matchAll(/<app:edited[^>]*>([^<]*)</g)].map(([, time]) => time);
    assert.equal(new Set(edited).size, 3, 'no two entries share a time');
    const quiet = await read(database, '/feed=quiet');
    assert.deepEqual(feedOf(quiet), { id: uuid(902), title: 'quiet', author: 'the house' });
  });
}

test('AtomMQ up to 1.0000: one table, numbers for ids, no times', async () => {
  const file = newFile();
  const old = knex({ client: 'sqlite3', connection: { filename: file }, useNullAsDefault: true });
  await old.raw(`CREATE TABLE atommq_entry (id INTEGER PRIMARY KEY AUTOINCREMENT,
    feed TEXT NOT NULL, title TEXT NOT NULL, content TEXT NOT NULL)`);
  await old('atommq_entry').insert(
    [1, 2, 3, 4].map((n) => ({ feed: n === 2 ? 'b' : 'a', title: `n${n}`, content: 'c' })),
  );
  await old.destroy();
  const database = newFile();
  assert.equal(importInto(database, file).result.stored, 4);
  const rest = entriesOf(await read(database, '/feed=a?start_after=1'));
  assert.deepEqual(
    rest.map(({ id, title }) => [id, title]),
    [
      ['3', 'n3'],
      ['4', 'n4'],
    ],
  );
  assert.deepEqual([importInto(database, file).result.stored, importInto(database, file).result.there], [0, 4]);
});

test('AtomMQ and AtomBus in one database, which becomes the new one as well', async () => {
  const file = newFile();
  await oldBus(file, async (old) => {
    await old('atommq_entry').insert([row(1, 'a'), row(2, 'a')]);
    await old.schema.createTable('atombus_entry', (table) => {
      table.increments('order_id');
      for (const name of ['id', 'feed_title', 'title', 'updated', 'content', 'colour']) table.text(name);
    });
    await old('atombus_entry').insert([row(3, 'a'), { ...row(4, 'b'), colour: 'red' }]);
  });
  const { status, result } = importInto(file, file);
  assert.deepEqual([status, result.stored], [0, 4]);
  assert.deepEqual(result.tables, [
    { name: 'atommq_entry', rows: 2 },
    { name: 'atombus_entry', rows: 2 },
  ]);
  assert.deepEqual(result.notes, ['atombus_entry: not read: colour']);
  assert.deepEqual(
    entriesOf(await read(file, '/feed=a')).map(({ id }) => id),
    [uuid(1), uuid(2), uuid(3)],
  );
});

test('what is ill-formed is kept as text, what is no text in base64, and nothing spoils the feed', async () => {
  const contents: [content: string | Buffer | null, type: string, seen: string][] = [
    [
      '</div></content></entry><entry><content type="xhtml"><div>',
      'html',
      '&lt;/div&gt;&lt;/content&gt;&lt;/entry&gt;&lt;entry&gt;&lt;content type="xhtml"&gt;&lt;div&gt;',
    ],
    [
      '</div></content><link rel="x"/><category term="t"/><summary type="xhtml"><div>',
      'html',
      '&lt;/div&gt;&lt;/content&gt;&lt;link rel="x"/&gt;&lt;category term="t"/&gt;&lt;summary type="xhtml"&gt;&lt;div&gt;',
    ],
    ['<b>open', 'html', '&lt;b&gt;open'],
    ['a < b &nbsp; c', 'text', 'a &lt; b &amp;nbsp; c'],
    [
      '<!DOCTYPE x [<!ENTITY e "e">]><x>&e;</x>',
      'html',
      '&lt;!DOCTYPE x [&lt;!ENTITY e "e"&gt;]&gt;&lt;x&gt;&amp;e;&lt;/x&gt;',
    ],
    ['<a:b/>', 'html', '&lt;a:b/&gt;'],
    ['<![CDATA[<raw>]]>', 'xhtml', '<![CDATA[<raw>]]>'],
    ['a ]]> b', 'text', 'a ]]&gt; b'],
    ['line\r\nline', 'xhtml', 'line&#13;\nline'],
    ['bell \x07', 'application/octet-stream', Buffer.from('bell \x07').toString('base64')],
    [Buffer.from([0xff, 0xfe, 0x00, 0x80]), 'application/octet-stream', '//4AgA=='],
    [
      Buffer.from('Gr\xfc\xdfe', 'latin1'),
      'application/octet-stream',
      Buffer.from('Gr\xfc\xdfe', 'latin1').toString('base64'),
    ],
    [
      `${'<i>'.repeat(300)}deep${'</i>'.repeat(300)}`,
      'html',
      `${'&lt;i&gt;'.repeat(300)}deep${'&lt;/i&gt;'.repeat(300)}`,
    ],
    [null, '', ''],
    ['Ã¼ is what Grüße becomes', 'xhtml', 'Ã¼ is what Grüße becomes'],
    ['well-formed <b>again</b>', 'xhtml', 'well-formed <b>again</b>'],
  ];
  const file = newFile();
  await oldBus(file, async (old) => {
    for (const [i, [content]] of contents.entries()) {
      // SQLite keeps whatever it is given; AtomBus gave it bytes as text.
      const insert = old('atommq_entry').insert(row(i, 'bad', { content: '' }));
      await insert;
      const value = Buffer.isBuffer(content) ? old.raw('CAST(? AS TEXT)', [content]) : content;
      await old('atommq_entry')
        .where({ id: uuid(i) })
        .update({ content: value });
    }
  });
  const database = newFile();
  const { status, result } = importInto(database, file);
  assert.equal(status, 0);
  assert.deepEqual([result.rows, result.stored, result.escaped, result.binary], [16, 16, 8, 3]);
  const page = await read(database, '/feed=bad');
  const seen = entriesOf(page);
  assert.deepEqual(
    seen.map(({ id }) => id),
    contents.map((_, i) => uuid(i)),
  );
  for (const [i, [, type, content]] of contents.entries()) {
    assert.deepEqual([seen[i]!.type, seen[i]!.content], [type, content], `content ${i}`);
  }
  assert.doesNotMatch(page, /<category|<summary|<link rel="x"/);
});

test('what cannot be as it was is told, counted, and the same at the next run', async () => {
  const file = newFile();
  await oldBus(file, async (old) => {
    await old('atommq_feed').insert([{ id: `urn:x:${'long'.repeat(20)}`, title: 'a', updated: '' }]);
    await old('atommq_entry').insert([
      row(1, 'a', { id: null }),
      row(2, 'a', { id: 'two words' }),
      row(3, 'a', { id: 'now' }),
      row(4, 'a', { updated: '2011-02-30T00:00:00Z' }),
      row(5, 'a', { updated: '2011-02-03 04:05:06' }),
      row(6, 'a', { title: 'bell \x07' }),
      row(7, 'a', { title: null }),
      row(8, 'a/b'),
      row(9, ''),
    ]);
  });
  const database = newFile();
  const first = importInto(database, file);
  // Two rows have no feed that they could be in.
  assert.equal(first.status, 1);
  const { rows, stored, skipped, repaired } = first.result;
  assert.deepEqual({ rows, stored, skipped, repaired }, { rows: 9, stored: 7, skipped: 2, repaired: 5 });
  assert.equal((first.result.notes as string[]).length, 5 + 2 + 1);
  for (const note of first.result.notes as string[]) assert.ok(first.stderr.includes(note));
  const seen = entriesOf(await read(database, '/feed=a'));
  assert.equal(seen[4]!.updated, '2011-02-03T04:05:06Z');
  assert.equal(seen[5]!.title, 'bell \uFFFD');
  const again = importInto(database, file).result;
  assert.deepEqual([again.stored, again.there, again.skipped], [0, 7, 2]);
});

test('an id that the feed has with other content stays what it is, and costs the others nothing', async () => {
  const file = newFile();
  await oldBus(file, (old) => old('atommq_entry').insert([1, 2, 3].map((n) => row(n, 'a'))));
  const database = newFile();
  const bus = await AtomMQ.open({ database });
  await bus.publish('a', { id: uuid(2), title: 'ours' });
  await bus.close();
  const { status, result } = importInto(database, file);
  assert.equal(status, 1);
  assert.deepEqual([result.stored, result.conflicts], [2, 1]);
  const seen = entriesOf(await read(database, '/feed=a'));
  assert.deepEqual(
    seen.map(({ id, title }) => [id, title]),
    [
      [uuid(2), 'ours'],
      [uuid(1), 'n1'],
      [uuid(3), 'n3'],
    ],
  );
});

test('what retention has removed since does not come back, and what was deleted stays deleted', async () => {
  const file = newFile();
  await oldBus(file, (old) => old('atommq_entry').insert([1, 2, 3, 4, 5].map((n) => row(n, 'a'))));
  const database = newFile();
  importInto(database, file);
  const bus = await AtomMQ.open({ database, feeds: [{ match: 'a', max_entries: 3 }] });
  await bus.prune();
  await inProcess(bus.app)('DELETE', `/feed=a/entries/${uuid(4).slice('urn:uuid:'.length)}`);
  await bus.close();
  const { status, result } = importInto(database, file);
  assert.equal(status, 0);
  assert.deepEqual([result.rows, result.stored, result.there, result.removed], [5, 0, 3, 2]);
  assert.match(await read(database, '/feed=a'), /deleted-entry/);
});

for (const place of places) {
  test(`a run that was killed is taken up by the next one (${place.name})`, async () => {
    const file = newFile();
    const all = Array.from({ length: 5000 }, (_, i) => row(i, i % 3 === 0 ? 'b' : 'a'));
    await oldBus(file, (old) => old.batchInsert('atommq_entry', all, 50).then(() => {}));
    const database = await place.create();
    await killedAt(['import', '--from', file, '--database', database], /[2-9]\d %/);
    const { status, result } = importInto(database, file);
    assert.equal(status, 0);
    assert.equal(result.rows, 5000);
    assert.equal(Number(result.stored) + Number(result.there), 5000);
    for (const feed of ['a', 'b']) {
      const ids: string[] = [];
      const bus = await AtomMQ.open({ database, pageSize: 1000 });
      for (let after = ''; ; ) {
        const { body } = await inProcess(bus.app)('GET', `/feed=${feed}${after && `?start_after=${after}`}`);
        const page = entriesOf(body).map(({ id }) => id);
        if (page.length === 0) break;
        ids.push(...page);
        after = page.at(-1)!;
      }
      await bus.close();
      const wanted = all.filter(({ feed_title }) => feed_title === feed).map(({ id }) => id);
      assert.deepEqual(ids, wanted);
    }
  });
}

test('a database that is not there or holds nothing of theirs is named, and not made', async () => {
  const database = newFile();
  const none = atommq(['import', '--from', 'none.db', '--database', database]);
  assert.deepEqual([none.status, none.stderr], [1, 'atommq: there is no database none.db\n']);
  const bus = await AtomMQ.open({ database });
  await bus.close();
  const empty = atommq(['import'], { ATOMMQ_FROM: database, ATOMMQ_DATABASE: database });
  assert.equal(empty.status, 1);
  assert.match(empty.stderr, /^atommq: .*bus\.db has no table of AtomMQ 1\.x \(atommq_entry\) or AtomBus/);
  assert.equal(atommq(['import']).status, 2);
  const url = atommq(['import', '--from', 'postgres://u:secret@127.0.0.1:1/x', '--database', database]);
  assert.equal(url.status, 1);
  assert.match(url.stderr, /cannot open the database postgres:\/\/u:\*\*\*@127\.0\.0\.1:1\/x: /);
  assert.doesNotMatch(url.stderr, /secret/);
});
