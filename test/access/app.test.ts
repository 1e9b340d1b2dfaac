/** What the application tells whom, by rules alone: callers are named by a field that only this test believes. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Caller, Permission } from '../../src/access/caller.js';
import { AtomMQ } from '../../src/bus.js';
import type { HttpRequest } from '../../src/http.js';
import { type Answer, type Client, inProcess, temporaryFolder } from '../fixture.js';
import { Callback } from '../websub/callback.js';

const ACCESS = [
  { match: '*', allow: 'admin', to: 'boss' },
  { match: 'open-*', allow: 'read', to: 'anyone' },
  { match: 'inbox', allow: 'edit', to: 'dora' },
  { match: 'inbox', allow: 'publish', to: ['writer', 'anyone'] },
  { match: 'log-*', allow: ['read', 'publish'], to: '@staff' },
  { match: 'log-*', allow: 'read', to: 'authenticated' },
  { match: 'secret*', allow: ['read', 'publish', 'edit'], to: 'ann' },
];
const CALLERS: Record<string, Caller> = {
  nobody: { name: undefined, groups: [] },
  boss: { name: 'boss', groups: [] },
  ann: { name: 'ann', groups: [] },
  ben: { name: 'ben', groups: ['staff'] },
  carl: { name: 'carl', groups: [] },
  dora: { name: 'dora', groups: [] },
};

let bus: AtomMQ;
let callback: Callback;
let ask: (who: string, ...asked: Parameters<Client>) => Promise<Answer>;

before(async () => {
  callback = await Callback.listen();
  bus = await AtomMQ.open({
    database: join(temporaryFolder(), 'bus.db'),
    access: ACCESS,
    feeds: [{ match: '*-final', append_only: true }],
    websubAllow: ['127.0.0.0/8'],
  });
  ask = (who, ...asked) =>
    inProcess((request: HttpRequest) => {
      request.caller = CALLERS[who];
      return bus.app(request);
    })(...asked);
  for (const feed of ['open-a', 'log-a', 'secret', 'secret-final', 'open-final']) {
    for (const id of ['1', '2']) {
      await bus.publish(
        feed,
        `<entry><id>urn:x:${id}</id><title>${feed} ${id}</title><category term="t-${feed}"/></entry>`,
      );
    }
  }
});
after(async () => {
  await bus.close();
  await callback.close();
});

const entry = (inside = '<title>e</title>') => ({ body: `<entry>${inside}</entry>` });

test('who may what: 404 for what is not seen, 403 for what is seen, and no credentials could help here', async () => {
  const expected: Record<string, Record<string, number[]>> = {
    // GET, POST, PUT of the feed, PUT of an entry, OPTIONS
    'open-a': { nobody: [200, 403, 403, 403, 200], ann: [200, 403, 403, 403, 200], boss: [200, 201, 200, 200, 200] },
    'log-a': { nobody: [404, 404, 404, 404, 404], ben: [200, 201, 403, 403, 200], carl: [200, 403, 403, 403, 200] },
    secret: { nobody: [404, 404, 404, 404, 404], carl: [404, 404, 404, 404, 404], ann: [200, 201, 403, 200, 200] },
    // Nobody has made it yet; whoever may publish makes it, and may not read it for that.
    inbox: { carl: [404, 201, 404, 404, 200] },
  };
  for (const [feed, callers] of Object.entries(expected)) {
    for (const [who, statuses] of Object.entries(callers)) {
      const told = [
        await ask(who, 'GET', `/feed=${feed}`),
        await ask(who, 'POST', `/feed=${feed}`, entry()),
        await ask(who, 'PUT', `/feed=${feed}`, {
          body: '<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title></feed>',
        }),
        await ask(who, 'PUT', `/feed=${feed}/entries/urn:x:2`, entry()),
        await ask(who, 'OPTIONS', `/feed=${feed}`),
      ];
      assert.deepEqual(
        told.map(({ status }) => status),
        statuses,
        `${who} and ${feed}`,
      );
    }
  }
  const refused = await ask('carl', 'POST', '/feed=log-a', entry());
  assert.match(refused.body, /it takes the permission publish/);
});

/** An answer without what differs by the name of the feed. */
const plain = ({ status, headers, body }: Answer, feed: string) =>
  JSON.stringify({ status, headers, body }).replaceAll(feed, 'NAME');

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'];

test('a feed that may not be read is like one that is not there, to the letter', async () => {
  for (const who of ['carl', 'ben', 'nobody']) {
    for (const method of METHODS) {
      for (const below of [
        '',
        '?start_after=urn:x:1',
        '?format=json',
        '/categories',
        '/entries/urn:x:1',
        '/entries/urn:x:1/media',
      ]) {
        for (const spelling of ['feed=', 'feeds/']) {
          const there = await ask(who, method, `/${spelling}secret${below}`, method === 'GET' ? {} : entry());
          const not = await ask(who, method, `/${spelling}secreu${below}`, method === 'GET' ? {} : entry());
          assert.equal(there.status, 404, `${who} ${method} ${below}`);
          assert.equal(plain(there, 'secret'), plain(not, 'secreu'), `${who} ${method} ${below}`);
          // Not even that the caller may not is told.
          const missing = await ask('boss', method === 'HEAD' ? 'HEAD' : 'GET', `/${spelling}nonono${below}`);
          if (!below.startsWith('?'))
            assert.equal(plain(there, 'secret'), plain(missing, 'nonono'), `${method} ${below}`);
        }
      }
    }
    const headers = { accept: 'text/event-stream', 'last-event-id': 'urn:x:1' };
    for (const address of [
      '/feed=NAME',
      '/feed=NAME?last_event_id=urn:x:2',
      '/events?feed=NAME',
      '/events?feed=open-a&feed=NAME',
    ]) {
      const there = await ask(who, 'GET', address.replace('NAME', 'secret'), { headers });
      const not = await ask(who, 'GET', address.replace('NAME', 'secreu'), { headers });
      assert.equal(there.status, 404);
      assert.equal(plain(there, 'secret'), plain(not, 'secreu'), address);
    }
  }
});

test('the rules hold for each spelling of a name', async () => {
  for (const name of ['SECRET', 'Secret', '%73ecret', 's%45cret', '%53ECRET']) {
    assert.equal((await ask('carl', 'GET', `/feed=${name}`)).status, 404, name);
    assert.equal((await ask('carl', 'GET', `/feeds/${name}/`)).status, 404, name);
    assert.equal((await ask('ann', 'GET', `/feed=${name}`)).status, 200, name);
    assert.equal((await ask('carl', 'GET', `/events?feed=${name}`)).status, 404, name);
  }
  assert.equal((await ask('carl', 'GET', '/%66eed=secret')).status, 404);
});

test('lists have what the caller may see', async () => {
  const feedsIn = (text: string) => [...new Set([...text.matchAll(/feed=([\w-]+)/g)].map(([, name]) => name))].sort();
  const lists: Record<string, string[]> = {
    nobody: ['open-a', 'open-final'],
    carl: ['log-a', 'open-a', 'open-final'],
    ann: ['log-a', 'open-a', 'open-final', 'secret', 'secret-final'],
    boss: ['inbox', 'log-a', 'open-a', 'open-final', 'secret', 'secret-final'],
  };
  for (const [who, feeds] of Object.entries(lists)) {
    for (const accept of ['application/atomsvc+xml', 'text/html']) {
      const { status, headers, body } = await ask(who, 'GET', '/', { headers: { accept } });
      assert.equal(status, 200);
      assert.deepEqual(feedsIn(body), feeds, who);
      assert.equal(headers['cache-control'], 'private, no-cache');
      assert.equal(headers.vary, 'Accept, Accept-Encoding, Authorization');
      const terms = [...body.matchAll(/"t-([\w-]+)"/g)].map(([, name]) => name!);
      assert.ok(
        terms.every((name) => feeds.includes(name)),
        body,
      );
    }
  }
});

test('answers that are not for all are private; those that anyone may read are as ever', async () => {
  const control = async (who: string, path: string, headers = {}) => {
    const answer = await ask(who, 'GET', path, { headers });
    return [answer.status, answer.headers['cache-control'], answer.headers.vary];
  };
  const vary = 'Accept, Accept-Encoding';
  assert.deepEqual(await control('nobody', '/feed=open-a'), [200, 'no-cache', vary]);
  assert.deepEqual(await control('boss', '/feed=open-a'), [200, 'no-cache', vary]);
  assert.deepEqual(await control('ann', '/feed=open-final?page_size=1'), [
    200,
    'public, max-age=31536000, immutable',
    vary,
  ]);
  assert.deepEqual(await control('ann', '/feed=secret'), [200, 'private, no-cache', `${vary}, Authorization`]);
  assert.deepEqual(await control('ann', '/feed=secret-final?page_size=1'), [
    200,
    'private, max-age=31536000, immutable',
    `${vary}, Authorization`,
  ]);
  for (const below of ['', '/categories', '/entries/urn:x:1']) {
    const { headers } = await ask('ann', 'GET', `/feed=secret${below}`);
    const tag = { 'if-none-match': String(headers.etag) };
    assert.deepEqual(await control('ann', `/feed=secret${below}`, tag), [
      304,
      'private, no-cache',
      `${vary}, Authorization`,
    ]);
  }
  const head = await ask('ann', 'HEAD', '/feed=secret');
  assert.equal(head.headers['cache-control'], 'private, no-cache');
  const created = await ask('ann', 'POST', '/feed=secret', {
    body: 'bytes',
    headers: { 'content-type': 'text/plain' },
  });
  const media = /feed=secret\/entries\/[^"/]*\/media/.exec(created.body)?.[0];
  assert.deepEqual(await control('ann', `/${media}`), [200, 'private, no-cache', 'Authorization']);
});

test('pages are rendered once for all, and shown to whom they are for', async () => {
  const first = await ask('ann', 'GET', '/feed=secret');
  assert.equal((await ask('ann', 'GET', '/feed=secret')).headers.etag, first.headers.etag);
  assert.equal(
    (await ask('carl', 'GET', '/feed=secret', { headers: { 'if-none-match': String(first.headers.etag) } })).status,
    404,
  );
  assert.equal((await ask('boss', 'GET', '/feed=secret')).headers['cache-control'], 'private, no-cache');
});

test('whoever may publish and not read gets back nothing that was not sent', async () => {
  const sent = entry('<id>urn:x:once</id><title>mine</title>');
  const first = await ask('carl', 'POST', '/feed=inbox', sent);
  assert.deepEqual([first.status, first.body, first.headers['preference-applied']], [201, '', 'return=minimal']);
  await ask('boss', 'PUT', '/feed=inbox/entries/urn:x:once', entry('<title>not for carl</title>'));
  const again = await ask('carl', 'POST', '/feed=inbox', sent);
  assert.equal(again.headers['idempotency-replayed'], 'true');
  assert.equal(again.body, '');
  const batch = await ask('carl', 'POST', '/feed=inbox', {
    body: `<feed xmlns="http://www.w3.org/2005/Atom">${sent.body}<entry><title>more</title></entry></feed>`,
  });
  assert.equal(batch.status, 201);
  assert.doesNotMatch(batch.body, /not for carl/);
  assert.equal((await ask('carl', 'GET', '/feed=inbox')).status, 404);
});

test('whoever may edit and not read gets back nothing that was not sent', async () => {
  const { headers } = await ask('boss', 'POST', '/feed=inbox', {
    body: 'bytes',
    headers: { 'content-type': 'text/plain', slug: 'not for dora' },
  });
  const member = String(headers.location).replace(/^.*(?=\/feed=)/, '');
  const media = await ask('dora', 'PUT', `${member}/media`, { body: 'x', headers: { 'content-type': 'text/plain' } });
  assert.deepEqual([media.status, media.body, media.headers['preference-applied']], [200, '', 'return=minimal']);
  const revised = await ask('dora', 'PUT', member, entry('<title>hers</title>'));
  assert.deepEqual([revised.status, revised.body], [200, '']);
  assert.doesNotMatch((await ask('dora', 'DELETE', member)).body, /hers|not for dora/);
});

test('a subscription is made by whoever may read', async () => {
  const subscribe = (who: string, feed: string, mode = 'subscribe') =>
    ask(who, 'POST', '/hub', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        'hub.mode': mode,
        'hub.topic': `http://localhost/atommq/feed=${feed}`,
        'hub.callback': callback.url('/access'),
      }).toString(),
    });
  for (const mode of ['subscribe', 'unsubscribe']) {
    const there = await subscribe('carl', 'secret', mode);
    assert.equal(there.status, 404);
    assert.equal(plain(there, 'secret'), plain(await subscribe('carl', 'secreu', mode), 'secreu'));
  }
  assert.equal((await subscribe('carl', 'Secret')).status, 404);
  assert.equal((await subscribe('ann', 'secret')).status, 202);
  assert.equal((await subscribe('nobody', 'open-a')).status, 202);
});

test('health is for anyone, and a method that is not there for no one who may do nothing', async () => {
  assert.equal((await ask('nobody', 'GET', '/health/ready')).status, 200);
  assert.equal((await ask('nobody', 'GET', '/health/live')).headers['cache-control'], 'no-store');
  assert.equal((await ask('nobody', 'OPTIONS', '/health/live')).status, 200);
  assert.equal((await ask('ann', 'PATCH', '/feed=secret')).status, 405);
  assert.equal((await ask('ann', 'DELETE', '/feed=secret-final/entries/urn:x:1')).status, 405);
  assert.equal((await ask('ann', 'OPTIONS', '/feed=secret-final/entries/urn:x:1')).headers.allow, 'GET, HEAD, OPTIONS');
  assert.equal((await ask('carl', 'DELETE', '/feed=secret-final/entries/urn:x:1')).status, 404);
});

test('whoever is not named by then is anyone, and the program itself may do everything', async () => {
  const request = inProcess(bus.app);
  assert.equal((await request('GET', '/feed=secret')).status, 404);
  assert.equal((await request('GET', '/feed=open-a')).status, 200);
  assert.equal((await bus.read('secret')).entries.length > 0, true);
  assert.match((await bus.publish('secret', { title: 'inside' })).id, /^urn:uuid:/);
});

test('without rules everybody may do everything', async () => {
  const open = await AtomMQ.open({ database: join(temporaryFolder(), 'open.db') });
  const request = inProcess(open.app);
  assert.equal((await request('POST', '/feed=a', entry())).status, 201);
  const page = await request('GET', '/feed=a');
  assert.equal(page.headers['cache-control'], 'no-cache');
  assert.equal((await request('DELETE', '/feed=a')).status, 200);
  await open.close();
});

test('with credentials and no rules, whoever has some may do what these are good for', async () => {
  const guarded = await AtomMQ.open({ database: join(temporaryFolder(), 'guarded.db'), tokens: true });
  await guarded.publish('a', { title: 'inside' });
  const desk = await guarded.tokens();
  const token = async (permissions: Permission[], feeds?: string[]) => {
    const { token } = await desk.create({ name: 'ann', permissions, feeds });
    return { authorization: `Bearer ${token}` };
  };
  const request = inProcess(guarded.app);
  const statuses = async (headers: Record<string, string>) => [
    (await request('GET', '/feed=a', { headers })).status,
    (await request('GET', '/feed=none', { headers })).status,
    (await request('POST', '/feed=a', { headers, ...entry() })).status,
    (await request('DELETE', '/feed=none', { headers })).status,
    (await request('GET', '/', { headers })).status,
    (await request('GET', '/health/ready', { headers })).status,
  ];
  assert.deepEqual(await statuses({}), [401, 401, 401, 401, 401, 200]);
  assert.deepEqual(await statuses(await token(['read'])), [200, 404, 403, 403, 200, 200]);
  assert.deepEqual(await statuses(await token(['publish', 'read'], ['b*'])), [404, 404, 404, 404, 200, 200]);
  assert.deepEqual(await statuses(await token(['admin'])), [200, 404, 201, 404, 200, 200]);
  const page = await request('GET', '/feed=a', { headers: await token(['read']) });
  assert.equal(page.headers['cache-control'], 'private, no-cache');
  await guarded.close();
});

test('a scope counts at every address', async () => {
  const scoped = (permissions: Permission[], feeds?: string[]) => {
    CALLERS.scoped = { name: 'boss', groups: [], scope: { permissions, feeds } };
    return ['/feed=secret', '/feed=log-a', '/'];
  };
  const told = async (paths: string[]) => Promise.all(paths.map((path) => ask('scoped', 'GET', path)));
  assert.deepEqual(
    (await told(scoped(['read'], ['log-*']))).map(({ status }) => status),
    [404, 200, 200],
  );
  const [, , list] = await told(scoped(['read'], ['log-*']));
  assert.doesNotMatch(list!.body, /secret|open/);
  assert.match(list!.body, /log-a/);
  assert.deepEqual(
    (await told(scoped(['publish']))).map(({ status }) => status),
    [404, 404, 200],
  );
  scoped(['read', 'edit']);
  assert.equal((await ask('scoped', 'POST', '/feed=secret', entry())).status, 403);
  assert.equal((await ask('scoped', 'DELETE', '/feed=secret')).status, 403);
});
