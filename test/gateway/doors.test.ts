/** The same requests through every door give the same answers. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Door, doors, missing } from '../doors.js';

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const CURL =
  '<entry> <title>allo</title> <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">an important message</div></content> </entry>';

for (const kind of doors) {
  const lacking = missing(kind);
  if (lacking !== undefined) {
    test(kind.name, { skip: process.env.ATOMMQ_TEST_REQUIRE === 'all' ? false : `${lacking} is not here` }, () => {
      assert.fail(`${lacking} is missing`);
    });
    continue;
  }
  describe(kind.name, () => {
    let door: Door;
    before(async () => {
      door = await kind.start();
    });
    after(() => door?.stop());

    test('publishes and reads', async () => {
      const { client } = door;
      const created = await client('POST', '/feed=widgets', { body: CURL, headers: form });
      assert.equal(created.status, 201, created.body);
      const location = String(created.headers.location);
      assert.match(location, /^http:\/\/127\.0\.0\.1:\d+\/atommq\/feed=widgets\/entries\/[0-9a-f-]{36}$/);
      const feed = await client('GET', '/feed=widgets');
      assert.equal(feed.status, 200);
      assert.match(feed.body, /an important message/);
      const id = `urn:uuid:${location.slice(-36)}`;
      const after = await client('GET', `/feed=widgets?start_after=${id}`);
      assert.equal(after.status, 200);
      assert.equal(after.headers['atommq-up-to-date'], 'true');
      const member = await client('GET', new URL(location).pathname.slice('/atommq'.length));
      assert.equal(member.headers.etag, created.headers.etag);
      const same = await client('GET', '/feed=widgets', { headers: { 'if-none-match': String(feed.headers.etag) } });
      assert.equal(same.status, 304);
      const head = await client('HEAD', '/feed=widgets');
      assert.deepEqual([head.status, head.body], [200, '']);
      assert.equal(head.headers.etag, feed.headers.etag);
    });

    test('takes a large body, and refuses one that is too large', async () => {
      const { client } = door;
      const large = `<entry><content>${'x'.repeat(300_000)}</content></entry>`;
      assert.equal((await client('POST', '/feed=large', { body: large })).status, 201);
      assert.ok((await client('GET', '/feed=large')).body.length > 300_000);
      const refused = await client('POST', '/feed=large', { body: `<entry>${'x'.repeat(5_000_000)}</entry>` });
      assert.equal(refused.status, 413);
    });

    test('names are the same everywhere', async () => {
      const { client } = door;
      for (const name of ['a%20b', 'a+b', '100%25', 'x;y', 'caf%C3%A9', 'a=b', 'a%2Bb']) {
        const created = await client('POST', `/feed=${name}`, { body: '<entry/>' });
        assert.equal(created.status, 201, `${name}: ${created.body}`);
        const feed = await client('GET', `/feed=${name}`);
        assert.equal(feed.status, 200, name);
        assert.match(feed.body, new RegExp(`<title>${decodeURIComponent(name).replace(/\+/g, '\\+')}</title>`));
      }
    });

    test('errors are the same everywhere', async () => {
      const { client } = door;
      const cases: [string, string, string | undefined, number][] = [
        ['GET', '/feed=none', undefined, 404],
        ['GET', '/feed=a%2Fb', undefined, 400],
        ['GET', '/feed=widgets?start_after=urn:uuid:unknown', undefined, 400],
        ['GET', '/feed=widgets?page_size=no', undefined, 400],
        ['POST', '/feed=bad', '<entry>', 400],
        ['POST', '/feed=bad', '<html/>', 422],
        ['PUT', '/feed=widgets/entries/none', '<entry/>', 404],
        ['PUT', '/health/live', '', 405],
      ];
      for (const [method, path, body, status] of cases) {
        const answer = await client(method, path, body === undefined ? {} : { body });
        assert.equal(answer.status, status, `${method} ${path}: ${answer.body}`);
        assert.equal(answer.headers['content-type'], 'application/problem+json', `${method} ${path}`);
        assert.ok(answer.headers['cache-control']);
      }
    });
  });
}
