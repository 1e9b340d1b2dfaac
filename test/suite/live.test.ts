/** Waiting and streaming (section 4): long polls and server-sent events, with nothing held back on the way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachDoor } from '../doors/all.js';
import { readEvents } from '../events.js';
import { entry, pathOf, problemOf, publish, TYPE, titlesOf } from './atom.js';

const idIn = (text: string) => /<id>([^<]*)<\/id>/.exec(text)?.[1] ?? '';
const titleIn = (text: string) => /<title>([^<]*)<\/title>/.exec(text)?.[1];

eachDoor(
  (at, kind) => {
    const runsOnce = /CGI/.test(kind.name);
    /** A process that ends with its request never waits. */
    const whereItWaits = (name: string, work: () => Promise<void>) => {
      if (!runsOnce) test(name, work);
    };
    const poll = (query: string, wait: number, headers = {}) =>
      at().ask('GET', `/atommq/feed=${query}`, { headers: { prefer: `wait=${wait}`, ...headers } });

    test('a poll that would find something does not wait', async () => {
      const door = at();
      await publish(door, 'at-once', '<title>a</title>');
      const page = await poll('at-once', 30);
      assert.deepEqual(await titlesOf(page), ['a']);
      assert.equal(page.headers['preference-applied'], runsOnce ? 'wait=0' : 'wait=30');
    });

    test('a poll that finds nothing until its time is over says so', async () => {
      const door = at();
      const created = await publish(door, 'over', '<title>a</title>');
      const id = idIn(created.text);
      const empty = await poll(`over?start_after=${id}`, 1);
      assert.deepEqual(await titlesOf(empty), []);
      assert.equal(empty.headers['preference-applied'], runsOnce ? 'wait=0' : 'wait=1');
      const same = await poll(`over?start_after=${id}`, 1, { 'if-none-match': empty.headers.etag ?? '' });
      assert.equal(same.status, 304);
      problemOf(await poll('no-such-feed', 1), 404);
      problemOf(await poll(`over?start_after=urn:x:never`, 1), 400);
    });

    whereItWaits('more than the most that is granted is not', async () => {
      const door = at();
      await publish(door, 'most', '<title>a</title>');
      const page = await poll('most', 100_000, { prefer: 'respond-async, wait=100000; foo="a", return=minimal' });
      assert.equal(page.headers['preference-applied'], 'wait=60');
    });

    for (const [what, query] of [
      ['after an id', ''],
      ['after now', 'now'],
      ['by a tag', 'tag'],
      ['newest first', 'desc'],
      ['as JSON', 'json'],
    ] as const) {
      whereItWaits(`a poll hears of an entry: ${what}`, async () => {
        const door = at();
        const feed = `heard-${query}`;
        const id = idIn((await publish(door, feed, '<title>a</title>')).text);
        const headers: Record<string, string> = {};
        let path = `${feed}?start_after=${id}`;
        if (query === 'now') path = `${feed}?start_after=now`;
        if (query === 'tag') path = feed;
        if (query === 'desc') path = `${feed}?order=desc&page_size=1`;
        if (query === 'json') path += '&format=json';
        if (query === 'tag' || query === 'desc') {
          headers['if-none-match'] = (await door.ask('GET', `/atommq/feed=${path}`)).headers.etag ?? '';
        }
        const waiting = poll(path, 30, headers);
        // However late it comes it must be heard of: before the poll has begun to wait as well.
        if (query !== 'now') await publish(door, feed, '<title>b</title>');
        else {
          let over = false;
          void waiting.then(() => {
            over = true;
          });
          while (!over) {
            await publish(door, feed, '<title>b</title>');
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
        }
        const page = await waiting;
        assert.equal(page.status, 200, page.text);
        if (query === 'json') {
          const { items } = JSON.parse(page.text) as { items: { title: string }[] };
          assert.deepEqual(
            items.map(({ title }) => title),
            ['b'],
          );
        } else assert.equal((await titlesOf(page)).at(-1), 'b');
      });
    }

    whereItWaits('a poll hears of a revision, and of the end of a feed', async () => {
      const door = at();
      const path = pathOf((await publish(door, 'revised', '<title>a</title>')).headers.location);
      const { etag = '' } = (await door.ask('GET', '/atommq/feed=revised')).headers;
      const waiting = poll('revised', 30, { 'if-none-match': etag });
      await door.ask('PUT', path, { body: entry('<title>A</title>'), headers: TYPE });
      assert.deepEqual(await titlesOf(await waiting), ['A']);
      const again = (await door.ask('GET', '/atommq/feed=revised')).headers.etag ?? '';
      const ended = poll('revised', 30, { 'if-none-match': again });
      await door.ask('DELETE', '/atommq/feed=revised');
      problemOf(await ended, 404);
    });

    if (!kind.overHttp) return;

    const open = (path: string, headers = {}) => readEvents(`http://127.0.0.1:${at().port}/atommq/${path}`, headers);

    test('events: what there is', async () => {
      const door = at();
      await publish(door, 'events', '<id>urn:e:1</id><title>one</title>');
      await publish(door, 'events', '<id>urn:e:2</id><title>two\nlines</title>');
      const gone = await publish(door, 'events', '<id>urn:e:3</id>');
      await door.ask('DELETE', pathOf(gone.headers.location));
      const stream = await open('feed=events');
      assert.equal(stream.status, 200);
      assert.match(String(stream.headers['content-type']), /^text\/event-stream/);
      assert.equal(stream.headers['cache-control'], 'no-store');
      const [one, two, three] = await stream.until(3);
      assert.deepEqual([one?.id, titleIn(one?.data ?? '')], ['urn:e:1', 'one']);
      assert.match(one?.data ?? '', /^<entry [\s\S]*<author>[\s\S]*<\/entry>$/);
      assert.deepEqual([two?.id, titleIn(two?.data ?? '')], ['urn:e:2', 'two\nlines']);
      assert.equal(three?.event, 'deleted');
      assert.match(three?.data ?? '', /^<at:deleted-entry/);
      if (runsOnce) await stream.ended;
      else stream.close();
    });

    test('events: where to begin, and Last-Event-ID counts first', async () => {
      const door = at();
      for (const n of [1, 2, 3, 4]) await publish(door, 'begin', `<id>urn:b:${n}</id><title>${n}</title>`);
      const first = async (query: string, headers = {}) => {
        const stream = await open(`feed=begin${query}`, headers);
        const [event] = await stream.until(1);
        stream.close();
        return event;
      };
      assert.equal((await first('?start_after=urn:b:2'))?.id, 'urn:b:3');
      assert.equal((await first('?start_at=urn:b:2'))?.id, 'urn:b:2');
      assert.equal((await first('?start_after=urn:b:1', { 'last-event-id': 'urn:b:3' }))?.id, 'urn:b:4');
      assert.equal((await first('?last_event_id=urn:b:2'))?.id, 'urn:b:3');
      assert.deepEqual(await first('?start_after=now'), { id: 'urn:b:4', event: 'position', data: 'urn:b:4' });
      const reset = await first('', { 'last-event-id': 'urn:b:never' });
      assert.equal(reset?.event, 'reset');
      assert.deepEqual(JSON.parse(reset?.data ?? ''), {
        feed: 'begin',
        first: `${door.base}/feed=begin`,
        oldest: 'urn:b:1',
      });
      problemOf(await door.ask('GET', '/atommq/feed=none', { headers: { accept: 'text/event-stream' } }), 404);
      const wrong = { headers: { accept: 'text/event-stream' } };
      problemOf(await door.ask('GET', '/atommq/feed=begin?start_after=urn:x', wrong), 400);
      problemOf(await door.ask('GET', '/atommq/feed=begin?order=desc', wrong), 400);
      problemOf(await door.ask('GET', '/atommq/events', wrong), 400);
      problemOf(await door.ask('GET', '/atommq/events?feed=begin&feed=none', wrong), 404);
    });

    whereItWaits('events: one after the other as they come, with nothing held back', async () => {
      const door = at();
      await publish(door, 'come', '<title>0</title>');
      const stream = await open('feed=come?format=json');
      await stream.until(1);
      // Each is awaited before the next is published: a buffer on the way would be waited for in vain.
      for (let n = 1; n <= 5; n += 1) {
        await publish(door, 'come', `<title>${n}</title>`);
        const events = await stream.until(n + 1);
        assert.equal((JSON.parse(events[n]!.data) as { title: string }).title, String(n));
      }
      // The heartbeat, too.
      while (stream.comments === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      stream.close();
    });

    whereItWaits('events: several feeds in one stream, which goes on where each was', async () => {
      const door = at();
      for (const feed of ['s1', 's+2']) await publish(door, encodeURIComponent(feed), `<title>${feed}</title>`);
      const path = 'events?feed=s1&feed=s%2B2';
      const stream = await open(path);
      const events = await stream.until(2);
      const last = events[1]?.id ?? '';
      stream.close();
      await publish(door, 's%2B2', '<title>later</title>');
      const again = await open(path, { 'last-event-id': last });
      await publish(door, 's1', '<title>latest</title>');
      const titles = (await again.until(2)).map(({ data }) => titleIn(data));
      assert.deepEqual(titles.sort(), ['later', 'latest']);
      again.close();
      const now = await open(`${path}&start_after=now`);
      const [position] = await now.until(1);
      assert.equal(position?.event, 'position');
      now.close();
      await publish(door, 's1', '<title>missed by nobody</title>');
      const resumed = await open(`${path}&start_after=now`, { 'last-event-id': position?.id ?? '' });
      assert.equal(titleIn((await resumed.until(1))[0]?.data ?? ''), 'missed by nobody');
      resumed.close();
    });

    test('HEAD of a stream ends', async () => {
      const door = at();
      await publish(door, 'head', '<title>a</title>');
      const answer = await door.ask('HEAD', '/atommq/feed=head', { headers: { accept: 'text/event-stream' } });
      assert.equal(answer.status, 200);
      assert.match(answer.headers['content-type'] ?? '', /^text\/event-stream/);
    });

    test('only those get events who prefer them', async () => {
      const door = at();
      await publish(door, 'prefer', '<title>a</title>');
      for (const accept of ['*/*', 'text/event-stream;q=0.5, application/atom+xml', 'text/*']) {
        const answer = await door.ask('GET', '/atommq/feed=prefer', { headers: { accept } });
        assert.equal(answer.status, 200, answer.text);
        assert.doesNotMatch(answer.headers['content-type'] ?? '', /event-stream/, accept);
      }
    });
  },
  { environment: { ATOMMQ_HEARTBEAT: '1' } },
);
