/** `EventSource` as the world has it, the npm package and Chromium's own: it goes on across restarts, with nothing lost or twice. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { EventSource } from 'eventsource';
import { type Browser, chromium } from 'playwright-core';
import { unlessThere } from '../doors/all.js';
import { openFolder, root } from '../doors/children.js';
import { freePort, overHttp, start, stop } from '../server.js';

const BIN = join(root, 'bin/atommq');
const CHROMIUM = '/usr/bin/chromium';
const ROUNDS = 4;
const EACH = 25;

async function serve(database: string, port: number) {
  const child = start(BIN, ['--port', String(port), '--database', database]);
  const client = overHttp(port);
  while ((await client('GET', '/health/ready').catch(() => undefined))?.status !== 200) {
    assert.equal(child.exitCode, null, child.said());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { child, client };
}

/**
 * Publishes while the server is killed and started again, and gives the titles that a reader ought to see.
 * @param listen opens a stream at an address, and tells the titles that have come
 */
async function amidRestarts(
  feed: string,
  listen: (url: string) => Promise<{ seen: () => Promise<string[]>; close: () => Promise<void> }>,
): Promise<void> {
  const database = join(openFolder(), 'bus.db');
  const port = await freePort();
  let server = await serve(database, port);
  const published: string[] = [];
  const publish = async () => {
    for (let i = 0; i < EACH; i += 1) {
      const title = `${published.length}`;
      const { status } = await server.client('POST', `/feed=${feed}`, {
        body: `<entry><title>${title}</title></entry>`,
      });
      assert.equal(status, 201);
      published.push(title);
    }
  };
  await publish();
  const reader = await listen(`http://127.0.0.1:${port}/atommq/feed=${feed}?format=json`);
  const caughtUp = async () => {
    for (let tries = 0; (await reader.seen()).length < published.length; tries += 1) {
      assert.ok(tries < 600, `${(await reader.seen()).length} of ${published.length} came`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await caughtUp();
  for (let round = 0; round < ROUNDS; round += 1) {
    await publish();
    // Half of the times it has not been seen yet what was published last.
    if (round % 2 === 0) await caughtUp();
    await stop(server.child, round % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
    server = await serve(database, port);
    await publish();
  }
  await caughtUp();
  assert.deepEqual(await reader.seen(), published);
  await reader.close();
  await stop(server.child);
}

test('the package eventsource', async () => {
  await amidRestarts('package', async (url) => {
    const source = new EventSource(url);
    const titles: string[] = [];
    source.onmessage = ({ data }) => titles.push((JSON.parse(data) as { title: string }).title);
    return { seen: async () => titles, close: async () => source.close() };
  });
});

const withoutChromium = unlessThere(CHROMIUM);

test('Chromium', { skip: withoutChromium }, async (t) => {
  let browser: Browser | undefined;
  t.after(() => browser?.close());
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
      ...['--disable-background-networking', '--disable-component-update'],
    ],
  });
  const page = await browser.newPage();
  await amidRestarts('chromium', async (url) => {
    // Any page of the same origin that no policy keeps from connecting.
    await page.goto(new URL('health/live', url).href);
    await page.evaluate((address) => {
      const titles: string[] = [];
      const source = new globalThis.EventSource(address);
      source.onmessage = ({ data }) => titles.push(JSON.parse(data).title);
      Object.assign(globalThis, { titles, source });
    }, url);
    return {
      seen: () => page.evaluate(() => (globalThis as unknown as { titles: string[] }).titles),
      close: () => page.evaluate(() => (globalThis as unknown as { source: EventSource }).source.close()),
    };
  });
});
