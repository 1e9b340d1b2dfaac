/** The pages in a real browser: live, by form, without script, by keyboard, in dark and light, on a phone, under attack. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { writeDraft } from '../../src/atom/draft.js';
import { until } from '../client/server.js';
import { unlessThere } from '../doors/all.js';
import { endAll } from '../server.js';
import { accessible, CHROMIUM, fits, launch } from './browser.js';
import { type Place, places } from './places.js';
import { publishSample } from './sample.js';

after(endAll);

const TYPE = { 'content-type': 'application/atom+xml' };

for (const kind of places) {
  describe(kind.name, { skip: unlessThere(CHROMIUM, ...kind.needs) }, () => {
    let place: Place;
    let browser: Browser;
    before(async () => {
      [place, browser] = await Promise.all([kind.start(), launch()]);
      await publishSample(place.url);
    });
    after(async () => {
      await browser?.close();
      await place?.stop();
    });

    const publish = async (feed: string, entry: Parameters<typeof writeDraft>[0] | string): Promise<string> => {
      const body = typeof entry === 'string' ? entry : writeDraft(entry);
      const answer = await fetch(`${place.url}/feed=${feed}`, { method: 'POST', headers: TYPE, body });
      assert.equal(answer.status, 201, await answer.text());
      return answer.headers.get('location')!;
    };
    /** Opens a page; whatever it should not do, or cannot load, fails the test. */
    const open = async (path: string, options: BrowserContextOptions = {}): Promise<Page> => {
      const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, ...options });
      const page = await context.newPage();
      const wrong: string[] = [];
      page.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith(new URL(place.url).origin) && !/^(data|about):/.test(url)) wrong.push(`asks for ${url}`);
      });
      page.on('pageerror', (error) => wrong.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') wrong.push(message.text());
      });
      wrongs.set(page, wrong);
      await page.goto(path.startsWith('http') ? path : `${place.url}${path}`);
      return page;
    };
    const wrongs = new WeakMap<Page, string[]>();
    const close = async (page: Page) => {
      await page.context().close();
      assert.deepEqual(wrongs.get(page), []);
    };

    test('a feed shows what comes while it is open, once and in order, across a restart', async () => {
      await publish('live', { title: 'before' });
      const page = await open('/feed=live');
      await page.locator('.live.on').waitFor();
      await publish('live', { title: 'during <b>', content: { type: 'html', value: 'a <i>b</i>' }, categories: ['c'] });
      await page.locator('.entry', { hasText: 'during <b>' }).waitFor();
      assert.equal(await page.locator('.entry').first().locator('.snippet').textContent(), 'a b');
      assert.equal(await page.locator('.entry').first().locator('.tags a').textContent(), 'c');
      await place.restart();
      for (let i = 0; i < 20; i += 1) await publish('live', { title: `after ${i}` });
      await page.locator('.entry', { hasText: 'after 19' }).waitFor();
      const titles = await page.locator('.entry h3').allTextContents();
      const expected = ['before', 'during <b>', ...Array.from({ length: 20 }, (_, i) => `after ${i}`)];
      assert.deepEqual(titles.reverse(), expected);
      assert.equal(await page.locator('[data-count]').textContent(), '22');
      // What came live leads where what was there does.
      await page.locator('.entry h3 a', { hasText: 'during' }).click();
      assert.equal(await page.locator('h1').textContent(), 'during <b>');
      await page.context().close();
    });

    test('the list of feeds tells what comes', async () => {
      await publish('counted', { title: '1' });
      const page = await open('/?filter=counte');
      await page.locator('.live.on').waitFor();
      const row = page.locator('tr', { hasText: 'counted' });
      assert.equal(await row.locator('[data-entries]').textContent(), '1');
      assert.equal(await row.locator('[data-rate]').textContent(), '1');
      for (const title of ['2', '3']) await publish('counted', { title });
      await until(async () => (await row.locator('[data-entries]').textContent()) === '3');
      assert.equal(await row.locator('[data-rate]').textContent(), '3');
      await close(page);
    });

    test('the filter narrows what is shown as one types, and what comes', async () => {
      const page = await open('/feed=mail');
      await page.locator('.live.on').waitFor();
      await page.getByLabel('Filter').fill('grace');
      assert.equal(await page.locator('.entry:visible').count(), 1);
      await publish('mail', { title: 'Grace again' });
      await page.locator('.entry', { hasText: 'Grace again' }).waitFor();
      await publish('mail', { title: 'Somebody else' });
      await page.locator('.entry', { hasText: 'Somebody else' }).waitFor({ state: 'attached' });
      assert.equal(await page.locator('.entry:visible').count(), 2);
      await close(page);
    });

    test('the form publishes by keyboard alone', async () => {
      const page = await open('/feed=orders');
      const focused = () => page.evaluate('document.activeElement.textContent.trim() || document.activeElement.name');
      const seen: unknown[] = [];
      const to = async (what: string) => {
        for (let steps = 0; steps < 40; steps += 1) {
          await page.keyboard.press('Tab');
          seen.push(await focused());
          if (seen.at(-1) === what) return;
        }
        assert.fail(`${what} is not reached: ${seen.join(', ')}`);
      };
      await page.keyboard.press('Tab');
      assert.equal(await focused(), 'Skip to the content');
      await page.keyboard.press('Enter');
      await to('Publish an entry');
      await page.keyboard.press('Enter');
      await to('title');
      await page.keyboard.type('By hand & <keys>');
      await to('content');
      await page.keyboard.type('one\ntwo');
      await to('categories');
      await page.keyboard.type('typed, placed');
      await to('Publish');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/entries/*');
      assert.equal(await page.locator('h1').textContent(), 'By hand & <keys>');
      assert.equal(await page.locator('.text').textContent(), 'one\ntwo');
      assert.deepEqual(await page.locator('.tags a').allTextContents(), ['typed', 'placed']);
      await close(page);
    });

    test('without script: begin a feed, be told what is wrong, publish, filter, page, jump', async () => {
      const page = await open('/', { javaScriptEnabled: false });
      await page.getByLabel('Open or begin a feed').fill('By Hand');
      await page.getByRole('button', { name: 'Open' }).click();
      assert.match(page.url(), /feed=by%20hand$/);
      await page.getByLabel('Title').fill('First');
      await page.getByLabel('Content').fill('<p>not closed');
      await page.getByLabel('Type').selectOption('xhtml');
      await page.getByRole('button', { name: 'Publish' }).click();
      assert.match((await page.getByRole('alert').textContent()) ?? '', /Nothing was published.*line 1/i);
      assert.equal(await page.getByLabel('Title').inputValue(), 'First');
      assert.equal(await page.getByLabel('Content').inputValue(), '<p>not closed');
      assert.equal(await page.getByLabel('Type').inputValue(), 'xhtml');
      await page.getByLabel('Content').fill('<p>closed</p>');
      await page.getByRole('button', { name: 'Publish' }).click();
      assert.equal(await page.locator('h1').textContent(), 'First');
      assert.equal(await page.frameLocator('iframe').locator('p').textContent(), 'closed');
      // Nothing can be asked in a page that may run no script at all: what the browser was sent is looked at.
      const shown = page.url();
      const answered = page.waitForResponse(/content=alone/);
      await page.getByRole('link', { name: 'Open it alone' }).click();
      const alone = await answered;
      assert.match((await alone.allHeaders())['content-security-policy'] ?? '', /sandbox/);
      assert.match(await alone.text(), />closed</);
      await page.goto(shown);
      await page.getByRole('link', { name: 'by hand' }).click();
      assert.equal(await page.locator('.entry').count(), 1);
      assert.equal(await page.locator('button:visible', { hasText: /Copy|Pause/ }).count(), 0);

      await page.getByRole('link', { name: 'Feeds' }).click();
      await page.getByRole('link', { name: 'Entries' }).click();
      assert.equal(await page.locator('tbody th a').first().textContent(), 'sensors');
      assert.equal(await page.getByRole('columnheader', { name: 'Entries' }).getAttribute('aria-sort'), 'descending');

      await page.goto(`${place.url}/feed=sensors`);
      assert.equal(await page.locator('.entry').count(), 50);
      const newest = await page.locator('.entry h3').first().textContent();
      await page.getByRole('link', { name: 'Older' }).click();
      assert.equal(await page.locator('.entry').count(), 40);
      await page.getByRole('link', { name: 'Newer' }).click();
      assert.equal(await page.locator('.entry h3').first().textContent(), newest);
      await page.getByLabel('Filter').fill('STORE 2');
      await page.getByLabel('Category').selectOption('store-2');
      await page.getByRole('button', { name: 'Search' }).click();
      assert.equal(await page.locator('.entry').count(), 30);
      await page.getByLabel('Go to').fill('2 h ago');
      await page.getByRole('button', { name: 'Go' }).click();
      assert.match(page.url(), /start_at=urn:uuid:/);
      assert.equal(await page.locator('.entry').count(), 1, 'nothing is so old: the oldest there is');
      await page.getByLabel('Go to').fill('nowhere');
      await page.getByRole('button', { name: 'Go' }).click();
      assert.match((await page.getByRole('alert').textContent()) ?? '', /neither the id/);
      assert.equal(await page.getByLabel('Go to').inputValue(), 'nowhere');
      await page.context().close();
    });

    test('a form that another site posts is refused', async () => {
      const target = `${place.url}/feed=forged`;
      for (const origin of ['http://evil.example', undefined]) {
        const page = await browser.newPage();
        const form = `<form method="post" action="${target}"><input name="title" value="forged"></form>`;
        if (origin === undefined) await page.goto(`data:text/html,${encodeURIComponent(form)}`);
        else {
          await page.route(`${origin}/`, (route) => route.fulfill({ contentType: 'text/html', body: form }));
          await page.goto(`${origin}/`);
        }
        const [answer] = await Promise.all([
          page.waitForResponse((response) => response.url() === target),
          page.evaluate('document.forms[0].submit()'),
        ]);
        assert.equal(answer.status(), 403);
        await page.close();
      }
      assert.equal((await fetch(target)).status, 404, 'nothing was stored');
    });

    test('what was published does nothing', async () => {
      const attack = [
        '<script>top.document.title = "hacked"; parent.hacked = 1</script>',
        '<img src="x" onerror="parent.hacked = 2"><img src="http://evil.example/pixel.png" alt="pixel">',
        '<a href="javascript:parent.hacked=3" id="js">js</a><a href="https://good.example/" id="good">good</a>',
        '<svg onload="parent.hacked=4"><script>parent.hacked=5</script><a xlink:href="javascript:parent.hacked=6">svg</a></svg>',
        '<style>body{background:url(http://evil.example/css)}</style><p style="position:fixed;inset:0">styled</p>',
        '<iframe src="http://evil.example/frame"></iframe><object data="x"></object><embed src="x"><base href="http://evil.example/">',
        `<form action="${place.url}/feed=forged" method="post"><button>go</button></form><meta http-equiv="refresh" content="0;url=http://evil.example/">`,
        '</iframe></textarea></title><script>parent.hacked = 7</script>" onload="parent.hacked=8',
      ].join('');
      const escaped = { type: 'html', value: attack };
      const member = await publish('attacked', {
        title: `<img src=x onerror="hacked=9">${attack}`,
        content: escaped,
        categories: [attack],
      });
      const xhtml = `<div xmlns="http://www.w3.org/1999/xhtml"><script>parent.hacked=10</script><b onclick="parent.hacked=11">b</b></div>`;
      const second = await publish('attacked', {
        title: 'x',
        content: { type: 'xhtml', value: xhtml },
        author: attack,
      });
      for (const path of [member, second, '/feed=attacked', '/feed=attacked/categories']) {
        const page = await open(path);
        const dialogs: string[] = [];
        page.on('dialog', (dialog) => {
          dialogs.push(dialog.message());
          void dialog.dismiss();
        });
        await page.waitForLoadState('load');
        for (const link of await page.frameLocator('iframe').locator('a').all()) {
          assert.doesNotMatch((await link.getAttribute('href')) ?? '', /^javascript/i);
        }
        assert.equal(await page.evaluate('globalThis.hacked'), undefined);
        assert.doesNotMatch(await page.title(), /^hacked/);
        for (const frame of page.frames().slice(1)) {
          const markup = await frame.content();
          assert.doesNotMatch(
            markup,
            /<(script|style|svg|iframe|object|embed|base|form|meta http)|<[^>]*\s(on\w+|style)=/i,
          );
        }
        assert.deepEqual(dialogs, []);
        // The remote image is refused by the policy, which is what the console tells of.
        const all = wrongs.get(page)!.filter((text) => !/evil\.example\/pixel|404/.test(text));
        assert.deepEqual(all, []);
        await page.context().close();
      }
      // Live, too.
      const page = await open('/feed=attacked');
      await page.locator('.live.on').waitFor();
      await publish('attacked', { title: `live ${attack}`, content: escaped, author: attack, categories: [attack] });
      await page.locator('.entry', { hasText: 'live <script>' }).waitFor();
      assert.equal(await page.evaluate('globalThis.hacked'), undefined);
      await close(page);
    });

    test('axe-core finds nothing on any page, in dark and light, and a phone need not scroll sideways', async () => {
      const long = 'x'.repeat(300);
      const plain = await publish('wide', {
        title: `${long} ${long}`,
        content: long,
        categories: [long.slice(0, 200)],
        author: long,
      });
      const framed = await publish('wide', {
        title: 'table',
        content: { type: 'html', value: `<pre>${long}</pre><p>${long}</p>` },
      });
      const json = await publish('wide', { content: { type: 'application/json', value: `{"a":"${long}"}` } });
      const png = Buffer.from(
        'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
        'base64',
      );
      const image = await fetch(`${place.url}/feed=wide`, {
        method: 'POST',
        headers: { 'content-type': 'image/png', slug: 'dot' },
        body: png,
      });
      const paths = [
        ...[
          '/',
          '/?filter=nothing-is-named-so',
          '/?sort=entries',
          '/feed=orders?filter=none-of-them&page_size=5',
          '/feed=orders',
          '/feed=wide',
          '/feed=sensors?order=desc&page_size=5',
          '/feed=none',
        ],
        ...[
          '/feed=orders/categories',
          '/feed=orders?filter=4163',
          '/feed=orders?at=x',
          '/nothing',
          '/feed=wide?start_after=urn:x:1',
        ],
        ...[plain, framed, json, image.headers.get('location')!],
      ];
      for (const colorScheme of ['light', 'dark'] as const) {
        for (const width of [1100, 360]) {
          const context = await browser.newContext({ colorScheme, viewport: { width, height: 740 } });
          const page = await context.newPage();
          for (const path of paths) {
            await page.goto(path.startsWith('http') ? path : `${place.url}${path}`);
            await page.evaluate(
              `for (const one of document.querySelectorAll('details')) one.removeAttribute('name'), (one.open = true)`,
            );
            const what = `${path}, ${colorScheme}, ${width}`;
            await fits(page, what);
            await accessible(page, what);
          }
          await context.close();
        }
      }
    });

    test('the image of a media entry is shown', async () => {
      const { items } = (await (await fetch(`${place.url}/feed=wide?format=json`)).json()) as {
        items: { url: string; title?: string }[];
      };
      const page = await open(items.find(({ title }) => title === 'dot')!.url);
      await until(async () => (await page.evaluate(`document.querySelector('.preview').naturalWidth`)) === 1);
      await close(page);
    });
  });
}
