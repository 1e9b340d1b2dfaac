/** Deliveries: what is sent, in which order, and what a callback's answers come to (WebSub §7). */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, test } from 'node:test';
import type { SubscriptionView } from '../../src/bus.js';
import { BASE, type OpenBus, openBus } from './bus.js';
import { type Behaviour, Callback, firstSeen, until } from './callback.js';

const closing: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closing) await close();
});

async function fixture(options: Parameters<typeof openBus>[0] = {}): Promise<OpenBus & { callback: Callback }> {
  const open = await openBus(options);
  const callback = await Callback.listen();
  closing.push(async () => {
    await open.bus.close();
    await callback.close();
  });
  await open.publish('widgets', 'urn:x:before');
  return { ...open, callback };
}

async function stateOf({ bus }: OpenBus, callback: Callback): Promise<SubscriptionView | undefined> {
  for await (const one of bus.subscriptions()) if (one.callback === callback.url()) return one;
  return undefined;
}

/** Answers deliveries with a status; verifications as always. */
const answering =
  (status: number | (() => number), headers: Record<string, string> = {}): Behaviour =>
  ({ method }, response) => {
    if (method !== 'POST') return false;
    response.writeHead(typeof status === 'number' ? status : status(), headers).end();
    return true;
  };

const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `urn:x:${from + i}`);

test('what comes after the subscription is delivered in order, as a document of the topic', async () => {
  const { callback, subscribe, publish, request } = await fixture();
  await subscribe('widgets', callback);
  await publish('widgets', ...numbered(0, 20));
  await until(() => callback.ids.includes('urn:x:19'));
  assert.deepEqual(callback.ids, numbered(0, 20));
  const page = await request('GET', '/feed=widgets');
  for (const { headers, body } of callback.deliveries) {
    assert.equal(headers['content-type'], page.headers['content-type']);
    assert.equal(headers.link, `<${BASE}/hub>; rel="hub", <${BASE}/feed=widgets>; rel="self"`);
    assert.equal(headers['x-hub-signature'], undefined);
    assert.match(body.toString(), /<link rel="self" href="http:\/\/localhost\/atommq\/feed=widgets"\/>/);
    assert.match(body.toString(), /<link rel="hub" href="http:\/\/localhost\/atommq\/hub"\/>/);
  }
  // To the letter what a page has.
  const [entry] = /<entry\b.*?<\/entry>/s.exec(callback.deliveries[0]!.body.toString())!;
  assert.ok(page.body.includes(entry));
});

test('a topic has its own form, and a secret signs it', async () => {
  const { callback, subscribe, publish } = await fixture();
  const topic = `${BASE}/feeds/widgets?format=json`;
  await subscribe('widgets', callback, { 'hub.topic': topic, 'hub.secret': 'schlüssel' });
  await publish('widgets', 'urn:x:1');
  await until(() => callback.deliveries.length > 0);
  const [{ headers, body }] = callback.deliveries as [(typeof callback.deliveries)[0]];
  assert.equal(headers['content-type'], 'application/feed+json');
  const signature = createHmac('sha256', 'schlüssel').update(body).digest('hex');
  assert.equal(headers['x-hub-signature'], `sha256=${signature}`);
  const feed = JSON.parse(body.toString());
  assert.equal(feed.feed_url, topic);
  assert.deepEqual(feed.hubs, [{ type: 'WebSub', url: `${BASE}/hub` }]);
  assert.deepEqual(
    feed.items.map(({ id, url }: { id: string; url: string }) => [id, url]),
    [['urn:x:1', `${BASE}/feeds/widgets/entries/${encodeURIComponent('urn:x:1')}`]],
  );
});

test('a topic that names a place begins there', async () => {
  const { callback, subscribe, publish } = await fixture();
  await publish('widgets', ...numbered(0, 5));
  await subscribe('widgets', callback, { 'hub.topic': `${BASE}/feed=widgets?start_after=urn:x:1` });
  await publish('widgets', 'urn:x:5');
  await until(() => callback.ids.includes('urn:x:5'));
  assert.deepEqual(callback.ids, numbered(2, 6));
});

test('a delivery is bounded by the size of a page, and of its entries by their bytes', async () => {
  const { callback, subscribe, publish, bus } = await fixture({ pageSize: 4, pageBytes: 10_000 });
  let busy = true;
  callback.behave = answering(() => (busy ? 503 : 200));
  await subscribe('widgets', callback);
  await publish('widgets', ...numbered(0, 10));
  for (let n = 0; n < 4; n += 1) await bus.publish('widgets', { title: 'x'.repeat(6000) });
  busy = false;
  await until(() => callback.deliveries.at(-1)?.body.includes('xxxx') === true && callback.ids.length >= 14);
  for (const { body } of callback.deliveries) {
    const entries = body.toString().split('<entry').length - 1;
    assert.ok(entries <= 4);
    assert.ok(entries === 1 || body.length < 20_000);
  }
  await until(() => firstSeen(callback.ids).length === 14);
  assert.deepEqual(firstSeen(callback.ids).slice(0, 10), numbered(0, 10));
});

for (const [name, status, headers] of [
  ['500', 500, {}],
  ['404', 404, {}],
  ['a redirect', 307, { location: 'http://127.0.0.1:1/' }],
] as const) {
  test(`${name} is a failure: the same is delivered again, later, and nothing overtakes it`, async () => {
    const open = await fixture();
    const { callback, subscribe, publish } = open;
    let failing = 3;
    callback.behave = answering(() => {
      failing -= 1;
      return failing >= 0 ? status : 204;
    }, headers);
    await subscribe('widgets', callback);
    await publish('widgets', 'urn:x:0', 'urn:x:1');
    await until(() => callback.ids.includes('urn:x:1') && failing < 0);
    assert.deepEqual(firstSeen(callback.ids), numbered(0, 2));
    assert.ok(callback.deliveries.length >= 4);
    for (const { body } of callback.deliveries.slice(0, 3)) assert.match(body.toString(), /urn:x:0/);
    await until(async () => (await stateOf(open, callback))?.state === 'active');
  });
}

test('a callback that hangs is waited for so long and no longer', async () => {
  const open = await fixture({ websubTimeout: 1 });
  const { callback, subscribe, publish } = open;
  let hanging = true;
  callback.behave = ({ method }) => hanging && method === 'POST';
  await subscribe('widgets', callback);
  await publish('widgets', 'urn:x:0');
  await until(async () => /no answer in 1 s/.test((await stateOf(open, callback))?.error ?? ''));
  hanging = false;
  await until(async () => (await stateOf(open, callback))?.state === 'active');
});

test('slow subscribers, however many, hold up no other', async () => {
  const open = await fixture({ websubTimeout: 300 });
  const { callback, subscribe, publish, hub } = open;
  // More than may be delivered to at the same time by those who have failed before.
  const slow = await Callback.listen();
  closing.unshift(() => slow.close());
  let failing = true;
  slow.behave = ({ method }, response) => {
    if (method === 'POST' && failing) response.writeHead(500).end();
    return method === 'POST';
  };
  for (let n = 0; n < 60; n += 1) {
    const form = { 'hub.topic': `${BASE}/feed=widgets`, 'hub.callback': slow.url(`/slow/${n}`) };
    assert.equal((await hub({ 'hub.mode': 'subscribe', ...form })).status, 202);
  }
  await until(() => new Set(slow.verifications.map(({ path }) => path)).size === 60);
  await subscribe('widgets', callback);
  await publish('widgets', 'urn:x:0');
  await until(() => slow.deliveries.length >= 60);
  failing = false;
  const before = slow.deliveries.length;
  await until(() => slow.deliveries.length > before);
  await publish('widgets', ...numbered(1, 30));
  await until(() => callback.ids.includes('urn:x:29'));
  assert.deepEqual(callback.ids, numbered(0, 30));
});

test('410 ends the subscription', async () => {
  const open = await fixture();
  const { callback, subscribe, publish } = open;
  callback.behave = answering(410);
  await subscribe('widgets', callback);
  await publish('widgets', 'urn:x:0');
  await until(async () => (await stateOf(open, callback)) === undefined);
  await publish('widgets', 'urn:x:1');
  assert.equal(callback.deliveries.length, 1);
});

test('one that fails too often for too long is given up, kept and listed, and goes on where it was when it is renewed', async () => {
  const open = await fixture({ websubAttempts: 2, websubPatience: 0 });
  const { callback, subscribe, publish } = open;
  callback.behave = answering(500);
  await subscribe('widgets', callback);
  await publish('widgets', 'urn:x:0');
  await until(async () => (await stateOf(open, callback))?.state === 'dead');
  const dead = await stateOf(open, callback);
  assert.deepEqual([dead?.failures, dead?.error], [2, 'the answer was 500']);
  await publish('widgets', 'urn:x:1');
  assert.equal(callback.deliveries.length, 2);
  callback.behave = () => undefined;
  await subscribe('widgets', callback);
  await until(() => callback.ids.includes('urn:x:1'));
  assert.deepEqual(firstSeen(callback.ids), numbered(0, 2));
  await until(async () => (await stateOf(open, callback))?.state === 'active');
});

test('a renewal keeps the place and takes the new secret', async () => {
  const open = await fixture();
  const { callback, subscribe, publish } = open;
  callback.behave = answering(500);
  await subscribe('widgets', callback, { 'hub.secret': 'a' });
  await publish('widgets', 'urn:x:0');
  await until(async () => (await stateOf(open, callback))?.state === 'failing');
  callback.behave = () => undefined;
  await subscribe('widgets', callback, { 'hub.secret': 'b' });
  await publish('widgets', 'urn:x:1');
  await until(() => callback.ids.includes('urn:x:1'));
  assert.deepEqual(firstSeen(callback.ids), numbered(0, 2));
  const { headers, body } = callback.deliveries.at(-1)!;
  assert.equal(headers['x-hub-signature'], `sha256=${createHmac('sha256', 'b').update(body).digest('hex')}`);
});

test('an unsubscription ends it, and so does the end of a lease', async () => {
  const open = await fixture();
  const { callback, subscribe, publish, hub } = open;
  await subscribe('widgets', callback);
  await publish('widgets', 'urn:x:0');
  await until(() => callback.ids.includes('urn:x:0'));
  await hub({ 'hub.mode': 'unsubscribe', 'hub.topic': `${BASE}/feed=widgets`, 'hub.callback': callback.url() });
  await until(async () => (await stateOf(open, callback)) === undefined);
  await subscribe('widgets', callback, { 'hub.lease_seconds': '1' });
  const end = (await stateOf(open, callback))!.leaseUntil.getTime();
  await until(() => Date.now() > end);
  await publish('widgets', 'urn:x:1');
  // Another subscription after it has what came after that alone.
  await subscribe('widgets', callback, { 'hub.lease_seconds': '1000' });
  await publish('widgets', 'urn:x:2');
  await until(() => callback.ids.includes('urn:x:2'));
  assert.deepEqual(callback.ids, ['urn:x:0', 'urn:x:2']);
});

test('a feed that is removed and made again is delivered from its beginning', async () => {
  const { callback, subscribe, publish, request } = await fixture();
  await publish('widgets', 'urn:x:a', 'urn:x:b');
  await subscribe('widgets', callback);
  assert.equal((await request('DELETE', '/feed=widgets')).status, 200);
  await publish('widgets', 'urn:x:0', 'urn:x:1');
  await until(() => callback.ids.includes('urn:x:1'));
  assert.deepEqual(callback.ids, numbered(0, 2));
});

test('a subscriber that fails half of its deliveries and restarts gets every entry, in order', async () => {
  const open = await fixture();
  const { subscribe, publish } = open;
  let callback = open.callback;
  const seen: string[] = [];
  const taken = new Set<string>();
  let n = 0;
  /** Half of the deliveries fail: before or after they were taken, with an answer or with none. */
  const unreliable: Behaviour = ({ method, body }, response) => {
    if (method !== 'POST') return false;
    n += 1;
    const ids = [...body.toString().matchAll(/<id>(urn:x:\d+)<\/id>/g)].map((match) => match[1]!);
    if (n % 4 === 1) response.destroy();
    else {
      seen.push(...ids);
      if (n % 4 === 3) response.writeHead(500).end();
      else {
        for (const id of ids) taken.add(id);
        response.writeHead(204).end();
      }
    }
    return true;
  };
  callback.behave = unreliable;
  await subscribe('widgets', callback);
  const { port } = callback;
  for (let i = 0; i < 60; i += 1) {
    await publish('widgets', `urn:x:${i}`);
    if (i % 20 === 10) {
      const before = taken.size;
      await until(() => taken.size > before);
      await callback.close();
      callback = await Callback.listen(port);
      callback.behave = unreliable;
    }
  }
  await until(() => taken.size === 60);
  await callback.close();
  assert.deepEqual(firstSeen(seen), numbered(0, 60));
});
