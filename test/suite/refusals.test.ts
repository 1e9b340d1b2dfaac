/** What is refused before it comes to a resource: a page for people and a document for programs, with the same fields. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answered } from '../client.js';
import { eachDoor } from '../doors/all.js';
import { httpGateway } from '../doors/gateways.js';
import { basic, fileOf, htpasswd } from '../guard/credentials.js';
import { entry, problemOf } from './atom.js';

/** As Firefox sends it. */
const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

/** A page that tells people what the document tells programs, and of which a cache makes no mistake. */
function isPage({ status, headers, text }: Answered, expected: number, detail: RegExp): void {
  assert.equal(status, expected, text);
  assert.equal(headers['content-type'], 'text/html; charset=utf-8');
  assert.match(text, detail);
  assert.match(text, /<h1>/);
  assert.match(headers['content-security-policy'] ?? '', /default-src 'none'/);
  isTold(headers);
}

function isTold(headers: Answered['headers']): void {
  assert.match(headers.vary ?? '', /\bAccept\b(?!-)/);
  assert.match(headers['cache-control'] ?? '', /no-store/);
  assert.equal(headers['x-content-type-options'], 'nosniff');
}

eachDoor(
  (at, { name }) => {
    const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
      at().ask(method, `/atommq${path}`, { headers });
    const CHALLENGE = /^Basic realm="AtomMQ", charset="UTF-8", Bearer realm="AtomMQ"$/;

    test('credentials are asked for, with the challenges', async () => {
      for (const path of ['/', '/feed=a', '/metrics', '/nowhere']) {
        const page = await get(path, BROWSER);
        isPage(page, 401, /Credentials are needed/);
        assert.match(page.headers['www-authenticate'] ?? '', CHALLENGE);
        const head = await get(path, BROWSER, 'HEAD');
        assert.deepEqual([head.status, head.text], [401, '']);
        assert.equal(head.headers['content-type'], page.headers['content-type']);
        assert.match(head.headers['www-authenticate'] ?? '', CHALLENGE);
        const document = await get(path);
        problemOf(document, 401);
        isTold(document.headers);
        assert.match(document.headers['www-authenticate'] ?? '', CHALLENGE);
      }
      isPage(await get('/', { ...BROWSER, ...basic('bob', 'wrong') }), 401, /name or the password is wrong/);
      isPage(await get('/?access_token=a', BROWSER), 400, /does not belong in an address/);
      assert.doesNotMatch((await get('/', { accept: 'text/html;q=0.5, application/json' })).text, /<h1>/);
    });

    test('a form of another site', async () => {
      const headers = {
        ...BROWSER,
        'content-type': 'application/x-www-form-urlencoded',
        origin: 'https://evil.example',
      };
      const answer = await at().ask('POST', '/atommq/feed=a', {
        body: entry(),
        headers: { ...headers, ...basic('bob', 'hunter2') },
      });
      isPage(answer, 403, /page of another site/);
      problemOf(
        await at().ask('POST', '/atommq/feed=a', { body: entry(), headers: { ...headers, accept: '*/*' } }),
        403,
      );
    });

    // In process there is no gateway that could look at them.
    if (name === 'in process') return;

    test('an address that is none of ours', async () => {
      isPage(await get('/', { ...BROWSER, host: 'evil.example' }), 421, /not called evil\.example/);
      isPage(await get(`/feed=a?x=${'y'.repeat(600)}`, BROWSER), 414, /max-query-bytes/);
      const document = await get('/', { host: 'evil.example' });
      problemOf(document, 421);
      assert.match(document.headers['cache-control'] ?? '', /no-store/);
      const head = await get('/', { ...BROWSER, host: 'evil.example' }, 'HEAD');
      assert.deepEqual([head.status, head.headers['content-type']], [421, 'text/html; charset=utf-8']);
    });
  },
  {
    environment: {
      ATOMMQ_HTPASSWD_FILE: fileOf(htpasswd({ bob: 'hunter2' })),
      ATOMMQ_LOGIN_FAILURES: '0',
      ATOMMQ_ALLOWED_HOSTS: 'bus.example',
      ATOMMQ_MAX_QUERY_BYTES: '512',
    },
  },
);

eachDoor(
  (at) => {
    test('what is outside, and bad addresses, are told as well, and nobody is offered to begin a feed there', async () => {
      const outside = await at().ask('GET', '/feed=a', { headers: BROWSER });
      isPage(outside, 404, /AtomMQ is at \/atommq/);
      assert.doesNotMatch(outside.text, /<form/);
      isPage(await at().ask('GET', '/atommq/feed=%00', { headers: BROWSER }), 400, /control character/);
      isPage(await at().ask('GET', '/atommq/feed=%ff%', { headers: BROWSER }), 400, /not percent-encoded/);
    });
    test('they are counted', async () => {
      const { text } = await at().ask('GET', '/atommq/metrics');
      assert.match(text, /^atommq_requests_total\{[^}]*status="400"[^}]*\} 2$/m);
    });
  },
  {},
  [httpGateway],
);

eachDoor(
  (at) => {
    test('who asks too often, or fails too often, is told in a page too, and by which means to try', async () => {
      const ask = () => at().ask('GET', '/atommq/', { headers: { ...BROWSER, ...basic('bob', 'hunter2') } });
      await ask();
      const answers = await Promise.all(Array.from({ length: 20 }, ask));
      const limited = answers.find(({ status }) => status === 429) ?? assert.fail('nobody was told to wait');
      isPage(limited, 429, /\(rate\)/);
      assert.match(limited.headers['retry-after'] ?? '', /^[1-9]/);
      const wrong = () => at().ask('GET', '/atommq/', { headers: { ...BROWSER, ...basic('bob', 'wrong') } });
      isPage(await wrong(), 401, /wrong/);
      const waiting = await wrong();
      isPage(waiting, 429, /Too many failed logins/);
      assert.match(waiting.headers['retry-after'] ?? '', /^[1-9]/);
    });
  },
  {
    environment: {
      ATOMMQ_HTPASSWD_FILE: fileOf(htpasswd({ bob: 'hunter2' })),
      ATOMMQ_RATE: '1',
      ATOMMQ_RATE_BURST: '1',
      ATOMMQ_LOGIN_FAILURES: '1',
    },
  },
  [httpGateway],
);
