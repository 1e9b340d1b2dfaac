/** Pages of other sites, and names that were bent to us: what a browser would send for them, through every door. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachDoor } from '../doors/all.js';
import { httpGateway } from '../doors/gateways.js';
import { entry, problemOf, publish, TYPE } from './atom.js';

const FORMS = ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain;charset=UTF-8'];
const LISTED = 'https://app.example';
const FOREIGN = 'https://evil.example';

eachDoor((at) => {
  const form = (headers: Record<string, string>, method = 'POST') =>
    at().ask(method, '/atommq/feed=forms', { body: entry('<title>form</title>'), headers });

  test('a page of another site publishes nothing by a form', async () => {
    await publish(at(), 'forms', '<title>ours</title>');
    const sentByPages: Record<string, string>[] = [
      ...FORMS.map((type) => ({ 'content-type': type, origin: FOREIGN })),
      { 'content-type': FORMS[0]!, origin: 'null' },
      { 'content-type': FORMS[0]!, 'sec-fetch-site': 'cross-site' },
      { 'content-type': FORMS[0]!, 'sec-fetch-site': 'same-site', origin: FOREIGN },
    ];
    for (const sent of sentByPages) {
      problemOf(await form(sent), 403);
    }
    for (const method of ['POST', 'DELETE']) {
      problemOf(await at().ask(method, '/atommq/feed=forms', { headers: { origin: FOREIGN } }), 403);
    }
    const { text } = await at().ask('GET', '/atommq/feed=forms');
    assert.equal(text.split('<entry').length - 1, 1);
  });

  test('what no page sends goes: curl, our own pages, a script that had to ask', async () => {
    const own = new URL(at().base).origin;
    for (const sent of [
      { 'content-type': FORMS[0]! },
      { 'content-type': FORMS[0]!, origin: own, host: new URL(at().base).host },
      { 'content-type': FORMS[0]!, 'sec-fetch-site': 'same-origin', origin: own },
      { 'content-type': FORMS[0]!, 'sec-fetch-site': 'none' },
      { ...TYPE, origin: FOREIGN },
    ] as Record<string, string>[]) {
      assert.equal((await form(sent)).status, 201, JSON.stringify(sent));
    }
  });

  test('no other page reads unless it is named', async () => {
    const answer = await at().ask('GET', '/atommq/', { headers: { origin: FOREIGN } });
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
    const asked = { origin: FOREIGN, 'access-control-request-method': 'PUT' };
    const preflight = await at().ask('OPTIONS', '/atommq/', { headers: asked });
    assert.equal(preflight.headers['access-control-allow-origin'], undefined);
  });

  test('every answer says that its type is what it says', async () => {
    const { headers } = await publish(at(), 'sniff', '<title>x</title>');
    const entryPath = headers.location!.replace(/^https?:\/\/[^/]*/, '');
    const asked: [string, string, Record<string, string>?][] = [
      ['GET', '/atommq/'],
      ['GET', '/atommq/feed=sniff'],
      ['GET', '/atommq/feed=sniff?format=html'],
      ['GET', '/atommq/feed=sniff?format=json'],
      ['GET', '/atommq/feed=sniff/categories'],
      ['GET', entryPath],
      ['GET', '/atommq/health/live'],
      ['GET', '/atommq/nothing'],
      ['OPTIONS', '/atommq/feed=sniff'],
      ['PATCH', '/atommq/feed=sniff'],
      ['DELETE', entryPath],
    ];
    for (const [method, path] of asked) {
      const answer = await at().ask(method, path);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff', `${method} ${path}`);
    }
    assert.equal(headers['x-content-type-options'], 'nosniff');
  });

  test('nothing that was asked for comes back as markup', async () => {
    const script = '%3Cscript%3Ealert(1)%3C%2Fscript%3E';
    for (const path of [`/${script}`, `/feed=${script}`, `/feed=a?start_after=${script}`, `/feed=a?format=${script}`]) {
      const { headers, text } = await at().ask('GET', `/atommq${path}`, { headers: { accept: 'text/html' } });
      const type = headers['content-type'] ?? '';
      if (!/html|xml/.test(type)) assert.match(type, /^application\/problem\+json/);
      else assert.doesNotMatch(text, /<script(?! src="\/atommq\/assets\/)/);
    }
  });
});

eachDoor(
  (at) => {
    test('a page that is named reads, publishes, and may use credentials', async () => {
      const preflight = await at().ask('OPTIONS', '/atommq/feed=cors', {
        headers: {
          origin: LISTED,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,idempotency-key,authorization',
        },
      });
      assert.equal(preflight.status, 204);
      assert.equal(preflight.headers['access-control-allow-origin'], LISTED);
      assert.equal(preflight.headers['access-control-allow-credentials'], 'true');
      assert.match(preflight.headers['access-control-allow-methods'] ?? '', /\bPOST\b/);
      assert.match(preflight.headers['access-control-allow-headers'] ?? '', /Content-Type.*Idempotency-Key/);
      assert.match(preflight.headers.vary ?? '', /Origin/);
      const { headers } = await publish(at(), 'cors', '<title>x</title>', { origin: LISTED });
      assert.equal(headers['access-control-allow-origin'], LISTED);
      assert.match(headers['access-control-expose-headers'] ?? '', /ETag.*Location.*AtomMQ-Up-To-Date/);
      const refused = await at().ask('GET', '/atommq/feed=none', { headers: { origin: LISTED } });
      problemOf(refused, 404);
      assert.equal(refused.headers['access-control-allow-origin'], LISTED, 'a script may read what was wrong');
      const formed = { 'content-type': FORMS[0]!, origin: LISTED };
      const form = await at().ask('POST', '/atommq/feed=cors', { body: entry(), headers: formed });
      assert.equal(form.status, 201);
    });

    test('others do not, and caches keep the answers apart', async () => {
      for (const origin of [FOREIGN, `${LISTED}.evil.example`, LISTED.toUpperCase(), 'null']) {
        const answer = await at().ask('GET', '/atommq/feed=cors', { headers: { origin } });
        assert.equal(answer.headers['access-control-allow-origin'], undefined, origin);
      }
      const plain = await at().ask('GET', '/atommq/feed=cors');
      assert.match(plain.headers.vary ?? '', /^Accept, *Accept-Encoding, *Origin$/);
    });
  },
  { environment: { ATOMMQ_CORS_ORIGINS: LISTED } },
);

eachDoor(
  (at) => {
    test('where every page may, none may with the credentials of whoever sits before it', async () => {
      const read = await at().ask('GET', '/atommq/', { headers: { origin: FOREIGN } });
      assert.equal(read.headers['access-control-allow-origin'], '*');
      assert.equal(read.headers['access-control-allow-credentials'], undefined);
      const form = { 'content-type': FORMS[0]!, origin: FOREIGN };
      const post = (headers: Record<string, string>) =>
        at().ask('POST', '/atommq/feed=open', { body: entry(), headers: { ...form, ...headers } });
      assert.equal((await post({})).status, 201);
      problemOf(await post({ cookie: 'a=b' }), 403);
    });
  },
  { environment: { ATOMMQ_CORS_ORIGINS: '*' } },
);

eachDoor(
  (at, { name }) => {
    if (name === 'in process') return;
    test('a name that is not ours is refused, and ours with any port goes', async () => {
      for (const host of ['evil.example', 'bus.example.evil.example', 'example']) {
        const { status } = await at().ask('GET', '/atommq/', { headers: { host } });
        // Some web servers have an answer of their own to names that they do not know.
        if (host !== 'example') assert.ok(status === 421, `${host} ${status}`);
      }
      for (const host of ['bus.example', 'BUS.example:8443', 'a.other.example', '127.0.0.1:80', '[::1]', 'localhost']) {
        assert.equal((await at().ask('GET', '/atommq/', { headers: { host } })).status, 200, host);
      }
    });
  },
  { environment: { ATOMMQ_ALLOWED_HOSTS: 'bus.example, *.other.example' } },
);

eachDoor(
  (at) => {
    test('on loopback, where nobody is asked who he is, no name goes that a page could have bent to us', async () => {
      const answer = await at().ask('GET', '/atommq/', { headers: { host: 'evil.example' } });
      assert.match(String(problemOf(answer, 421).detail), /evil\.example.*allowed-hosts, base-url or trusted-proxies/);
      for (const host of ['localhost:1', 'bus.localhost', '127.0.0.1', '[::1]:8080', 'public.example', 'workstation']) {
        assert.equal((await at().ask('GET', '/atommq/', { headers: { host } })).status, 200, host);
      }
    });
  },
  { environment: { ATOMMQ_ALLOWED_HOSTS: '', ATOMMQ_BASE_URL: 'https://public.example/atommq' } },
  [httpGateway],
);
