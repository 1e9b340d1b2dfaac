/** Those who wait: told of what they have not seen, once, and forgotten when they are gone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Live } from '../../src/live/live.js';
import type { Feed } from '../../src/store/store.js';

const feed = (head: number): Feed => ({
  feedId: 1,
  name: 'f',
  atomId: 'urn:x',
  head,
  floor: 0,
  bytes: 0,
  edits: 0,
  createdAt: 0,
  metadata: undefined,
  title: undefined,
  metadataAt: 0,
});

/** A store that says where the feed is, and counts how often it was asked. */
function storeAt(head: number) {
  const state = { head, asked: 0, hint: (_feeds?: string[]) => {} };
  const live = new Live(
    {
      pace: { busy: 10, idle: 20 },
      feedsNamed: async () => {
        state.asked += 1;
        return [feed(state.head)];
      },
      onChange: (listener) => {
        state.hint = listener;
        return () => {};
      },
    },
    { maxWaiters: 1 },
  );
  return { live, state };
}

test('what came before the watch and after the read is news', async () => {
  const { live } = storeAt(5);
  const watch = live.watch([feed(4)], new AbortController().signal);
  const news = await watch.next(10_000);
  assert.deepEqual([news.kind, news.kind === 'changed' && news.feed?.head], ['changed', 5]);
  assert.equal((await watch.next(30)).kind, 'late', 'and is told once');
  live.close();
});

test('a hint wakes, and what is older than what was seen does not', async () => {
  const { live, state } = storeAt(3);
  const watch = live.watch([feed(4)], new AbortController().signal);
  const next = watch.next(10_000);
  state.head = 5;
  state.hint(['f']);
  const news = await next;
  assert.equal(news.kind === 'changed' && news.feed?.head, 5);
  live.close();
});

test('who is gone is forgotten, before the watch and in it', async () => {
  const { live, state } = storeAt(1);
  const gone = AbortSignal.abort();
  assert.equal((await live.watch([feed(1)], gone).next(10_000)).kind, 'aborted');
  const controller = new AbortController();
  const next = live.watch([feed(1)], controller.signal).next(10_000);
  controller.abort();
  assert.equal((await next).kind, 'aborted');
  // Nobody is left, so nobody asks.
  await new Promise((resolve) => setTimeout(resolve, 100));
  const { asked } = state;
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(state.asked, asked);
});

test('at the limit new ones are refused, and a place is given back once', () => {
  const { live } = storeAt(1);
  const leave = live.enter();
  assert.throws(() => live.enter(), { status: 503 });
  leave();
  leave();
  assert.equal(live.present, 0);
  live.enter()();
});
