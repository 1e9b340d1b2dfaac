/** Discovery, requests to the hub, and verification of intent (WebSub §4, §5). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AtomMQ } from '../../src/bus.js';
import { inProcess } from '../fixture.js';
import { askHub, BASE, type OpenBus, openBus } from './bus.js';
import { Callback, until } from './callback.js';

let open: OpenBus;
let callback: Callback;
const TOPIC = `${BASE}/feed=widgets`;

before(async () => {
  open = await openBus({ websubLease: 86_400 });
  callback = await Callback.listen();
  await open.publish('widgets', 'urn:x:first');
});
after(async () => {
  await open.bus.close();
  await callback.close();
});

async function subscriptionsOf(path: string): Promise<string[]> {
  const found = [];
  for await (const one of open.bus.subscriptions()) if (one.callback === callback.url(path)) found.push(one.topic);
  return found;
}

test('every page names the hub and itself: in its header fields and in the document', async () => {
  for (const query of ['', '?page_size=5', '?order=desc']) {
    const page = await open.request('GET', `/feed=widgets${query}`);
    assert.match(String(page.headers.link), /<http:\/\/localhost\/atommq\/hub>; rel="hub"/);
    assert.ok(String(page.headers.link).includes(`<${TOPIC}${query}>; rel="self"`));
    assert.match(page.body, /<link rel="hub" href="http:\/\/localhost\/atommq\/hub"\/>/);
    assert.match(page.body, /<link rel="self" /);
  }
  const json = await open.request('GET', '/feed=widgets?format=json');
  assert.deepEqual(JSON.parse(json.body).hubs, [{ type: 'WebSub', url: `${BASE}/hub` }]);
  const head = await open.request('HEAD', '/feeds/widgets');
  assert.match(String(head.headers.link), /rel="hub"/);
});

test('a hub that is switched off is not there, and nothing names it', async () => {
  const { bus, request, publish } = await openBus({ websub: false });
  await publish('widgets', 'urn:x:1');
  const page = await request('GET', '/feed=widgets');
  assert.doesNotMatch(page.body + String(page.headers.link), /hub/);
  assert.equal((await request('POST', '/hub')).status, 404);
  await bus.close();
});

test('the hub takes POST only', async () => {
  const answer = await open.request('GET', '/hub');
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.allow, 'POST, OPTIONS');
});

const fine = () => ({ 'hub.mode': 'subscribe', 'hub.topic': TOPIC, 'hub.callback': callback.url('/refused') });

const WRONG: [string, Record<string, string>, number, RegExp][] = [
  ['no mode', { 'hub.mode': '' }, 400, /hub\.mode/],
  ['another mode', { 'hub.mode': 'publish' }, 400, /hub\.mode.*publish/],
  ['no callback', { 'hub.callback': '' }, 400, /hub\.callback is missing/],
  ['a callback that is no address', { 'hub.callback': '/callback' }, 400, /hub\.callback must be an http/],
  ['a callback of another scheme', { 'hub.callback': 'ftp://1.1.1.1/' }, 400, /http or https/],
  ['a callback with a user', { 'hub.callback': 'http://u:p@127.0.0.1/' }, 400, /user/],
  ['a callback with a fragment', { 'hub.callback': 'http://127.0.0.1/#a' }, 400, /fragment/],
  ['a callback that is too long', { 'hub.callback': `http://127.0.0.1/${'x'.repeat(3000)}` }, 400, /2048/],
  ['a callback inside', { 'hub.callback': 'http://10.0.0.1/' }, 400, /10\.0\.0\.1 is not a public address/],
  ['a callback inside, by IPv6', { 'hub.callback': 'http://[::1]/' }, 400, /not a public address/],
  ['a callback inside, disguised', { 'hub.callback': 'http://0xa9fea9fe/' }, 400, /not a public address/],
  ['a callback where clouds keep keys', { 'hub.callback': 'http://169.254.169.254/latest' }, 400, /not a public/],
  ['no topic', { 'hub.topic': '' }, 400, /hub\.topic is missing/],
  ['a topic elsewhere', { 'hub.topic': 'http://example.org/atommq/feed=widgets' }, 400, /of this server/],
  ['a topic above', { 'hub.topic': 'http://localhost/feed=widgets' }, 400, /of this server/],
  ['a topic beside', { 'hub.topic': `${BASE}x/feed=widgets` }, 400, /of this server/],
  ['a topic that climbs out', { 'hub.topic': `${BASE}/../feed=widgets` }, 400, /of this server/],
  ['a topic that is none in a header field', { 'hub.topic': `${TOPIC}?a=>;rel="x"` }, 400, /percent-encoded/],
  ['the service document', { 'hub.topic': `${BASE}/` }, 400, /of this server/],
  ['an entry', { 'hub.topic': `${TOPIC}/entries/urn:x:first` }, 400, /of this server/],
  ['a feed that there is not', { 'hub.topic': `${BASE}/feed=nothing` }, 404, /no feed named/],
  ['a form that there is not', { 'hub.topic': `${TOPIC}?format=pdf` }, 400, /format/],
  ['a place that there is not', { 'hub.topic': `${TOPIC}?start_after=urn:x:none` }, 400, /never held/],
  ['a lease of nothing', { 'hub.lease_seconds': '0' }, 400, /hub\.lease_seconds/],
  ['a lease for ever', { 'hub.lease_seconds': '-1' }, 400, /hub\.lease_seconds/],
  ['a secret of 200 bytes', { 'hub.secret': 'ä'.repeat(100) }, 400, /less than 200 bytes/],
  ['no subscription to end', { 'hub.mode': 'unsubscribe' }, 404, /no subscription/],
];

for (const [name, form, status, detail] of WRONG) {
  test(`${name} is answered with ${status} and what was wrong`, async () => {
    const answer = await open.hub({ ...fine(), ...form });
    assert.equal(answer.status, status, answer.body);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
    assert.match(JSON.parse(answer.body).detail, detail);
    assert.equal(callback.verifications.filter(({ path }) => path === '/refused').length, 0);
  });
}

test('a body that is no form, or too large', async () => {
  assert.equal(
    (await open.request('POST', '/hub', { body: '{}', headers: { 'content-type': 'text/json' } })).status,
    415,
  );
  assert.equal((await open.hub({ ...fine(), x: 'x'.repeat(20_000) })).status, 413);
});

test('intent is verified: 202 first, then a question with a challenge that keeps the query of the callback', async () => {
  const path = '/verified?a=b%20c&hub.x=1';
  const topic = `${BASE}/feeds/Widgets?format=json`;
  const asked = { 'hub.mode': 'subscribe', 'hub.topic': topic, 'hub.callback': callback.url(path), 'hub.secret': 's' };
  const answer = await open.hub({ ...asked, 'hub.lease_seconds': '5000', 'hub.unknown': '?' });
  assert.equal(answer.status, 202);
  await until(async () => (await subscriptionsOf(path)).length === 1);
  const [got, ...more] = callback.verifications.filter((one) => one.path === '/verified');
  assert.equal(more.length, 0);
  assert.ok(got!.search.startsWith('a=b%20c&hub.x=1&hub.mode=subscribe&'));
  assert.equal(got!.query.get('hub.topic'), topic);
  assert.equal(got!.query.get('hub.lease_seconds'), '5000');
  assert.ok((got!.query.get('hub.challenge') ?? '').length >= 24);
  assert.equal(got!.query.has('hub.secret'), false);

  assert.equal((await open.hub({ ...asked, 'hub.mode': 'unsubscribe' })).status, 202);
  await until(async () => (await subscriptionsOf(path)).length === 0);
  const ended = callback.verifications.filter((one) => one.path === '/verified').at(-1)!;
  assert.deepEqual([ended.query.get('hub.mode'), ended.query.get('hub.topic')], ['unsubscribe', topic]);
  assert.notEqual(ended.query.get('hub.challenge'), got!.query.get('hub.challenge'));
});

test('leases are bounded, and ten days where none are asked for', async () => {
  const bounded = '/bounded';
  await open.hub({ ...fine(), 'hub.callback': callback.url(bounded), 'hub.lease_seconds': '999999999' });
  await until(async () => (await subscriptionsOf(bounded)).length === 1);
  const lease = callback.verifications.find(({ path }) => path === bounded)?.query.get('hub.lease_seconds');
  assert.equal(lease, '86400');
  const { bus, subscribe, publish } = await openBus();
  await publish('widgets', 'urn:x:1');
  const other = await Callback.listen();
  await subscribe('widgets', other);
  assert.equal(other.verifications[0]?.query.get('hub.lease_seconds'), '864000');
  await bus.close();
  await other.close();
});

/** Answers to a verification that do not confirm it. */
const DISAGREE: [string, number, (challenge: string) => string, Record<string, string>?][] = [
  ['404', 404, (challenge) => challenge],
  ['500', 500, (challenge) => challenge],
  ['a redirect', 302, (challenge) => challenge, { location: '/elsewhere' }],
  ['another body', 200, (challenge) => `${challenge} `],
  ['no body', 200, () => ''],
  ['a page that has it', 200, (challenge) => `<html>${challenge}</html>`],
  ['much more', 200, (challenge) => challenge.padEnd(100_000)],
];

for (const [name, status, body, headers] of DISAGREE) {
  test(`${name} does not confirm`, async () => {
    const other = await Callback.listen();
    other.behave = ({ query }, response) => {
      response.writeHead(status, headers).end(body(query.get('hub.challenge') ?? ''));
      return true;
    };
    await open.hub({ ...fine(), 'hub.callback': other.url() });
    await until(() => other.verifications.length === 1);
    // It is gone, and not only not there yet: there is nothing to end.
    const end = { ...fine(), 'hub.mode': 'unsubscribe', 'hub.callback': other.url() };
    await until(async () => (await open.hub(end)).status === 404);
    assert.ok(other.verifications.every(({ path }) => path === '/callback'));
    await other.close();
  });
}

test('a callback that does not answer is asked again, and denied when the feed is gone by then', async () => {
  const { bus, hub, request, publish } = await openBus();
  for (const feed of ['stays', 'goes']) await publish(feed, 'urn:x:1');
  for (const feed of ['stays', 'goes']) {
    const other = await Callback.listen();
    const modes = () => other.verifications.map(({ query }) => query.get('hub.mode'));
    let removed: Promise<unknown> | undefined;
    other.behave = (_, response) => {
      if (other.verifications.length > 1) return false;
      removed = feed === 'goes' ? request('DELETE', '/feed=goes').then(() => response.destroy()) : undefined;
      if (removed === undefined) response.destroy();
      return true;
    };
    const topic = `${BASE}/feed=${feed}`;
    await hub({ 'hub.mode': 'subscribe', 'hub.topic': topic, 'hub.callback': other.url() });
    await until(() => other.verifications.length === 2);
    assert.deepEqual(modes(), ['subscribe', feed === 'stays' ? 'subscribe' : 'denied']);
    assert.equal(other.verifications[1]!.query.get('hub.topic'), topic);
    await removed;
    await other.close();
  }
  await bus.close();
});

test('a renewal and an end that are not confirmed leave the subscription as it was', async () => {
  const { bus, hub, subscribe, publish } = await openBus();
  await publish('widgets', 'urn:x:1');
  const other = await Callback.listen();
  await subscribe('widgets', other, { 'hub.secret': 'old' });
  other.behave = ({ method }, response) => {
    if (method === 'GET') response.writeHead(404).end();
    return method === 'GET';
  };
  const form = { 'hub.topic': TOPIC, 'hub.callback': other.url(), 'hub.secret': 'new' };
  for (const mode of ['subscribe', 'unsubscribe']) {
    const before = other.verifications.length;
    await hub({ 'hub.mode': mode, ...form });
    await until(() => other.verifications.length > before);
  }
  await publish('widgets', 'urn:x:2');
  await until(() => other.deliveries.length > 0);
  const { createHmac } = await import('node:crypto');
  const signature = createHmac('sha256', 'old').update(other.deliveries[0]!.body).digest('hex');
  assert.equal(other.deliveries[0]!.headers['x-hub-signature'], `sha256=${signature}`);
  await bus.close();
  await other.close();
});

test('a process that ends with its request keeps the request for one that stays', async () => {
  const { settings } = (await import('../../src/config.js')).resolveSettings({
    set: { database: open.database, websub: true, websubAllow: ['127.0.0.0/8'] },
  });
  const script = await AtomMQ.from(settings, console.error, { runOnce: true });
  const request = inProcess(script.app, BASE);
  const path = '/by-script';
  const { status } = await askHub(request, { ...fine(), 'hub.callback': callback.url(path) });
  assert.equal(status, 202);
  await script.close();
  await until(async () => (await subscriptionsOf(path)).length === 1);
});

test('a CGI script is no hub unless it is told to be one', async () => {
  const { settings } = (await import('../../src/config.js')).resolveSettings({ set: { database: open.database } });
  const script = await AtomMQ.from(settings, console.error, { runOnce: true });
  const request = inProcess(script.app, BASE);
  assert.equal((await askHub(request, fine())).status, 404);
  assert.doesNotMatch(String((await request('GET', '/feed=widgets')).headers.link), /hub/);
  await script.close();
});
