/** The portable path without a server: every statement that the store runs is compiled, and looked at. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import knexModule, { type Knex } from 'knex';
import { appendOne } from '../../src/store/append.js';
import { deleteBlobs, writeUpload } from '../../src/store/blobs.js';
import { portableDialect } from '../../src/store/portable.js';
import { builtQuestions } from '../../src/store/portable-questions.js';
import { clearSome, pruneSome } from '../../src/store/retention.js';
import { changeMetadata, reviseOne } from '../../src/store/revise.js';
import { asHeld } from '../../src/store/rows.js';
import { MIGRATIONS, metaTable } from '../../src/store/schema.js';
import { append, entry } from './stores.js';

/** What must and must not stand in the statements of each. */
const KINDS: Record<string, { lock: RegExp; identifier: RegExp; never: RegExp; table: RegExp }> = {
  cockroachdb: { lock: /for update/, identifier: /"mq_entry"/, never: /`|\btop\b/, table: /"data" bytea/ },
  mssql: {
    lock: /with \(UPDLOCK/,
    identifier: /\[mq_entry\]/,
    never: /`|"mq_|\blimit\b|for update/,
    table: /varbinary\(max\)/,
  },
  oracledb: { lock: /for update/, identifier: /"mq_entry"/, never: /`|\blimit\b|\btop\b/, table: /"data" blob/ },
};

interface Answering {
  acquireConnection(): Promise<object>;
  releaseConnection(): Promise<void>;
  _query(connection: object, query: { sql: string; response?: unknown }): Promise<unknown>;
  processResponse(query: { sql: string }): unknown;
}

/** Knex with one dialect's compilers and no driver: keeps what it is to run, and answers with rows that are given. */
function compiler(client: string, rowsFor: (sql: string) => object[]): { knex: Knex; statements: string[] } {
  const knex = knexModule.knex({ client, version: '19.0' });
  const statements: string[] = [];
  const inside = knex.client as Answering;
  inside.acquireConnection = async () => ({ __knexUid: 'none' });
  inside.releaseConnection = async () => {};
  inside._query = async (_connection, query) => {
    statements.push(query.sql);
    return query;
  };
  inside.processResponse = ({ sql }) => (/^(select|with)/i.test(sql) ? rowsFor(sql) : 1);
  return { knex, statements };
}

const NUMBERS = { head: 2, floor: 0, bytes: 10, edits: 0, created_at: 1, metadata_at: 0 };
const FEED = { feed_id: 7, name: 'f', atom_id: 'urn:f', metadata: null, title: null, ...NUMBERS };
const ENTRY = {
  ...{ feed_id: 7, position: 1, entry_key: 'k', atom_id: 'urn:e', digest: 'd', published_at: 1, edited_at: 1, size: 5 },
  ...{ has_author: 0, deleted: 0, xml: '<a/>', media_type: 'a/b', media_size: 3, media_digest: 'm', blob_id: 'b' },
};

for (const [client, { lock, identifier, never, table }] of Object.entries(KINDS)) {
  test(`${client}: tables`, () => {
    const { knex } = compiler(client, () => []);
    const { columns } = portableDialect(client);
    const sql = [metaTable(knex.schema, columns), ...MIGRATIONS.map((step) => step(knex.schema, columns))]
      .flatMap((step) => step.toSQL() as unknown as { sql: string }[])
      .map((statement) => statement.sql)
      .join('\n');
    assert.match(sql, identifier);
    assert.match(sql, table);
    assert.match(sql, /UPDATE .mq_feed. SET .bytes. = \(SELECT coalesce\(sum\(.size.\), 0\) FROM .mq_entry./);
    assert.doesNotMatch(sql, /`|\?\?|undefined/);
  });

  test(`${client}: what is asked`, async () => {
    const { knex, statements } = compiler(client, (sql) => (sql.includes('mq_feed') ? [FEED] : [ENTRY]));
    const ask = builtQuestions(knex);
    assert.deepEqual(await ask.feed('f'), FEED);
    await ask.feeds();
    await ask.feedsAfter('a', '%b%', 5);
    await ask.times(7, [1, 2]);
    await ask.removed();
    assert.equal(await ask.position(7, 'k'), 1);
    for (const descending of [false, true]) {
      assert.deepEqual(await ask.page(7, { from: 0, descending, limit: 10, bytes: 1 }), [asHeld(ENTRY)]);
    }
    await ask.entry('f', 'k');
    await ask.categories(7, 5);
    await ask.allCategories(5);
    await ask.terms(1, 's', 5);
    assert.equal(await ask.wasRemoved(7, 1), true);
    await ask.chunks('b', 0, 4);
    await ask.heads(5);
    await ask.schemaVersion();
    assert.ok(statements.length >= 13);
    for (const sql of statements) assert.doesNotMatch(sql, never);
  });

  test(`${client}: what is written`, async () => {
    let there = false;
    const { knex, statements } = compiler(client, (sql) => {
      if (sql.includes('mq_feed')) return there || statements.some((one) => /^insert/.test(one)) ? [FEED] : [];
      return sql.includes('mq_entry') && there && !sql.includes(' in (') ? [ENTRY] : [];
    });
    const trx = knex as unknown as Knex.Transaction;
    const made = append('f', [entry('urn:1', 'x', { categories: [{ term: 't' }] }), entry('urn:2')]);
    assert.equal((await appendOne(trx, made)).kind, 'appended');
    there = true;
    await writeUpload(trx, 'b', 0, [Buffer.from('x')], true);
    await deleteBlobs(trx, ['b']);
    const xml = '<b/>';
    await reviseOne(trx, { feed: 'f', key: 'k', at: 9, change: () => ({ xml, hasAuthor: false, categories: [] }) });
    await changeMetadata(trx, { feed: 'f', feedAtomId: 'urn:f', at: 9, change: () => ({ metadata: xml, title: 't' }) });
    assert.equal(await pruneSome(trx, 7, { maxEntries: 1 }), 1);
    await clearSome(trx, 7);
    for (const sql of statements) assert.doesNotMatch(sql, never);
    const locking = statements.filter((sql) => lock.test(sql));
    assert.ok(locking.length >= 4, 'a feed is not locked');
    // Not every database locks what it limits.
    for (const sql of locking) assert.doesNotMatch(sql, /rownum|\btop\b|\blimit\b|fetch/i);
  });
}
