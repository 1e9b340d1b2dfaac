/** Pages as the store gives them: whole, in order, cut by entries and by bytes, on every database the same. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import sqlite3 from 'sqlite3';
import { writeFeed } from '../../src/atom/feed.js';
import type { HeldEntry } from '../../src/atom/model.js';
import { pageOf } from '../atom/held.js';
import { eachDatabase } from './databases.js';
import { append, entry, openStore } from './stores.js';

const COUNT = 30;
/** Characters of one to four bytes, and what JSON and XML escape. */
const TEXT = 'a é € 😀 "\\\t\u0001'.replace('\u0001', '&#10;');
const ids = Array.from({ length: COUNT }, (_, n) => `urn:x:${n}:€"`);

/** A feed with a deleted entry, a revised one and a media link entry. */
async function filled(name: string) {
  const { store } = await openStore(name);
  const chunks = [Buffer.from('1234')];
  const media = { type: 'text/plain;x="é"', size: 4, digest: 'm'.padEnd(43, '.'), blobId: 'b'.padEnd(36, '.'), chunks };
  const entries = ids.map((id, n) =>
    entry(id, `${n}${TEXT}`, { hasAuthor: n === 3, ...(n === 5 ? { media } : {}), at: 1_700_000_000_000_000 + n }),
  );
  await store.append([append('other', [entry('urn:other')])]);
  await store.append([append('f', entries)]);
  await store.revise({ feed: 'f', key: entries[7]!.key, at: entries[7]!.at + 99, change: () => undefined });
  const revised = { xml: `<a:entry>${TEXT}</a:entry>`, hasAuthor: true, categories: [] };
  await store.revise({ feed: 'f', key: entries[9]!.key, at: entries[9]!.at + 99, change: () => revised });
  const feed = (await store.feed('f'))!;
  const one = async ({ key }: { key: string }): Promise<HeldEntry> => (await store.entry('f', key))!;
  return { store, feed, single: await Promise.all(entries.map(one)) };
}

/** What a page tells of an entry. */
function plain({ position, atomId, xml, editedAt, hasAuthor, deleted, media }: HeldEntry) {
  return {
    position,
    atomId,
    xml,
    editedAt,
    hasAuthor,
    deleted,
    media: media && { type: media.type, size: media.size },
  };
}

async function samePages(name: string): Promise<void> {
  const { store, feed, single } = await filled(name);
  const page = (from: number, limit: number, bytes = 1e9, descending = false) =>
    store.page(feed.feedId, { from, descending, limit, bytes });
  try {
    const all = await page(0, 100);
    assert.deepEqual(all.map(plain), single.map(plain));
    assert.deepEqual((await page(COUNT + 1, 100, 1e9, true)).map(plain), single.map(plain).reverse());
    assert.deepEqual((await page(4, 6)).map(plain), single.slice(4, 10).map(plain));
    assert.deepEqual((await page(9, 4, 1e9, true)).map(plain), single.slice(4, 8).map(plain).reverse());
    assert.deepEqual(await page(COUNT, 100), []);
    assert.deepEqual(await page(1, 100, 1e9, true), []);
    // As many as fit, at least one; one that is deleted takes nothing.
    const sizes = single.map(({ xml }) => Buffer.byteLength(xml));
    const first = sizes.slice(0, 10).reduce((sum, size) => sum + size, 0);
    assert.equal((await page(0, 100, first)).length, 10);
    assert.equal((await page(0, 100, first - 1)).length, 9);
    assert.equal((await page(0, 100, 1)).length, 1);
    assert.equal((await page(7, 100, sizes[8]! + sizes[9]!)).length, 3);
    assert.equal((await page(COUNT + 1, 100, sizes[COUNT - 1]! + sizes[COUNT - 2]!, true)).length, 2);
    // What is read so is written as what is read one by one.
    assert.equal(String(writeFeed(pageOf(all))), String(writeFeed(pageOf(single))));
  } finally {
    await store.close();
  }
}

eachDatabase((kind) => {
  test('a page has what its entries have one by one', async () => samePages(await kind.create()));
});

test('so has a page of a SQLite file that keeps its texts in UTF-16', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'atommq-'));
  const file = join(folder, 'wide.db');
  try {
    await new Promise<void>((resolve, reject) => {
      const made = new sqlite3.Database(file);
      made.exec(`PRAGMA encoding = 'UTF-16'; CREATE TABLE theirs (a)`, (error) => {
        made.close(() => (error ? reject(error) : resolve()));
      });
    });
    const { store, feed, single } = await filled(file);
    const page = await store.page(feed.feedId, { from: 0, descending: false, limit: 100, bytes: 1e9 });
    assert.deepEqual(page.map(plain), single.map(plain));
    await store.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
