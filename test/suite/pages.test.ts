/** The pages for people at every door: what they are served with, what they lead to, the form behind them. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { SaxesParser } from 'saxes';
import { eachDoor } from '../doors/all.js';
import { pathOf, problemOf, publish } from './atom.js';

/** What browsers ask for. */
const ACCEPT = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';
const FORM = { accept: ACCEPT, 'content-type': 'application/x-www-form-urlencoded' };

/** A page is well-formed, and has nothing in it that acts but the script of ours. */
function checkMarkup(page: string): void {
  const parser = new SaxesParser();
  parser.on('error', (error) => assert.fail(error));
  parser.on('comment', () => assert.fail('there is a comment'));
  parser.on('opentag', ({ name, attributes }) => {
    assert.doesNotMatch(name, /^(style|object|embed|base|svg:script)$/);
    if (name === 'script') assert.match(attributes.src ?? '', /^\/atommq\/assets\//);
    for (const attribute of Object.keys(attributes)) assert.doesNotMatch(attribute, /^(on.*|style)$/);
    for (const address of [attributes.href, attributes.src, attributes.action]) {
      if (address !== undefined) assert.match(address, /^(\/atommq|https?:|mailto:|#)/);
    }
  });
  parser.write(page).close();
}

eachDoor((at) => {
  let member = '';
  let empty = '';
  before(async () => {
    empty = (await get('/')).text;
    for (let i = 0; i < 5; i += 1) {
      const answer = await publish(
        at(),
        'shown',
        `<title>number ${i}</title><content type="html">&lt;p>c ${i}</content><category term="c${i % 2}"/>`,
      );
      member = pathOf(answer.headers.location);
    }
  });
  const get = (path: string, headers = {}) =>
    at().ask('GET', `/atommq${path}`, { headers: { accept: ACCEPT, ...headers } });

  test('every page has a policy and a tag, and names what is really there', async () => {
    const paths = [
      '/',
      '',
      '/feed=shown',
      '/feeds/shown',
      '/feed=shown/categories',
      member.replace('/atommq', ''),
      '/?filter=sho',
    ];
    for (const path of paths) {
      const page = await get(path);
      assert.equal(page.status, 200, page.text);
      const { etag = '', 'content-security-policy': policy = '', 'content-type': type } = page.headers;
      assert.match(type ?? '', /^text\/html; ?charset=utf-8$/i);
      assert.match(policy, /default-src 'none'; style-src 'self'; script-src 'self'/);
      assert.doesNotMatch(policy, /unsafe/);
      assert.equal(page.headers['x-content-type-options'], 'nosniff');
      // Rates move with the time; everything else stays the same page while its feed stays as it is.
      if (path.includes('feed')) assert.equal((await get(path, { 'if-none-match': etag })).status, 304);
      checkMarkup(page.text);
      const assets = [...page.text.matchAll(/(?:href|src)="(\/atommq\/assets\/[^"]*)"/g)].map(([, asset]) => asset!);
      assert.ok(assets.length >= 3);
      for (const asset of new Set(assets)) {
        const answer = await at().ask('GET', asset);
        assert.equal(answer.status, 200);
        assert.match(answer.headers['cache-control'] ?? '', /immutable/);
        assert.ok(answer.body.length > 100);
      }
      for (const [, link] of page.text.matchAll(/<a[^>]* href="(\/atommq[^"]*)"/g)) {
        const answer = await at().ask('GET', link!.replaceAll('&amp;', '&'), { headers: { accept: ACCEPT } });
        assert.equal(answer.status, 200, `${link}: ${answer.text}`);
      }
    }
  });

  test('whatever was published is text, in whichever part of an entry', async () => {
    const attack = '&lt;/title>&lt;/pre>&lt;script>alert(1)&lt;/script>&quot;&apos; onload=&apos;x&lt;!-- ]]&gt;';
    const person = `<author><name>${attack}</name><uri>javascript:${attack}</uri></author>`;
    const parts = `<title type="html">${attack}</title><summary>${attack}</summary>${person}<rights>${attack}</rights>
      <category term="${attack}" label="${attack}"/><link rel="${attack}" href="javascript:alert(1)" title="${attack}"/>`;
    const members = ['text', 'html', 'application/json', 'application/xml', attack].map(async (type) => {
      const inside = /xml/.test(type) ? `<script xmlns="http://www.w3.org/1999/xhtml">${attack}</script>` : attack;
      const answer = await publish(at(), 'hostile', `${parts}<content type="${type}">${inside}</content>`);
      return pathOf(answer.headers.location).replace('/atommq', '');
    });
    const search = encodeURIComponent('"><script>alert(1)</script>');
    const feed = '/feed=hostile';
    const paths = [feed, `${feed}/categories`, `${feed}?filter=${search}&category=${search}`, `${feed}?at=${search}`];
    const others = [`/?filter=${search}`, `/feed=${search}`, `${feed}?start_at=${search}`, `/${search}`];
    for (const path of [...paths, ...others, ...(await Promise.all(members))]) {
      const { text, headers } = await get(path);
      assert.match(headers['content-type'] ?? '', /^text\/html/, text);
      checkMarkup(text);
    }
  });

  test('a bus that holds nothing says how to publish, and so does a feed that is not there', async () => {
    for (const [page, url] of [
      [empty, `${at().base}/feed=hello`],
      [(await get('/feed=none')).text, `${at().base}/feed=none`],
    ] as const) {
      const line = /<code>curl -d (.*?)<\/code>/.exec(page)?.[1]?.replaceAll('&#39;', "'");
      const [, entry = '', address] = /^'(.*)' '(.*)'$/.exec(line ?? '') ?? [];
      assert.equal(address, url);
      const body = entry.replaceAll('&lt;', '<').replaceAll('&gt;', '>');
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      assert.equal((await at().ask('POST', '/atommq/feed=by-line', { body, headers })).status, 201);
    }
  });

  test('feeds stand by name, by entries, by rate or by the last that came', async () => {
    for (const feed of ['sort-b', 'sort-a', 'sort-b', 'sort-c', 'sort-c', 'sort-b', 'sort-a']) {
      await publish(at(), feed, '<title>x</title>');
    }
    for (const [query, names, sorted] of [
      ['', 'a b c', 'ascending">.*Feed'],
      ['&sort=entries', 'b a c', 'descending">.*Entries'],
      ['&sort=rate', 'b a c', 'descending">.*Last hour'],
      ['&sort=last', 'a b c', 'descending">.*Last entry'],
      ['&sort=size', 'a b c', 'ascending">.*Feed'],
    ] as const) {
      const { text } = await get(`/?filter=SORT-${query}`);
      const seen = [...text.matchAll(/data-feed="sort-(.)"/g)].map(([, name]) => name);
      assert.equal(seen.join(' '), names, query);
      assert.equal(text.match(/aria-sort/g)?.length, 1);
      assert.match(text, new RegExp(`aria-sort="${sorted}`));
    }
    const { text } = await get('/?sort=entries&after=1&filter=sort-');
    assert.match(text, /href="\/atommq\/\?sort=entries&amp;filter=sort-">First page/);
    assert.doesNotMatch(text, /data-feed="sort-b"/);
  });

  test('content stands alone under a policy that lets it do nothing', async () => {
    const alone = await get(`${member.replace('/atommq', '')}?content=alone`);
    assert.equal(alone.status, 200, alone.text);
    assert.match(alone.text, /<body><p>c 4<\/p><\/body>/);
    const { 'content-security-policy': policy = '', etag = '' } = alone.headers;
    assert.match(policy, /default-src 'none';.*; sandbox allow-popups allow-popups-to-escape-sandbox$/);
    assert.equal((await get(`${member.replace('/atommq', '')}?content=alone`, { 'if-none-match': etag })).status, 304);
    const plain = await publish(at(), 'plain', '<content>text</content>');
    assert.equal((await get(`${pathOf(plain.headers.location).replace('/atommq', '')}?content=alone`)).status, 404);
  });

  test('a filter says how far it looked, and a revised entry when', async () => {
    const found = await get('/feed=shown?filter=number&page_size=2');
    assert.match(
      found.text,
      /2 entries with \S+ among the 2 looked at, of 5 entries\. <a href="[^"]*">Look at older ones/,
    );
    const address = pathOf((await publish(at(), 'revised', '<title>one</title>')).headers.location);
    await at().ask('PUT', address, { body: '<entry><title>two</title></entry>' });
    assert.match((await get('/feed=revised')).text, /, updated <time/);
    assert.match((await get(address.replace('/atommq', ''))).text, /<dt>Revised<\/dt>/);
  });

  test('newest first for people; whoever says where to begin gets the order of the feed', async () => {
    const titles = async (query: string) =>
      [...(await get(`/feed=shown${query}`)).text.matchAll(/>number (\d)</g)].map(([, number]) => number).join('');
    assert.equal(await titles(''), '43210');
    assert.equal(await titles('?order=asc'), '01234');
    assert.equal(await titles('?page_size=2'), '43');
    assert.equal(await titles('?filter=NUMBER 3'.replace(' ', '+')), '3');
    assert.equal(await titles('?category=c1'), '31');
    const { items } = JSON.parse((await get('/feed=shown?format=json')).text) as { items: { id: string }[] };
    assert.equal(await titles(`?start_after=${items[1]!.id}`), '234');
    assert.equal(await titles(`?start_at=${items[1]!.id}&order=desc`), '10');
    const jump = await get(`/feed=shown?at=${items[2]!.id}`);
    assert.equal(jump.status, 303);
    assert.equal(await titles(jump.headers.location!.replace(/^[^?]*/, '')), '210');
    assert.match((await get('/feed=shown?at=1m')).headers.location ?? '', /start_at=/);
    assert.equal((await get('/feed=shown?at=never')).status, 400);
  });

  test('the form publishes for a page of ours, and for no other', async () => {
    const { origin, host } = new URL(at().base);
    const post = (body: string, headers: Record<string, string>) =>
      at().ask('POST', '/atommq/feed=formed', { headers: { ...FORM, host, ...headers }, body });
    const refused = ['http://evil.example', 'null', `${origin}.evil.example`, `http://${host}:1`];
    for (const from of refused) assert.equal((await post('title=x', { origin: from })).status, 403, from);
    for (const site of ['cross-site', 'same-site', 'none']) {
      assert.equal((await post('title=x', { origin, 'sec-fetch-site': site })).status, 403, site);
    }
    assert.equal((await at().ask('POST', '/atommq/feed=formed', { headers: FORM, body: 'title=x' })).status, 415);
    assert.equal((await get('/feed=formed')).status, 404);
    const done = await post('title=a+%26+%C3%BC&content=one%0D%0Atwo&type=text&categories=x,+y', { origin });
    assert.equal(done.status, 303, done.text);
    const stored = await at().ask('GET', done.headers.location!, { headers: { accept: 'application/json' } });
    const { title, content_text, tags } = JSON.parse(stored.text) as Record<string, unknown>;
    assert.deepEqual([title, content_text, tags], ['a & ü', 'one\ntwo', ['x', 'y']]);
    for (const [body, wrong] of [
      ['title=+&content=', 'needs a title'],
      ['title=kept&content=%7B&type=application/json', 'not JSON'],
      ['title=kept&content=%3Cp%3E&type=xhtml', 'line 1'],
      ['title=kept&content=x&type=image/png', 'not a type'],
    ] as const) {
      const answer = await post(body, { origin });
      assert.ok(answer.status === 400 || answer.status === 422, answer.text);
      assert.match(answer.text, new RegExp(wrong));
      if (body.includes('kept')) assert.match(answer.text, /value="kept"/);
    }
    assert.equal((await get('/feed=formed?format=ndjson')).text.trim().split('\n').length, 1);
  });

  test('what is wrong is told on a page to people, and as a document to programs', async () => {
    for (const [path, status] of [
      ['/nothing', 404],
      ['/feed=none', 404],
      ['/feed=shown/entries/none', 404],
      ['/feed=shown?start_after=urn:x:none', 400],
      ['/feed=shown?order=up', 400],
      ['/feed=shown?format=pdf', 400],
      ['/assets/none', 404],
    ] as const) {
      const page = await get(path);
      assert.equal(page.status, status, page.text);
      if (!path.includes('pdf')) assert.match(page.text, /<h1>/);
      problemOf(await at().ask('GET', `/atommq${path}`), status);
    }
    assert.match((await get('/feed=none')).text, /<form method="post" action="\/atommq\/feed=none"/);
  });
});
