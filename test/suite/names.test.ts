/** Feed names (section 1): decoded once, in lower case, and the same address means the same through every door. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachDoor } from '../doors/all.js';
import { exceptionFor } from '../doors/exceptions.js';
import { entry, lint, pathOf, problemOf, TYPE, titlesOf } from './atom.js';

/** As it stands in an address, and as the service document shows it. */
const NAMES: [string, string][] = [
  ['Widgets', 'widgets'],
  ['%57idgets-2', 'widgets-2'],
  ['a%20b', 'a b'],
  ['a+b', 'a+b'],
  ['a%2Bc', 'a+c'],
  ['100%25', '100%'],
  ['a%252Fb', 'a%2fb'],
  ['x;y=1', 'x;y=1'],
  ['a=b=c', 'a=b=c'],
  ['feed=feed', 'feed=feed'],
  ['a%3Fb', 'a?b'],
  ['a%23b', 'a#b'],
  ['a%26b', 'a&b'],
  ['a&c', 'a&c'],
  ['a:b@c!$', 'a:b@c!$'],
  ["o'clock,(1)*", "o'clock,(1)*"],
  ['a%22%3Cb%3E', 'a"<b>'],
  ['a%5Cb', 'a\\b'],
  ['a~', 'a~'],
  ['page.inc', 'page.inc'],
  ['index.php', 'index.php'],
  ['..a', '..a'],
  ['...', '...'],
  ['.htaccess', '.htaccess'],
  ['caf%C3%A9', 'café'],
  ['CAF%C3%89-2', 'café-2'],
  ['%D0%9F%D0%A0%D0%98%D0%92%D0%95%D0%A2', 'привет'],
  ['%E6%97%A5%E6%9C%AC', '日本'],
  ['%F0%9F%98%80', '😀'],
  ['n'.repeat(255), 'n'.repeat(255)],
  ['%C3%A9'.repeat(255), 'é'.repeat(255)],
];

/** What may follow `feed=` and `feeds/` in no address. */
const REFUSED: [string, string][] = [
  ['an encoded slash', 'a%2Fb'],
  ['an encoded slash alone', '%2f'],
  ['a dot segment', '..'],
  ['a dot segment, encoded', '%2e%2E'],
  ['a single dot', '.'],
  ['a single dot, encoded', '%2e'],
  ['a NUL', 'a%00b'],
  ['a control character', 'a%01b'],
  ['a new line', 'a%0Ab'],
  ['a carriage return and new line', 'a%0d%0ab'],
  ['a new line at the end', 'a%0A'],
  ['DEL', 'a%7Fb'],
  ['a control character beyond ASCII', 'a%C2%85b'],
  ['what is not UTF-8', 'a%FFb'],
  ['an overlong slash', 'a%C0%AFb'],
  ['a surrogate', 'a%ED%A0%80b'],
  ['an escape that is none', 'a%zzb'],
  ['an escape that breaks off', 'a%2'],
  ['256 characters', 'n'.repeat(256)],
  ['256 characters that are not ASCII', '%C3%A9'.repeat(256)],
];

eachDoor((at, { name: door, overHttp }) => {
  for (const [raw, name] of NAMES) {
    test(`${raw.slice(0, 40)} is a name`, async () => {
      const { ask } = at();
      const created = await ask('POST', `/atommq/feed=${raw}`, { body: entry('<title>t</title>'), headers: TYPE });
      assert.equal(created.status, 201, created.text);
      assert.match(created.headers.location ?? '', /^[\x21-\x7e]+$/);
      assert.equal((await ask('GET', pathOf(created.headers.location))).status, 200);
      assert.deepEqual(await titlesOf(await ask('GET', `/atommq/feeds/${raw}`)), ['t']);
      const upper = encodeURIComponent(name.toUpperCase());
      if (name.toUpperCase().toLowerCase() === name) {
        assert.deepEqual(await titlesOf(await ask('GET', `/atommq/feed=${upper}`)), ['t'], 'matched in lower case');
      }
    });
  }

  test('the service document has them all, each with an address that works', async () => {
    const { ask } = at();
    const { text } = await ask('GET', '/atommq/');
    lint(text);
    const listed = [...text.matchAll(/<collection href="([^"]*)">\s*<atom:title>([^<]*)</g)].map(
      ([, href, title]) => [plain(title), plain(href)] as const,
    );
    assert.deepEqual(listed.map(([title]) => title).sort(), NAMES.map(([, name]) => name).sort());
    for (const [name, href] of listed) {
      assert.deepEqual(await titlesOf(await ask('GET', pathOf(href))), ['t'], name);
    }
  });

  for (const [what, raw] of REFUSED) {
    for (const prefix of ['feed=', 'feeds/']) {
      test(`${prefix} and ${what} is a bad address`, async () => {
        const { ask } = at();
        const path = `/atommq/${prefix}${raw}`;
        const exception = exceptionFor(door, path);
        const read = await ask('GET', path);
        const written = await ask('POST', path, { body: entry(), headers: TYPE });
        for (const answer of [read, written]) {
          if (exception === undefined) problemOf(answer, 400);
          else assert.equal(answer.status, exception.status, exception.reason);
        }
      });
    }
  }

  for (const path of ['/atommq/feed=', '/atommq/feed=a/../feed=b', '/atommq/feed=a/%2e%2e/feed=b', '/atommq/x/..']) {
    test(`${path} is a bad address`, async () => {
      problemOf(await at().ask('GET', path), 400);
    });
  }

  test('nothing but the names above was made', async () => {
    const { text } = await at().ask('GET', '/atommq/');
    assert.equal(text.split('<collection').length - 1, NAMES.length);
  });

  // A script without its web server is not asked about other addresses.
  if (!overHttp) return;

  test('what only begins like the mount point is not ours', async () => {
    for (const path of ['/atommqxyz', '/atommqxyz/feed=widgets', '/atommq.db']) {
      assert.equal((await at().ask('GET', path)).status, 404, path);
    }
  });
});

/** The text behind the references that an XML writer uses. */
function plain(text = ''): string {
  return text
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&apos;/g, "'")
    .replace(/&amp;/g, '&');
}
