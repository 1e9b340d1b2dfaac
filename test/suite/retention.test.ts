/** Retention (section 3): the oldest entries go, positions stay, and who stood at one that went is told. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { AtomMQ } from '../../src/bus.js';
import { resolveSettings } from '../../src/config.js';
import { openFolder, root } from '../doors/children.js';
import { variables } from '../doors/door.js';
import { type Client, inProcess } from '../fixture.js';

const FEEDS = [
  { match: 'few-*', max_entries: 3 },
  { match: 'small-*', max_bytes: 4096 },
  { match: 'young-*', max_age: '1s' },
  { match: 'log-few-*', append_only: true, max_entries: 2 },
];

const database = join(openFolder(), 'bus.db');
const environment = variables({ database, feeds: FEEDS });

/** As cron does it. */
function pruneByCommand(): { feed: string; entries: number }[] {
  const said = execFileSync(join(root, 'bin/atommq'), ['prune', '--json'], {
    env: { ...process.env, ...environment },
    encoding: 'utf8',
  });
  return JSON.parse(said) as { feed: string; entries: number }[];
}

describe('retention', () => {
  let bus: AtomMQ;
  let ask: Client;
  before(async () => {
    bus = await AtomMQ.from(resolveSettings({ env: environment }).settings);
    ask = inProcess(bus.app);
  });
  after(() => bus.close());
  const publish = (feed: string, id: string, text = id) =>
    ask('POST', `/feed=${feed}`, { body: `<entry><id>${id}</id><title>${text}</title></entry>` });
  const titles = async (path: string) =>
    [...(await ask('GET', path)).body.matchAll(/<title>([^<]*)<\/title>/g)].slice(1).map(([, title]) => title);

  test('by number', async () => {
    for (let i = 1; i <= 5; i += 1) await publish('few-a', `urn:f:${i}`);
    const cached = await ask('GET', '/feed=few-a');
    assert.deepEqual(pruneByCommand(), [{ feed: 'few-a', entries: 2 }]);
    assert.deepEqual(pruneByCommand(), []);
    assert.deepEqual(await titles('/feed=few-a'), ['urn:f:3', 'urn:f:4', 'urn:f:5']);
    assert.deepEqual(await titles('/feed=few-a?order=desc'), ['urn:f:5', 'urn:f:4', 'urn:f:3']);
    const headers = { 'if-none-match': String(cached.headers.etag) };
    assert.equal((await ask('GET', '/feed=few-a', { headers })).status, 200, 'the page is another one now');
    assert.doesNotMatch(String((await ask('GET', '/feed=few-a?order=desc')).headers.link), /rel="next"/);
    assert.deepEqual(await titles('/feed=few-a?start_at=last&page_size=2'), ['urn:f:4', 'urn:f:5']);
    assert.deepEqual(await titles('/feed=few-a?start_at=last&page_size=2&order=desc'), ['urn:f:4', 'urn:f:3']);
  });

  test('a position that went is 410 and says where to go on; one that never was is 400', async () => {
    for (const query of ['start_after=urn:f:1', 'start_at=urn:f:2', 'start_after=urn:f:2&page_size=2']) {
      const gone = await ask('GET', `/feed=few-a?${query}`);
      assert.equal(gone.status, 410, gone.body);
      const [, first = ''] = /<([^>]*)>; rel="first"/.exec(String(gone.headers.link)) ?? [];
      const path = first.replace('http://localhost/atommq', '');
      assert.equal((await titles(path))[0], 'urn:f:3');
    }
    assert.equal((await ask('GET', '/feed=few-a?start_after=urn:f:9')).status, 400);
    assert.deepEqual(await titles('/feed=few-a?start_after=urn:f:3'), ['urn:f:4', 'urn:f:5']);
    assert.equal((await ask('GET', '/feed=few-a/entries/urn:f:1')).status, 404);
  });

  test('positions never restart, and an id that went may come back', async () => {
    const again = await publish('few-a', 'urn:f:1');
    assert.equal(again.status, 201);
    assert.equal(again.headers['idempotency-replayed'], undefined);
    assert.deepEqual(await titles('/feed=few-a?start_after=urn:f:5'), ['urn:f:1']);
    assert.deepEqual(await titles('/feed=few-a?start_at=urn:f:1'), ['urn:f:1']);
    await bus.prune();
    for (const id of ['urn:f:6', 'urn:f:7', 'urn:f:8']) await publish('few-a', id);
    await bus.prune();
    assert.equal((await ask('GET', '/feed=few-a?start_after=urn:f:1')).status, 410, 'and go again');
    const { entries, upToDate } = await bus.read('few-a');
    assert.deepEqual(
      entries.map(({ id }) => id),
      ['urn:f:6', 'urn:f:7', 'urn:f:8'],
    );
    assert.ok(upToDate);
  });

  test('by bytes, media resources included', async () => {
    await ask('POST', '/feed=small-a', {
      body: Buffer.alloc(100_000, 1),
      headers: { 'content-type': 'application/octet-stream' },
    });
    for (let i = 1; i <= 3; i += 1) await publish('small-a', `urn:s:${i}`, 'x'.repeat(1000));
    await bus.prune();
    const left = await bus.read('small-a');
    assert.ok(left.entries.length >= 2 && left.entries.length <= 3, String(left.entries.length));
    assert.equal(left.entries.at(-1)?.id, 'urn:s:3');
  });

  test('by age, until nothing is left', async () => {
    for (let i = 1; i <= 3; i += 1) await publish('young-a', `urn:y:${i}`);
    await bus.prune();
    assert.equal((await bus.read('young-a')).entries.length, 3);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await bus.prune();
    const page = await ask('GET', '/feed=young-a');
    assert.equal(page.status, 200);
    assert.equal(page.headers['atommq-up-to-date'], 'true');
    assert.doesNotMatch(page.body, /<entry/);
    assert.equal((await ask('GET', '/feed=young-a?start_after=urn:y:3')).status, 410);
    await publish('young-a', 'urn:y:4');
    assert.deepEqual(await titles('/feed=young-a'), ['urn:y:4']);
  });

  test('thousands, in many small transactions', async () => {
    for (let i = 0; i < 4; i += 1) {
      const entries = Array.from({ length: 400 }, (_, j) => `<entry><id>urn:m:${i}-${j}</id></entry>`);
      const body = `<feed xmlns="http://www.w3.org/2005/Atom">${entries.join('')}</feed>`;
      assert.equal((await ask('POST', '/feed=few-many', { body })).status, 201);
    }
    const pruned = await bus.prune();
    assert.deepEqual(
      pruned.filter(({ feed }) => feed === 'few-many'),
      [{ feed: 'few-many', entries: 1597 }],
    );
    assert.equal((await ask('GET', '/feed=few-many?start_after=urn:m:0-0')).status, 410);
    assert.equal((await ask('GET', '/feed=few-many?start_after=urn:m:3-396')).status, 410);
    assert.equal((await ask('GET', '/feed=few-many?start_after=urn:m:3-397')).status, 200);
  });

  test('a page that begins where the feed begins is never final where entries go', async () => {
    for (let i = 1; i <= 4; i += 1) await publish('log-few-a', `urn:l:${i}`);
    const first = await ask('GET', '/feed=log-few-a?page_size=2');
    assert.equal(first.headers['cache-control'], 'no-cache');
    const second = await ask('GET', '/feed=log-few-a?page_size=1&start_after=urn:l:1');
    assert.match(String(second.headers['cache-control']), /immutable/);
  });

  test('one process of several looks after it by itself', async () => {
    const settings = resolveSettings({ env: { ...environment, ATOMMQ_PRUNE_INTERVAL: '1' } }).settings;
    const others = await Promise.all([AtomMQ.from(settings), AtomMQ.from(settings)]);
    for (let i = 1; i <= 5; i += 1) await publish('few-timer', `urn:t:${i}`);
    for (let tries = 0; (await titles('/feed=few-timer')).length > 3; tries += 1) {
      assert.ok(tries < 200, 'nothing was removed');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.deepEqual(await titles('/feed=few-timer'), ['urn:t:3', 'urn:t:4', 'urn:t:5']);
    await Promise.all(others.map((other) => other.close()));
  });
});
