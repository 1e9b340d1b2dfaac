/** The forms of feeds and entries (section 3): chosen by `Accept` with its qualities, or by `format`. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { eachDoor } from '../doors/all.js';
import { entry, pathOf, problemOf, publish, revalidated } from './atom.js';

/** What browsers ask for. */
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';
/** What feedparser asks for. */
const READER =
  'application/atom+xml,application/rdf+xml,application/rss+xml,application/x-netcdf,application/xml;q=0.9,text/xml;q=0.2,*/*;q=0.1';

eachDoor((at) => {
  let member = '';
  before(async () => {
    const xhtml = '<div xmlns="http://www.w3.org/1999/xhtml">a <b>b</b><br/></div>';
    await publish(at(), 'forms', `<title>one</title><content type="xhtml">${xhtml}</content><category term="c"/>`);
    const created = await publish(at(), 'forms', '<title>&lt;script>alert(1)&lt;/script></title>');
    member = pathOf(created.headers.location);
    const { ask } = at();
    const gone = await publish(at(), 'forms', '<title>gone</title>');
    assert.equal((await ask('DELETE', pathOf(gone.headers.location))).status, 200);
  });
  const get = (query: string, accept?: string, path = '/atommq/feed=forms') =>
    at().ask('GET', `${path}${query}`, accept === undefined ? {} : { headers: { accept } });

  test('the form that is asked for, and Atom where none is', async () => {
    for (const [accept, type] of [
      [undefined, 'application/atom+xml;type=feed'],
      ['*/*', 'application/atom+xml;type=feed'],
      [READER, 'application/atom+xml;type=feed'],
      [BROWSER, 'text/html; charset=utf-8'],
      ['text/html, application/atom+xml', 'application/atom+xml;type=feed'],
      ['text/html;q=0.8, application/atom+xml;q=0.5', 'text/html; charset=utf-8'],
      ['application/json', 'application/json'],
      ['application/feed+json, application/json;q=0.9', 'application/feed+json'],
      ['application/x-ndjson', 'application/x-ndjson'],
      ['text/*', 'text/html; charset=utf-8'],
      ['application/json;q=0.1, application/atom+xml;q=0', 'application/json'],
    ] as const) {
      const answer = await get('', accept);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers['content-type']?.replace(/; ?type=/, ';type='), type, accept);
      revalidated(answer);
      assert.match(answer.headers.link ?? '', /rel="first"/);
      const { etag = '' } = answer.headers;
      const headers = { ...(accept === undefined ? {} : { accept }), 'if-none-match': etag };
      assert.equal((await at().ask('GET', '/atommq/feed=forms', { headers })).status, 304);
    }
    problemOf(await get('', 'image/png'), 406);
    problemOf(await get('?format=pdf'), 400);
  });

  test('no two forms share a tag', async () => {
    const tags = await Promise.all(
      ['atom', 'json', 'ndjson', 'html'].map((form) => get(`?format=${form}`, 'image/png')),
    );
    assert.equal(new Set(tags.map(({ headers }) => headers.etag)).size, 4);
  });

  test('JSON Feed', async () => {
    const answer = await get('?format=json&page_size=2', BROWSER);
    assert.equal(answer.headers['content-type'], 'application/feed+json');
    const feed = JSON.parse(answer.text);
    assert.equal(feed.version, 'https://jsonfeed.org/version/1.1');
    assert.equal(feed.feed_url, `${at().base}/feed=forms?format=json&page_size=2`);
    assert.equal(feed.items.length, 2);
    assert.equal(feed.items[0].content_html.replace(/\s*\/?>/g, '>'), 'a <b>b</b><br>');
    assert.deepEqual(feed.items[0].tags, ['c']);
    assert.equal(
      feed.items[0].url,
      (await get('', undefined, pathOf(feed.items[0].url))).headers['content-location'] ?? feed.items[0].url,
    );
    const next = JSON.parse((await get('', undefined, pathOf(feed.next_url))).text);
    assert.equal(next.items.length, 1, 'the deleted one, so that a consumer can keep its position');
    assert.equal(next.next_url, undefined);
    assert.equal(
      (await get('', undefined, `/atommq/feed=forms?format=json&start_after=${next.items[0].id}`)).status,
      200,
    );
  });

  test('one entry a line', async () => {
    const { text } = await get('?format=ndjson');
    const lines = text.split('\n');
    assert.equal(lines.pop(), '');
    assert.equal(lines.length, 3);
    for (const line of lines) assert.match((JSON.parse(line) as { id: string }).id, /^urn:uuid:/);
  });

  test('pages for people, in which nothing that was published is markup', async () => {
    for (const path of ['/atommq/feed=forms', member, '/atommq/']) {
      const page = await get('', BROWSER, path);
      assert.equal(page.status, 200, page.text);
      assert.match(page.headers['content-type'] ?? '', /^text\/html/);
      assert.doesNotMatch(page.text, /<script>/i);
      assert.match(page.headers['content-security-policy'] ?? '', /default-src 'none'/);
      assert.equal(page.headers['x-content-type-options'], 'nosniff');
    }
    assert.match((await get('', BROWSER)).text, /&lt;script&gt;alert\(1\)/);
  });

  test('an entry in its forms, each with a tag that is good for a condition', async () => {
    for (const form of ['atom', 'json', 'ndjson', 'html']) {
      const answer = await get(`?format=${form}`, undefined, member);
      assert.equal(answer.status, 200, answer.text);
      revalidated(answer);
      if (form === 'json') assert.match((JSON.parse(answer.text) as { id: string }).id, /^urn:uuid:/);
      const put = await at().ask('PUT', member, {
        body: entry(`<title>${form}</title>`),
        headers: { 'content-type': 'application/atom+xml', 'if-match': answer.headers.etag ?? '' },
      });
      assert.equal(put.status, 200, put.text);
    }
    problemOf(await get('?format=csv', undefined, member), 400);
  });
});
