/** Makes the pictures of the pages for the README (`npm run screenshots`): a real server, sample data, Chromium. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import knex from 'knex';
import { Server } from '../client/server.js';
import { root } from '../doors/children.js';
import { launch } from './browser.js';
import { publishSample } from './sample.js';

const FOLDER = process.argv[2] ?? join(root, 'test/web/screenshots');
mkdirSync(FOLDER, { recursive: true });

const server = await Server.start();
const browser = await launch();
try {
  await publishSample(server.url);
  await spreadOverAnHour(server.database);
  const shoot = async (name: string, path: string, dark: boolean, width: number, height: number, prepare = '0') => {
    const page = await browser.newPage({
      colorScheme: dark ? 'dark' : 'light',
      viewport: { width, height },
      deviceScaleFactor: 1,
    });
    // A window that nobody sees draws no frame, and the pictures are of a page that is open already.
    await page.goto(`${server.url}${path}`);
    await page.locator('.live.on, article').first().waitFor();
    await page.evaluate(prepare);
    await page.screenshot({ path: join(FOLDER, `${name}.png`) });
    await page.close();
  };
  const link = async (feed: string) => {
    const { items } = (await (await fetch(`${server.url}/feed=${feed}?format=json`)).json()) as {
      items: { url: string }[];
    };
    return items.at(-1)!.url.slice(server.url.length);
  };
  await shoot('feeds', '/', false, 1100, 560);
  await shoot('feed', '/feed=orders', false, 1100, 760);
  await shoot('feed-dark', '/feed=orders', true, 1100, 760);
  await shoot('entry', await link('deploys'), false, 1100, 900);
  await shoot('publish', '/feed=news', false, 1100, 700, `document.querySelector('.card').open = true`);
  await shoot('phone', '/feed=orders', true, 360, 740);
  await shoot('phone-feeds', '/', false, 360, 740);
} finally {
  await browser.close();
  await server.stop();
}

/** Sample data came all at once: the rates tell more where it had come as such data does. */
async function spreadOverAnHour(filename: string): Promise<void> {
  const database = knex({ client: 'sqlite3', connection: { filename }, useNullAsDefault: true });
  const now = Date.now() * 1000;
  const feeds: { feed_id: number; head: number }[] = await database('mq_feed').select('feed_id', 'head');
  await database.transaction(async (trx) => {
    for (const { feed_id, head } of feeds) {
      for (let position = 1; position <= head; position += 1) {
        const ago = 3400e6 * (1 - position / head) ** (0.6 + 0.35 * (feed_id % 3)) + 2e6 * (feed_id + 1);
        await trx('mq_entry')
          .where({ feed_id, position })
          .update({ published_at: Math.round(now - ago), edited_at: Math.round(now - ago) });
      }
    }
  });
  await database.destroy();
}
