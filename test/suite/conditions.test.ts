/** Conditional requests (RFC 9110 §13) in their combinations: every method, every precondition, every form of date. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answered } from '../client.js';
import { type Door, eachDoor } from '../doors/all.js';
import { ATOM, entry, pathOf, problemOf, publish, TYPE } from './atom.js';

/** The answer once its `Last-Modified` is there: it comes when its second is over. */
async function dated(door: Door, path: string): Promise<Answered> {
  for (let tries = 0; tries < 50; tries += 1) {
    const answer = await door.ask('GET', path);
    if (answer.headers['last-modified'] !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${path} has no Last-Modified`);
}

/** The three forms of RFC 9110 §5.6.7. */
function formsOf(time: number): string[] {
  const [day = '', date = '', month = '', year = '', clock = ''] = new Date(time).toUTCString().split(/,? /);
  const long = { Sun: 'Sun', Mon: 'Mon', Tue: 'Tues', Wed: 'Wednes', Thu: 'Thurs', Fri: 'Fri', Sat: 'Satur' }[day];
  return [
    `${day}, ${date} ${month} ${year} ${clock} GMT`,
    `${long}day, ${date}-${month}-${year.slice(2)} ${clock} GMT`,
    `${day} ${month} ${date.replace(/^0/, ' ')} ${clock} ${year}`,
  ];
}

/** What is not a date of HTTP, though a lenient reader takes some of it for one in the far future. */
const NO_DATES = [
  'tomorrow 2099',
  '2099',
  '2099-01-01T00:00:00Z',
  'Thu, 01 Jan 2099 00:00:00',
  'Thu, 01 Jan 2099 00:00:00 +0000',
  'Thu, 31 Feb 2099 00:00:00 GMT',
  'Thu, 01 Jan 2099 25:00:00 GMT',
  '01 Jan 2099 00:00:00 GMT',
];

eachDoor((at) => {
  test('a date counts in each of its three forms, and nothing else is one', async () => {
    const door = at();
    const { headers } = await publish(door, 'dates', '<title>a</title>');
    for (const path of ['/atommq/feed=dates', pathOf(headers.location)]) {
      const modified = Date.parse((await dated(door, path)).headers['last-modified'] ?? '');
      for (const date of formsOf(modified)) {
        assert.equal((await door.ask('GET', path, { headers: { 'if-modified-since': date } })).status, 304, date);
      }
      for (const date of formsOf(modified - 1000)) {
        assert.equal((await door.ask('GET', path, { headers: { 'if-modified-since': date } })).status, 200, date);
      }
      for (const date of NO_DATES) {
        assert.equal((await door.ask('GET', path, { headers: { 'if-modified-since': date } })).status, 200, date);
      }
    }
  });

  test('a change that must not have been since a date', async () => {
    const door = at();
    const path = pathOf((await publish(door, 'unmodified', '<title>a</title>')).headers.location);
    const put = (date: string) =>
      door.ask('PUT', path, { body: entry(), headers: { ...TYPE, 'if-unmodified-since': date } });
    for (const date of formsOf(Date.UTC(2001, 0, 1))) problemOf(await put(date), 412);
    for (const date of NO_DATES) assert.equal((await put(date.replace('2099', '1999'))).status, 200, date);
    for (const date of formsOf(Date.now() + 10_000)) assert.equal((await put(date)).status, 200, date);
  });

  test('If-Match of several tags, weak ones and * on a member', async () => {
    const door = at();
    const path = pathOf((await publish(door, 'several', '<title>a</title>')).headers.location);
    const tag = async () => (await door.ask('GET', path)).headers.etag ?? '';
    const put = (headers: Record<string, string>) =>
      door.ask('PUT', path, { body: entry('<title>b</title>'), headers: { ...TYPE, ...headers } });
    problemOf(await put({ 'if-match': `W/${await tag()}` }), 412);
    problemOf(await put({ 'if-match': `"a", W/${await tag()}` }), 412);
    problemOf(await put({ 'if-match': 'no-quotes' }), 412);
    problemOf(await put({ 'if-match': await tag(), 'if-none-match': await tag() }), 412);
    problemOf(await put({ 'if-none-match': '*' }), 412);
    assert.equal((await put({ 'if-match': `"a,b", ${await tag()},"c"` })).status, 200);
    const old = 'Mon, 01 Jan 2001 00:00:00 GMT';
    assert.equal(
      (await put({ 'if-match': await tag(), 'if-unmodified-since': old })).status,
      200,
      'the tag alone counts',
    );
    assert.equal((await put({ 'if-none-match': '"other"' })).status, 200);
  });

  test('a read has If-Match and If-Unmodified-Since as well', async () => {
    const door = at();
    const member = pathOf((await publish(door, 'read-if', '<title>a</title>')).headers.location);
    const text = { body: 'text', headers: { 'content-type': 'text/plain' } };
    const media = `${pathOf((await door.ask('POST', '/atommq/feed=read-if', text)).headers.location)}/media`;
    for (const path of [member, media, '/atommq/feed=read-if', '/atommq/feed=read-if/categories', '/atommq/']) {
      const { etag = '' } = (await door.ask('GET', path)).headers;
      const ask = (method: string, headers: Record<string, string>) => door.ask(method, path, { headers });
      problemOf(await ask('GET', { 'if-match': '"other"' }), 412);
      assert.equal((await ask('HEAD', { 'if-match': '"other"' })).status, 412);
      problemOf(await ask('GET', { 'if-match': `W/${etag}` }), 412);
      assert.equal((await ask('GET', { 'if-match': `"other", ${etag}` })).status, 200, path);
      assert.equal((await ask('GET', { 'if-match': '*' })).status, 200);
      assert.equal((await ask('GET', { 'if-match': etag, 'if-none-match': etag })).status, 304);
    }
    for (const path of [member, media, '/atommq/feed=read-if']) {
      const headers = { 'if-unmodified-since': 'Mon, 01 Jan 2001 00:00:00 GMT' };
      problemOf(await door.ask('GET', path, { headers }), 412);
    }
  });

  test('a page that gets a next has changed, by its date too', async () => {
    const door = at();
    const path = '/atommq/feed=grows?page_size=1';
    await publish(door, 'grows', '<title>a</title>');
    const alone = await dated(door, path);
    await publish(door, 'grows', '<title>b</title>');
    const headers = { 'if-modified-since': alone.headers['last-modified'] ?? '' };
    const grown = await door.ask('GET', path, { headers });
    assert.equal(grown.status, 200, 'or a poller would never hear of what comes after');
    assert.match(grown.headers.link ?? '', /rel="next"/);
  });

  test('If-Range by a date', async () => {
    const door = at();
    const created = await door.ask('POST', '/atommq/feed=if-range', {
      body: '0123456789',
      headers: { 'content-type': 'text/plain' },
    });
    const path = `${pathOf(created.headers.location)}/media`;
    const modified = Date.parse((await dated(door, path)).headers['last-modified'] ?? '');
    const ask = (date: string) => door.ask('GET', path, { headers: { range: 'bytes=2-3', 'if-range': date } });
    for (const date of formsOf(modified)) {
      const part = await ask(date);
      assert.equal(part.status, 206, date);
      assert.equal(part.text, '23');
    }
    // It must be the date, not a later one (RFC 9110 §13.1.5).
    for (const date of [...formsOf(modified - 1000), ...formsOf(modified + 1000), ...NO_DATES]) {
      assert.equal((await ask(date)).text, '0123456789', date);
    }
  });

  test('a feed is removed only on the conditions of the request', async () => {
    const door = at();
    const path = '/atommq/feed=kept';
    const remove = (headers: Record<string, string>) => door.ask('DELETE', path, { headers });
    await publish(door, 'kept', '<title>a</title>');
    const { etag = '' } = (await door.ask('GET', path)).headers;
    const desc = (await door.ask('GET', `${path}?order=desc`)).headers.etag ?? '';
    problemOf(await remove({ 'if-match': '"other"' }), 412);
    problemOf(await remove({ 'if-match': `W/${etag}` }), 412);
    problemOf(await remove({ 'if-unmodified-since': 'Mon, 01 Jan 2001 00:00:00 GMT' }), 412);
    problemOf(await remove({ 'if-none-match': '*' }), 412);
    await publish(door, 'kept', '<title>b</title>');
    problemOf(await remove({ 'if-match': etag }), 412);
    problemOf(await remove({ 'if-match': desc }), 412);
    assert.equal((await door.ask('GET', path)).status, 200);
    const current = (await door.ask('GET', path)).headers.etag ?? '';
    assert.equal((await remove({ 'if-match': `"x", ${current}` })).status, 200);
    problemOf(await remove({ 'if-match': '*' }), 404);
  });

  test('a feed is described only on the conditions of the request', async () => {
    const door = at();
    const path = '/atommq/feed=described';
    const put = (headers: Record<string, string>) =>
      door.ask('PUT', path, {
        body: `<feed xmlns="${ATOM}"><title>t</title></feed>`,
        headers: { ...TYPE, ...headers },
      });
    await publish(door, 'described', '<title>a</title>');
    const tags = async (query: string) => (await door.ask('GET', path + query)).headers.etag ?? '';
    problemOf(await put({ 'if-unmodified-since': 'Mon, 01 Jan 2001 00:00:00 GMT' }), 412);
    problemOf(await put({ 'if-none-match': await tags('') }), 412);
    const old = await tags('?order=desc');
    assert.equal((await put({ 'if-match': old })).status, 200, 'any page will do');
    problemOf(await put({ 'if-match': old }), 412);
    assert.equal((await put({ 'if-match': await tags('?format=json') })).status, 200);
  });
});
