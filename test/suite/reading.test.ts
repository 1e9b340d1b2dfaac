/** Reading (sections 1 and 3): positions, pages and their links, what caches are told, and the service document. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Answered } from '../client.js';
import { eachDoor } from '../doors/all.js';
import { entryOf, feedOf, linkHeader, lint, pathOf, problemOf, publish, revalidated, titlesOf } from './atom.js';

const PAGE_SIZE = 3;
const TITLES = ['n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6'];

eachDoor(
  (at) => {
    const ids: string[] = [];
    before(async () => {
      ids.length = 0;
      for (const title of TITLES) ids.push((await entryOf(await publish(at(), 'read', `<title>${title}</title>`))).id);
    });
    const get = (query = '', headers: Record<string, string> = {}) =>
      at().ask('GET', `/atommq/feed=read${query}`, { headers });

    /** Walks from a page to the last by its `next` links. */
    async function walk(query: string, next: (answer: Answered) => Promise<string | undefined>): Promise<string[]> {
      const titles: string[] = [];
      let path: string | undefined = `/atommq/feed=read${query}`;
      while (path !== undefined) {
        const page = await at().ask('GET', path);
        const got = await titlesOf(page);
        assert.ok(got.length > 0 && got.length <= PAGE_SIZE, `a page of ${got.length}`);
        titles.push(...got);
        assert.ok(titles.length <= TITLES.length, titles.join(' '));
        const url = await next(page);
        path = url === undefined ? undefined : pathOf(url);
      }
      return titles;
    }

    test('pages follow one another by the links of the document, oldest first', async () => {
      assert.deepEqual(await walk('', async (page) => (await feedOf(page)).links.next), TITLES);
      assert.deepEqual(await walk('?page_size=2', async (page) => (await feedOf(page)).links.next), TITLES);
    });

    test('and by those of the Link header', async () => {
      assert.deepEqual(await walk('', async (page) => linkHeader(page).next), TITLES);
    });

    test('newest first with order=desc', async () => {
      assert.deepEqual(await walk('?order=desc', async (page) => (await feedOf(page)).links.next), TITLES.toReversed());
      assert.deepEqual(await titlesOf(await get(`?order=desc&start_after=${ids[2]}`)), ['n1', 'n0']);
      assert.deepEqual(await titlesOf(await get(`?order=desc&start_at=${ids[2]}`)), ['n2', 'n1', 'n0']);
    });

    test('every page has its links, absolute, and the same in both places', async () => {
      const { base } = at();
      for (const query of ['', '?page_size=2', `?start_after=${ids[1]}`, `?start_at=${ids[5]}`, '?order=desc']) {
        const page = await get(query);
        const { links } = await feedOf(page);
        assert.deepEqual(linkHeader(page), links, query);
        assert.equal(links.self, `${base}/feed=read${query}`);
        for (const rel of ['first', 'last'])
          assert.ok(links[rel]?.startsWith(`${base}/feed=read`), `${rel} of ${query}`);
        const first = await titlesOf(await at().ask('GET', pathOf(links.first)));
        const last = await titlesOf(await at().ask('GET', pathOf(links.last)));
        const [oldest, newest] = query === '?order=desc' ? ['n6', 'n0'] : ['n0', 'n6'];
        assert.equal(first[0], oldest);
        assert.equal(last.at(-1), newest);
      }
    });

    test('a page without next ends the feed and says so', async () => {
      const full = await get();
      assert.ok((await feedOf(full)).links.next);
      assert.equal(full.headers['atommq-up-to-date'], undefined);
      for (const query of [
        `?start_at=${ids[5]}`,
        `?start_after=${ids[3]}`,
        `?start_after=${ids[6]}`,
        '?start_after=now',
      ]) {
        const end = await get(query);
        assert.equal((await feedOf(end)).links.next, undefined, query);
        assert.equal(end.headers['atommq-up-to-date'], 'true', query);
      }
    });

    test('start_after and start_at find their entry', async () => {
      assert.deepEqual(await titlesOf(await get(`?start_after=${ids[3]}`)), ['n4', 'n5', 'n6']);
      assert.deepEqual(await titlesOf(await get(`?start_at=${ids[3]}`)), ['n3', 'n4', 'n5']);
      assert.deepEqual(await titlesOf(await get(`?start_after=${encodeURIComponent(ids[3] ?? '')}`)), [
        'n4',
        'n5',
        'n6',
      ]);
      assert.deepEqual(await titlesOf(await get(`?start_after=${ids[6]}`)), []);
      assert.deepEqual(await titlesOf(await get('?start_after=now')), []);
    });

    test('an id with every delimiter in it is a position like any other', async () => {
      const id = 'tag:example.org,2026:a?b&c=d;e+f%20g/h#é';
      await publish(at(), 'ids', `<id>${id.replace('&', '&amp;')}</id><title>1</title>`);
      await publish(at(), 'ids', '<title>2</title>');
      const path = `/atommq/feed=ids?start_after=${encodeURIComponent(id)}`;
      assert.deepEqual(await titlesOf(await at().ask('GET', path)), ['2']);
      const [first] = (await feedOf(await at().ask('GET', '/atommq/feed=ids?page_size=1'))).entries;
      assert.equal(first?.id, id);
      const { next } = (await feedOf(await at().ask('GET', '/atommq/feed=ids?page_size=1'))).links;
      assert.deepEqual(await titlesOf(await at().ask('GET', pathOf(next))), ['2']);
      await publish(at(), 'ids', '<id>urn:x:what?</id><title>3</title>');
      assert.deepEqual(await titlesOf(await at().ask('GET', '/atommq/feed=ids?start_after=urn:x:what?')), []);
    });

    test('a + in an id need not be encoded, for no id has a space', async () => {
      await publish(at(), 'plus', '<id>tag:example.org,2026:a+b</id><title>1</title>');
      await publish(at(), 'plus', '<title>2</title>');
      for (const id of ['tag:example.org,2026:a+b', 'tag:example.org,2026:a%2Bb', '%20tag:example.org,2026:a%2Bb%20']) {
        assert.deepEqual(await titlesOf(await at().ask('GET', `/atommq/feed=plus?start_after=${id}`)), ['2'], id);
      }
    });

    test('an id that is a bare UUID is another than that of urn:uuid:', async () => {
      const uuid = '550e8400-e29b-41d4-a716-446655440000';
      for (const id of [uuid, `urn:uuid:${uuid}`, `~${uuid}`, `~~${uuid}`, '~x']) {
        const { headers } = await publish(at(), 'uuids', `<id>${id}</id><title>${id}</title>`);
        const got = await at().ask('GET', pathOf(headers.location));
        assert.equal(got.status, 200, headers.location);
        assert.equal((await entryOf(got)).id, id);
        const page = await feedOf(await at().ask('GET', `/atommq/feed=uuids?start_at=${id}`));
        assert.equal(page.entries[0]?.id, id);
        assert.equal(page.entries[0]?.links.edit, headers.location);
      }
    });

    test('page_size asks for fewer, never for more', async () => {
      assert.equal((await titlesOf(await get('?page_size=1'))).length, 1);
      assert.equal((await titlesOf(await get('?page_size=1000'))).length, PAGE_SIZE);
    });

    for (const query of [
      '?start_after=urn:uuid:01234567-89ab-7def-8123-456789abcdef',
      '?start_at=urn:x:never',
      '?page_size=0',
      '?page_size=-1',
      '?page_size=many',
      '?page_size=1e3',
      '?order=sideways',
    ]) {
      test(`${query} is a bad parameter`, async () => {
        problemOf(await get(query), 400);
      });
    }

    test('a feed that does not exist is not found', async () => {
      problemOf(await at().ask('GET', '/atommq/feed=nobody'), 404);
      problemOf(await at().ask('GET', '/atommq/feeds/nobody?start_after=now'), 404);
    });

    test('both spellings of an address show the same feed', async () => {
      const one = await get();
      const other = await at().ask('GET', '/atommq/feeds/read');
      assert.deepEqual(await titlesOf(other), await titlesOf(one));
      const next = await at().ask('GET', pathOf((await feedOf(other)).links.next));
      assert.deepEqual(await titlesOf(next), ['n3', 'n4', 'n5']);
    });

    test('a page is revalidated by its tag', async () => {
      const page = await get();
      revalidated(page);
      const tag = page.headers.etag ?? '';
      for (const field of [tag, `W/${tag}`, `"other", ${tag}`, `"a,b", W/"c" , ${tag}`, '*']) {
        const same = await get('', { 'if-none-match': field });
        assert.equal(same.status, 304, field);
        assert.equal(same.text, '');
        assert.equal(same.headers.etag, tag);
        revalidated(same);
      }
      assert.equal((await get('', { 'if-none-match': '"other"' })).status, 200);
      assert.notEqual((await get('?page_size=1')).headers.etag, tag);
    });

    test('the tag of a page that was up to date changes with the next entry', async () => {
      const door = at();
      const { id } = await entryOf(await publish(door, 'polled', '<title>1</title>'));
      const path = `/atommq/feed=polled?start_after=${id}`;
      const empty = await door.ask('GET', path);
      const conditional = { headers: { 'if-none-match': empty.headers.etag ?? '' } };
      assert.equal((await door.ask('GET', path, conditional)).status, 304);
      await publish(door, 'polled', '<title>2</title>');
      const filled = await door.ask('GET', path, conditional);
      assert.deepEqual(await titlesOf(filled), ['2']);
      await door.ask('DELETE', pathOf((await feedOf(filled)).entries[0]?.links.edit));
      const buried = await door.ask('GET', path, { headers: { 'if-none-match': filled.headers.etag ?? '' } });
      assert.equal(buried.status, 200, 'and with a deletion');
    });

    test('Last-Modified comes when its second is over, and revalidates', async () => {
      let page = await get();
      for (let tries = 0; tries < 50 && page.headers['last-modified'] === undefined; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        page = await get();
      }
      const modified = page.headers['last-modified'] ?? '';
      assert.match(modified, /GMT$/);
      const same = await get('', { 'if-modified-since': modified });
      assert.equal(same.status, 304);
      revalidated(same);
      assert.equal((await get('', { 'if-modified-since': 'Mon, 01 Jan 2001 00:00:00 GMT' })).status, 200);
      const both = await get('', { 'if-modified-since': modified, 'if-none-match': '"other"' });
      assert.equal(both.status, 200, 'If-None-Match counts alone');
    });

    test('HEAD answers as GET, without the body', async () => {
      for (const path of ['/atommq/feed=read', '/atommq/', '/atommq/feed=read?page_size=2']) {
        const got = await at().ask('GET', path);
        const head = await at().ask('HEAD', path);
        assert.equal(head.status, 200);
        assert.equal(head.text, '');
        for (const name of ['content-type', 'etag', 'cache-control', 'vary', 'link', 'atommq-up-to-date']) {
          assert.equal(head.headers[name], got.headers[name], name);
        }
      }
      const tag = (await get()).headers.etag ?? '';
      const same = await at().ask('HEAD', '/atommq/feed=read', { headers: { 'if-none-match': tag } });
      assert.equal(same.status, 304);
      assert.equal((await at().ask('HEAD', '/atommq/feed=nobody')).status, 404);
    });

    test('what is not acceptable is 406, and */* is Atom', async () => {
      problemOf(await get('', { accept: 'image/png' }), 406);
      problemOf(await get('', { accept: 'application/atom+xml;q=0' }), 406);
      for (const [accept, type] of [
        ['application/atom+xml;q=0, */*', /^application\/feed\+json/],
        ['application/atom+xml;q=0, application/xml', undefined],
        ['text/*', /^text\/html/],
        ['text/xml', /^application\/atom\+xml/],
        [', ,', /^application\/atom\+xml/],
        ['application/json;a="x, y";q=0.1, text/html;q=0.2', /^text\/html/],
        ['text/html;q=0.5, application/xml;q=0.9, */*;q=0.1', /^application\/atom\+xml/],
        ['APPLICATION/JSON', /^application\/json/],
        ['application/json;q=1.000,application/atom+xml;q=0.999', /^application\/json/],
      ] as const) {
        const answer = await get('', { accept });
        if (type === undefined) problemOf(answer, 406);
        else assert.match(answer.headers['content-type'] ?? '', type, accept);
      }
      for (const accept of ['*/*', 'application/*', 'application/atom+xml', 'text/plain;q=0.5, application/atom+xml']) {
        await feedOf(await get('', { accept }));
      }
    });

    test('the service document lists the feeds', async () => {
      const { ask, base } = at();
      for (const path of ['/atommq', '/atommq/']) {
        const answer = await ask('GET', path);
        assert.equal(answer.status, 200, answer.text);
        assert.match(answer.headers['content-type'] ?? '', /^application\/atomsvc\+xml/);
        revalidated(answer);
        lint(answer.text);
        assert.ok(answer.text.includes(`href="${base}/feed=read"`), answer.text);
        assert.doesNotMatch(
          answer.text,
          /<(app:)?categories\s*(\/>|><\/)/,
          'an empty one makes clients lose what follows',
        );
        const same = await ask('GET', path, { headers: { 'if-none-match': answer.headers.etag ?? '' } });
        assert.equal(same.status, 304);
      }
    });

    test('health is told and never kept', async () => {
      for (const path of ['/atommq/health/live', '/atommq/health/ready']) {
        const answer = await at().ask('GET', path);
        assert.equal(answer.status, 200, answer.text);
        assert.match(answer.headers['cache-control'] ?? '', /no-store/);
      }
    });

    test('an address that takes other methods names them', async () => {
      const entryPath = `/atommq/feed=read/entries/${ids[0]?.slice('urn:uuid:'.length)}`;
      for (const [method, path, allowed] of [
        ['PATCH', '/atommq/feed=read', ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']],
        ['PUT', '/atommq/feed=read/categories', ['GET', 'HEAD', 'OPTIONS']],
        ['POST', entryPath, ['GET', 'HEAD', 'PUT', 'DELETE']],
        ['DELETE', '/atommq/', ['GET', 'HEAD']],
      ] as const) {
        const answer = await at().ask(method, path);
        problemOf(answer, 405);
        const allow = (answer.headers.allow ?? '').split(/,\s*/);
        for (const one of allowed) assert.ok(allow.includes(one), `${method} ${path}: ${allow} lacks ${one}`);
        assert.ok(!allow.includes(method));
      }
      const options = await at().ask('OPTIONS', '/atommq/feed=read');
      assert.ok(options.status === 200 || options.status === 204, String(options.status));
      assert.match(options.headers.allow ?? '', /POST/);
      assert.ok(options.headers['cache-control']);
    });

    test('an address that means nothing is not found', async () => {
      for (const path of [
        '/atommq/nothing',
        '/atommq/feed=read/nothing',
        '/atommq/feed=read/entries/a/b',
        '/atommq/feeds',
      ]) {
        problemOf(await at().ask('GET', path), 404);
      }
    });
  },
  { pageSize: PAGE_SIZE },
);
