/** What pages are made of, piece by piece: markup, rates, jumps, cleaned content. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { HttpError, HttpRequest } from '../../src/http.js';
import type { EntryTime, Feed } from '../../src/store/store.js';
import { readAsset } from '../../src/web/assets.js';
import { clean } from '../../src/web/content.js';
import { attributes, html } from '../../src/web/html.js';
import { momentOf, positionAt } from '../../src/web/jump.js';
import { size } from '../../src/web/parts.js';
import { countsOf, rateOf } from '../../src/web/rate.js';

const HOUR = 3600e6;
const NOW = 1_800_000_000_000_000;

/** A store with these times of positions 1 and up, which counts what it is asked. */
function storeOf(times: number[]) {
  const asked = { questions: 0, most: 0 };
  const times_ = async (_: number, positions: number[]): Promise<EntryTime[]> => {
    asked.questions += 1;
    asked.most = Math.max(asked.most, positions.length);
    return [...new Set(positions)]
      .sort((a, b) => a - b)
      .filter((position) => times[position - 1] !== undefined)
      .map((position) => ({ position, publishedAt: times[position - 1]! }));
  };
  return { asked, times: times_ };
}

const feedOf = (head: number, floor = 0) => ({ feedId: 1, name: 'f', head, floor }) as Feed;
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

describe('markup', () => {
  test('whatever goes into a template is escaped, unless it came out of one', () => {
    const evil = `<script>&"'`;
    assert.equal(
      html`<p title="${evil}">${evil}${html`<b>${evil}</b>`}${[evil, html`<i/>`]}${false}${undefined}${0}</p>`.markup,
      '<p title="&lt;script&gt;&amp;&quot;&#39;">&lt;script&gt;&amp;&quot;&#39;<b>&lt;script&gt;&amp;&quot;&#39;</b>&lt;script&gt;&amp;&quot;&#39;<i/>0</p>',
    );
    assert.equal(
      attributes({ a: evil, b: true, c: false, d: undefined }).markup,
      ' a="&lt;script&gt;&amp;&quot;&#39;" b=""',
    );
  });

  test('sizes as people read them', () => {
    assert.deepEqual([0, 1023, 1024, 1536, 150 * 1024, 5 * 2 ** 30].map(size), [
      '0 bytes',
      '1023 bytes',
      '1.0 KiB',
      '1.5 KiB',
      '150 KiB',
      '5.0 GiB',
    ]);
  });
});

describe('the rate of the last hour', () => {
  test('is exact for a feed of few entries', async () => {
    const times = [NOW - 2 * HOUR, NOW - HOUR / 2, NOW - 10e6, NOW - 5e6];
    const { counts, last } = await rateOf(storeOf(times), feedOf(4), NOW);
    assert.equal(sum(counts), 3);
    assert.equal(counts.at(-1), 2);
    assert.equal(counts[15], 1);
    assert.equal(last, NOW - 5e6);
  });

  test('of an empty feed, and of one whose entries are all old', async () => {
    assert.deepEqual((await rateOf(storeOf([]), feedOf(0), NOW)).last, undefined);
    assert.equal(sum((await rateOf(storeOf(Array(500).fill(NOW - 2 * HOUR)), feedOf(500), NOW)).counts), 0);
  });

  test('takes two questions of 64 positions, however many entries there are, and comes near', async () => {
    const million = Array.from({ length: 1_000_000 }, (_, i) => NOW - 4 * HOUR * (1 - i / 1_000_000));
    const store = storeOf(million);
    const { counts } = await rateOf(store, feedOf(million.length), NOW);
    assert.ok(store.asked.questions <= 2 && store.asked.most <= 64, JSON.stringify(store.asked));
    assert.ok(Math.abs(sum(counts) - 250_000) < 10_000, String(sum(counts)));
    for (const number of counts) assert.ok(Math.abs(number - 250_000 / 30) < 1500, String(number));
  });

  test('counts every entry whose time it knows, whatever clocks do', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: NOW - 2 * HOUR, max: NOW }), { maxLength: 80 }), (times) => {
        const counts = countsOf(
          times.map((publishedAt, i) => ({ position: i + 1, publishedAt })),
          NOW - HOUR,
        );
        assert.equal(Math.round(sum(counts)), times.filter((one) => one >= NOW - HOUR).length);
      }),
    );
  });
});

describe('jumps', () => {
  test('times as people write them', () => {
    const at = (text: string) => momentOf(text, NOW);
    const day = new Date(NOW / 1000).toISOString().slice(0, 10);
    const micros = (iso: string) => Date.parse(iso) * 1000;
    assert.equal(at('10m'), NOW - 600e6);
    assert.equal(at('2 h ago'), NOW - 2 * HOUR);
    assert.equal(at('15:04'), micros(`${day}T15:04:00Z`));
    assert.equal(at('9:04:05'), micros(`${day}T09:04:05Z`));
    assert.equal(at('2026-01-31'), micros('2026-01-31T00:00:00Z'));
    assert.equal(at('2026-01-31 15:04'), micros('2026-01-31T15:04:00Z'));
    assert.equal(at('2026-01-31 15:04:05 UTC'), micros('2026-01-31T15:04:05Z'));
    assert.equal(at('2026-01-31T15:04+02:00'), micros('2026-01-31T13:04:00Z'));
    for (const none of ['', 'urn:uuid:1', '2026-13-45', 'tomorrow', '25:99']) assert.equal(at(none), undefined, none);
  });

  test('the last entry by then, in few questions', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 300 }),
        fc.nat(60),
        fc.nat(20),
        async (steps, moment, removed) => {
          const times = steps.sort((a, b) => a - b);
          const floor = Math.min(removed, times.length - 1);
          const held = times.map((time, i) => (i < floor ? undefined : time)) as number[];
          const expected = Math.max(times.filter((time) => time <= moment).length, floor + 1);
          assert.equal(await positionAt(storeOf(held), feedOf(times.length, floor), moment), expected);
        },
      ),
    );
    const store = storeOf(Array.from({ length: 1_000_000 }, (_, i) => i));
    assert.equal(await positionAt(store, feedOf(1_000_000), 777_776), 777_777);
    assert.ok(store.asked.questions <= 6, String(store.asked.questions));
  });
});

test('cleaned content keeps what says something, and nothing that acts', () => {
  const kept =
    '<h2>T</h2><p lang="de">a <em>b</em><br></p><table><tbody><tr><td colspan="2">c</td></tr></tbody></table>';
  assert.equal(clean(kept, undefined).replaceAll(' />', '>'), kept);
  assert.equal(
    clean('<a href="x?y#z">r</a><a href="#here">f</a><img src="i.png" alt="i" onerror="x()">', 'http://b.example/d/'),
    '<a href="http://b.example/d/x?y#z" target="_blank" rel="nofollow noopener noreferrer">r</a><a href="#here" target="_blank" rel="nofollow noopener noreferrer">f</a><img src="http://b.example/d/i.png" alt="i" />',
  );
  for (const evil of [
    '<a href="javascript:x()">',
    '<a href=" JaVa&#10;script:x()">',
    '<a href="data:text/html,<script>">',
    '<img src="javascript:x()">',
    '<script>x()</script>',
    '<p style="x" onclick="x()" id="main" class="top">',
    '<svg><animate onbegin=x()></svg><math href="javascript:x()">',
    '<form action="/"><input name="x"><button formaction="javascript:x()">',
    '<noscript><p title="</noscript><img src=x onerror=x()>">',
    '<iframe srcdoc="<script>x()</script>">',
  ]) {
    assert.doesNotMatch(
      clean(evil, undefined).replace(/ title="[^"]*"/g, ''),
      /<[^>]*(script|javascript|data:|\son|style|srcdoc|action|\sid=|\sclass=)/i,
      evil,
    );
  }
});

test('assets are kept for ever at their own address, and are to be had at any', async () => {
  const ask = (file: string) =>
    readAsset(
      new HttpRequest({
        method: 'GET',
        base: 'http://b.example',
        path: '',
        search: '',
        headers: {},
        body: (async function* () {})(),
        nature: { runOnce: false, multiprocess: false },
      }),
      file,
    );
  const old = await ask('page-000000000000.css');
  assert.equal(old.headers['cache-control'], 'no-cache');
  assert.match(String(old.headers['content-type']), /^text\/css/);
  await assert.rejects(ask('constructor.css'), HttpError);
  await assert.rejects(ask('%00'), HttpError);
});
