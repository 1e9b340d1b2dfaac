/** Entity tags are strong (RFC 9110 §8.8.1): no two documents that differ at one address ever share one. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AtomMQ } from '../../src/bus.js';
import { type Client, inProcess, temporaryFolder } from '../fixture.js';

const BASE = 'http://localhost/atommq';
const entry = (title: string) => `<entry xmlns="http://www.w3.org/2005/Atom"><title>${title}</title></entry>`;
const ACCEPTED = [
  'application/atom+xml',
  'application/feed+json',
  'application/json',
  'application/x-ndjson',
  'text/html',
];

/** What has been answered with which tag, over the life of a test. */
class Seen {
  readonly #bodies = new Map<string, string>();
  differed = 0;

  /** Reads an address in all its forms; fails where a tag comes back with another body. */
  async read(ask: Client, path: string): Promise<void> {
    for (const accept of ACCEPTED) {
      const { status, headers, body } = await ask('GET', path, { headers: { accept } });
      if (status === 406) continue;
      assert.equal(status, 200, body);
      const key = `${path} ${headers.etag}`;
      const before = this.#bodies.get(key);
      if (before === undefined) this.differed += 1;
      else assert.equal(body, before, `${key} for ${accept}`);
      this.#bodies.set(key, body);
    }
  }
}

async function with_<Result>(options: object, work: (bus: AtomMQ) => Promise<Result>): Promise<Result> {
  const bus = await AtomMQ.open(options);
  try {
    return await work(bus);
  } finally {
    await bus.close();
  }
}

const PATHS = [
  '/feed=a',
  '/feed=a?order=desc',
  '/feed=a?page_size=1',
  '/feed=a/entries/urn%3Ax%3A1',
  '/feed=a/categories',
  '/',
];

test('another author, title, page size or address makes other documents with other tags', async () => {
  const database = join(temporaryFolder(), 'bus.db');
  const seen = new Seen();
  const first = await with_({ database }, async (bus) => {
    const ask = inProcess(bus.app, BASE);
    await ask('POST', '/feed=a', { body: entry('1').replace('<title>', '<id>urn:x:1</id><title>') });
    for (const title of ['2', '3']) await ask('POST', '/feed=a', { body: entry(title) });
    for (const path of PATHS) await seen.read(ask, path);
    return String((await ask('GET', '/feed=a/entries/urn%3Ax%3A1')).headers.etag);
  });
  for (const options of [{ author: 'Ann' }, { title: 'Bus' }, { pageSize: 2 }]) {
    const before = seen.differed;
    await with_({ database, ...options }, async (bus) => {
      for (const path of PATHS) await seen.read(inProcess(bus.app, BASE), path);
    });
    assert.ok(seen.differed > before, JSON.stringify(options));
  }
  await with_({ database }, async (bus) => {
    for (const path of PATHS) await seen.read(inProcess(bus.app, 'https://bus.example/atommq'), path);
    // What was read at one address may be changed at another: the state is the same.
    const headers = { 'if-match': first };
    const ask = inProcess(bus.app, 'https://bus.example/atommq');
    const put = await ask('PUT', '/feed=a/entries/urn%3Ax%3A1', { body: entry('one'), headers });
    assert.equal(put.status, 200, put.body);
    assert.equal(put.headers.etag, (await ask('GET', '/feed=a/entries/urn%3Ax%3A1')).headers.etag);
  });
});

test('a database that was set back counts the same positions, with other tags', async () => {
  const folder = temporaryFolder();
  const [database, copy] = [join(folder, 'bus.db'), join(folder, 'copy.db')];
  const seen = new Seen();
  const paths = ['/feed=a', '/feed=a?order=desc', '/feed=a?start_after=urn:x:1'];
  await with_({ database }, async (bus) => {
    const ask = inProcess(bus.app, BASE);
    await ask('POST', '/feed=a', { body: entry('1').replace('<title>', '<id>urn:x:1</id><title>') });
  });
  copyFileSync(database, copy);
  for (const [file, title] of [
    [database, 'this'],
    [copy, 'that'],
  ] as const) {
    await with_({ database: file }, async (bus) => {
      const ask = inProcess(bus.app, BASE);
      await ask('POST', '/feed=a', { body: entry(title) });
      for (const path of paths) await seen.read(ask, path);
    });
  }
});

test('a feed that is removed and made again has other tags', async () => {
  const seen = new Seen();
  await with_({ database: join(temporaryFolder(), 'bus.db') }, async (bus) => {
    const ask = inProcess(bus.app, BASE);
    for (let i = 0; i < 5; i += 1) {
      await ask('POST', '/feed=a', { body: entry(String(i)) });
      for (const path of ['/feed=a', '/feed=a?start_after=now']) await seen.read(ask, path);
      assert.equal((await ask('DELETE', '/feed=a')).status, 200);
    }
  });
});

test('the same bytes as something else have another tag', async () => {
  await with_({ database: join(temporaryFolder(), 'bus.db') }, async (bus) => {
    const ask = inProcess(bus.app, BASE);
    const made = await ask('POST', '/feed=a', { body: 'x', headers: { 'content-type': 'text/plain' } });
    const path = `${String(made.headers.location).slice(BASE.length)}/media`;
    const { etag } = (await ask('HEAD', path)).headers;
    assert.equal((await ask('PUT', path, { body: 'x', headers: { 'content-type': 'text/html' } })).status, 200);
    const headers = { 'if-none-match': String(etag) };
    assert.equal((await ask('GET', path, { headers })).status, 200);
  });
});
