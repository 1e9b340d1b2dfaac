/** An append reads what it stores, not the feed: on MariaDB, whose optimizer is easily led to read all of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import mysql, { type RowDataPacket } from 'mysql2/promise';
import { appendJson } from '../../src/store/append-json.js';
import { databases, lackingFor } from './databases.js';
import { append, entry, idsOf, openStore } from './stores.js';

const LENGTH = 3000;
const more = () => [entry('urn:x', 'x', { categories: [{ term: 'c' }] }), entry('urn:y')];

for (const kind of databases.filter(({ name }) => name === 'MariaDB')) {
  for (const feeds of [['a'], ['a', 'b']]) {
    const how = feeds.length === 1 ? 'one feed' : 'two feeds';
    test(`the statement for ${how} reads no more of a long feed`, { skip: lackingFor(kind) }, async () => {
      const name = await kind.create();
      const { store } = await openStore(name);
      for (let n = 0; n < LENGTH; n += 1000) {
        const some = Array.from({ length: 1000 }, (_, i) => entry(`urn:${n + i}`));
        await store.append(feeds.map((feed) => append(feed, some)));
      }
      const connection = await mysql.createConnection(name);
      try {
        const reads = async () => {
          const [rows] = await connection.query<RowDataPacket[]>(`SHOW SESSION STATUS LIKE 'Handler_read%'`);
          return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
        };
        const { entries, tags } = appendJson(feeds.map((feed) => append(feed, more())));
        const before = await reads();
        await connection.execute('CALL mq_publish(?, ?)', [entries, tags]);
        const rows = (await reads()) - before;
        assert.ok(rows < 500, `${rows} rows were read`);
      } finally {
        await connection.end();
      }
      for (const feed of feeds) {
        const ids = await idsOf(store, feed);
        assert.deepEqual(ids.slice(-3), [`urn:${LENGTH - 1}`, 'urn:x', 'urn:y']);
        const held = (await store.feed(feed))!;
        assert.equal(held.head, LENGTH + 2);
        const bytes = [...Array.from({ length: LENGTH }, (_, n) => entry(`urn:${n}`)), ...more()];
        assert.equal(
          held.bytes,
          bytes.reduce((sum, { xml }) => sum + Buffer.byteLength(xml), 0),
        );
      }
      await store.close();
    });
  }
}
