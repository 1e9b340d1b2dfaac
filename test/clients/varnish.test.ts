/** Varnish in front of an append_only feed of 100,000 entries: twenty consumers replay it, each full page is fetched once. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Ask, httpClient } from '../client.js';
import { unlessThere } from '../doors/all.js';
import { freePort, openFolder, openSubfolder, type Server, startServer, untilItAnswers } from '../doors/children.js';
import { configured } from '../doors/configure.js';
import { startHttp } from '../doors/gateways.js';
import { ATOM, TYPE } from '../suite/atom.js';
import { type Exchange, type RecordingProxy, recordingProxy } from './proxy.js';

const without = unlessThere('varnishd');

const ENTRIES = 100_000;
const CONSUMERS = 20;
/** So that the last page is not a full one. */
const PAGE_SIZE = 300;
const FULL = Math.floor(ENTRIES / PAGE_SIZE);
const BATCH = 10_000;
const FEED = '/atommq/feed=log-replay';

let atommq: Server | undefined;
let direct: Ask;
let proxy: RecordingProxy;

before(async () => {
  if (without !== false) return;
  const port = await freePort();
  const environment = { ATOMMQ_FEEDS: JSON.stringify([{ match: 'log-*', append_only: true }]) };
  atommq = startHttp({ database: join(openFolder(), 'bus.db'), pageSize: PAGE_SIZE, environment }, port);
  direct = httpClient(port);
  await untilItAnswers(direct, { atommq });
  for (let from = 0; from < ENTRIES; from += BATCH) await load(from, BATCH);
  proxy = await recordingProxy(port);
});
after(async () => {
  await atommq?.stop();
  await proxy?.stop();
});

/** Appends entries whose titles count them. */
async function load(from: number, count: number): Promise<void> {
  const entries = Array.from({ length: count }, (_, index) => `<entry><title>${from + index}</title></entry>`);
  const body = `<feed xmlns="${ATOM}">${entries.join('')}</feed>`;
  const { status, text } = await direct('POST', FEED, { body, headers: { ...TYPE, prefer: 'return=minimal' } });
  assert.equal(status, 201, text.slice(0, 500));
}

/** Varnish with everything in a folder of its own; `vcl` is a file, or none for what Varnish does by itself. */
async function startVarnish(vcl: string | undefined): Promise<{ varnish: Server; port: number }> {
  const port = await freePort();
  const folder = openSubfolder(openFolder(), 'varnish');
  const varnish = startServer({
    command: 'varnishd',
    arguments: [
      ...['-F', '-n', folder, '-a', `127.0.0.1:${port}`, '-T', 'none', '-j', 'none', '-l', '8m'],
      ...['-s', 'malloc,512m', '-s', 'Transient=malloc,64m'],
      ...(vcl === undefined ? ['-b', `127.0.0.1:${proxy.port}`] : ['-f', vcl]),
    ],
  });
  await untilItAnswers(httpClient(port), { varnish });
  return { varnish, port };
}

interface Page {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
}

/** One consumer's connection, which is kept as consumers keep theirs. */
function consumer(port: number): {
  get: (path: string, headers?: Record<string, string>) => Promise<Page>;
  leave(): void;
} {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    get: (path, headers = {}) =>
      new Promise((resolve, reject) => {
        const outgoing = httpRequest({ host: '127.0.0.1', port, path, headers, agent }, (incoming) => {
          let text = '';
          incoming.setEncoding('latin1');
          incoming.on('data', (piece: string) => {
            text += piece;
          });
          incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }));
          incoming.on('error', reject);
        });
        outgoing.on('error', reject);
        outgoing.end();
      }),
    leave: () => agent.destroy(),
  };
}

/** Replays the feed by its `next` links; fails when an entry is missing or out of order. Returns the last page and its path. */
async function replay(port: number): Promise<{ path: string; last: Page; pages: number }> {
  const { get, leave } = consumer(port);
  try {
    let expected = 0;
    let pages = 0;
    for (let path = FEED; ; ) {
      const page = await get(path);
      assert.equal(page.status, 200, page.text.slice(0, 500));
      pages += 1;
      for (const [, title] of page.text.matchAll(/<title>(\d+)<\/title>/g)) {
        if (Number(title) !== expected) assert.fail(`entry ${title} comes where ${expected} should`);
        expected += 1;
      }
      const next = /<([^>]*)>; ?rel="?next"?/.exec(String(page.headers.link))?.[1];
      if (next === undefined) {
        assert.equal(page.headers['atommq-up-to-date'], 'true');
        assert.equal(expected, ENTRIES);
        return { path, last: page, pages };
      }
      path = next.replace(/^https?:\/\/[^/]*/, '');
    }
  } finally {
    leave();
  }
}

/** How often each address was fetched from the server. */
function fetches(exchanges: Exchange[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { url } of exchanges.filter((exchange) => exchange.url.startsWith(FEED))) {
    counts.set(url, (counts.get(url) ?? 0) + 1);
  }
  return counts;
}

const CONFIGURATIONS: Record<string, (() => string) | undefined> = {
  'as Debian has it': undefined,
  'as deploy/varnish.vcl': () => {
    const file = join(openFolder(), 'atommq.vcl');
    const host = '.host = "127.0.0.1";';
    const port = '.port = "8080";';
    writeFileSync(file, configured('varnish.vcl', { [port]: `.port = "${proxy.port}";`, [host]: host }));
    return file;
  },
};

for (const [name, vcl] of Object.entries(CONFIGURATIONS)) {
  test(`Varnish ${name} fetches each full page once`, { skip: without }, async (t) => {
    const { varnish, port } = await startVarnish(vcl?.());
    try {
      proxy.exchanges.length = 0;
      const replays = await Promise.all(Array.from({ length: CONSUMERS }, () => replay(port)));
      for (const { pages } of replays) assert.equal(pages, FULL + 1);
      const { path: lastPath, last } = replays[0]!;
      const counts = fetches(proxy.exchanges);
      const atLast = counts.get(lastPath) ?? 0;
      counts.delete(lastPath);
      t.diagnostic(
        `${CONSUMERS} consumers read ${CONSUMERS * (FULL + 1)} pages: ${counts.size} full ones of ${FULL} were fetched ` +
          `${[...counts.values()].reduce((sum, count) => sum + count, 0)} times, the last one ${atLast} times`,
      );
      assert.equal(counts.size, FULL);
      const again = [...counts].filter(([, count]) => count !== 1);
      assert.equal(again.length, 0, `fetched more than once: ${again.slice(0, 3).join('; ')}`);
      for (const { url, answer } of proxy.exchanges.filter((exchange) => counts.has(exchange.url))) {
        assert.equal(answer['cache-control'], 'public, max-age=31536000, immutable', url);
      }

      // The last page moves: whoever asks is told what is so now.
      assert.equal(last.headers['cache-control'], 'no-cache');
      const { get, leave } = consumer(port);
      try {
        proxy.exchanges.length = 0;
        const poll = await get(lastPath, { 'if-none-match': last.headers.etag ?? '' });
        assert.equal(poll.status, 304);
        assert.equal(fetches(proxy.exchanges).get(lastPath), 1, 'the server was asked');
        if (vcl !== undefined) {
          const plain = await get(lastPath);
          assert.equal(plain.status, 200);
          assert.equal(plain.text, last.text);
          const statuses = proxy.exchanges.map(({ status }) => status);
          assert.deepEqual(statuses, [304, 304], 'and said that nothing had changed, even for a reader without a copy');
        }
      } finally {
        leave();
      }
    } finally {
      await varnish.stop();
    }
  });
}

test('what a reader misses is told from what it has, not from what the cache has', { skip: without }, async () => {
  const feed = '/atommq/feed=deltas';
  const publish = (title: string) =>
    direct('POST', feed, { body: `<entry><title>${title}</title></entry>`, headers: TYPE });
  const { varnish, port } = await startVarnish(CONFIGURATIONS['as deploy/varnish.vcl']!());
  const { get, leave } = consumer(port);
  try {
    await publish('first');
    const { headers } = await get(feed);
    await publish('second');
    await get(feed);
    await publish('third');
    const { text } = await get(feed, { 'a-im': 'feed', 'if-none-match': headers.etag ?? '' });
    for (const title of ['second', 'third']) assert.match(text, new RegExp(`<title>${title}</title>`));
  } finally {
    leave();
    await varnish.stop();
  }
});

test('what is appended is seen through the cache at once', { skip: without }, async () => {
  const { varnish, port } = await startVarnish(CONFIGURATIONS['as deploy/varnish.vcl']!());
  const { get, leave } = consumer(port);
  try {
    const { path, last } = await replay(port);
    await load(ENTRIES, 1);
    const changed = await get(path, { 'if-none-match': last.headers.etag ?? '' });
    assert.equal(changed.status, 200);
    assert.match(changed.text, new RegExp(`<title>${ENTRIES}</title>`));
    // Until the page is full, and then it is final.
    await load(ENTRIES + 1, PAGE_SIZE);
    const full = await get(path);
    assert.equal(full.headers['cache-control'], 'public, max-age=31536000, immutable');
    proxy.exchanges.length = 0;
    assert.equal((await get(path)).text, full.text);
    assert.equal(proxy.exchanges.length, 0);
  } finally {
    leave();
    await varnish.stop();
  }
});
