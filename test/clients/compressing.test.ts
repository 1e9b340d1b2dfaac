/** Behind an nginx that compresses: what comes out is what went in, and a poll by its tag still gets its 304. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Answered } from '../client.js';
import { type Door, unlessThere } from '../doors/all.js';
import { freePort, openFolder } from '../doors/children.js';
import { startHttp } from '../doors/gateways.js';
import { open } from '../doors/nginx.js';
import { entryOf, pathOf, publish, titlesOf } from '../suite/atom.js';

const without = unlessThere('nginx');
const FEED = '/atommq/feed=long';
const COMPRESS = 'gzip on; gzip_types *; gzip_proxied any; gzip_min_length 1; gzip_vary on;';

/** Who compresses: nginx where we are not told what the client takes, else whoever is asked. */
const WAYS: Record<string, string> = {
  'nginx compresses': `${COMPRESS} proxy_set_header Accept-Encoding "";`,
  'nginx and AtomMQ may compress': COMPRESS,
  'AtomMQ compresses': 'gzip off;',
};

for (const [way, directives] of Object.entries(WAYS)) {
  const describe = (what: string) => `${way}: ${what}`;
  let door: Door | undefined;
  const get = (path: string, headers: Record<string, string> = {}) => door!.ask('GET', path, { headers });

  before(async () => {
    if (without !== false) return;
    const port = await freePort();
    const server = startHttp({ database: `${openFolder()}/bus.db` }, port);
    const keep = 'proxy_http_version 1.1;';
    const replacements = { '127.0.0.1:8080': `127.0.0.1:${port}`, [keep]: `${keep} ${directives}` };
    door = await open(way, 'nginx-proxy.conf', replacements, server);
    for (const title of ['1', '2', '3']) {
      await publish(door, 'long', `<title>${title}</title><content>${'Grüße '.repeat(1000)}${title}</content>`);
    }
  });
  after(() => door?.stop());

  test(describe('pages and entries decode to the same bytes'), { skip: without }, async () => {
    const member = pathOf((await publish(door!, 'one', `<content>${'é'.repeat(5000)}</content>`)).headers.location);
    for (const path of [FEED, `${FEED}?page_size=1`, member, '/atommq/']) {
      const plain = await get(path);
      assert.equal(plain.headers['content-encoding'], undefined);
      for (const accepted of ['gzip', 'br', 'br, gzip', 'gzip;q=0.5, br;q=0', 'identity', 'gzip;q=0, *;q=0.5']) {
        const answer = await get(path, { 'accept-encoding': accepted });
        assert.equal(answer.status, 200);
        assert.deepEqual(decoded(answer, accepted), plain.body, `${path} as ${accepted}`);
        assert.match(answer.headers.vary ?? '', /accept-encoding/i);
      }
    }
    assert.equal((await get(FEED, { 'accept-encoding': 'gzip' })).headers['content-encoding'], 'gzip');
  });

  test(describe('a poll by the tag that came through is a 304'), { skip: without }, async () => {
    for (const accepted of ['gzip', 'br', 'identity']) {
      const encoding = { 'accept-encoding': accepted };
      const { headers } = await get(FEED, encoding);
      assert.ok(headers.etag, accepted);
      const same = await get(FEED, { ...encoding, 'if-none-match': headers.etag });
      assert.equal(same.status, 304, `${accepted}: ${headers.etag}`);
      assert.equal(same.body.length, 0);
      assert.ok(same.headers.etag, 'with its tag');
      // Whoever has it in one encoding may ask in another.
      assert.equal((await get(FEED, { 'if-none-match': headers.etag })).status, 304, `plain, ${headers.etag}`);
      const { id } = await entryOf(await publish(door!, 'long', `<title>${accepted}</title>`));
      assert.ok(id);
      const changed = await get(FEED, { ...encoding, 'if-none-match': headers.etag });
      assert.equal(changed.status, 200, 'and not one too long');
    }
    assert.deepEqual(await titlesOf(await get(FEED)), ['1', '2', '3', 'gzip', 'br', 'identity']);
  });
}

/** The body without its encoding, which must be one that was accepted. */
function decoded({ headers, body }: Answered, accepted: string): Buffer {
  const encoding = headers['content-encoding'];
  if (encoding === undefined) return body;
  const refused = new RegExp(`${encoding};q=0(,|$)`).test(accepted);
  assert.ok(!refused && (accepted.includes(encoding) || accepted.includes('*')), `${encoding} for ${accepted}`);
  return encoding === 'br' ? brotliDecompressSync(body) : gunzipSync(body);
}
