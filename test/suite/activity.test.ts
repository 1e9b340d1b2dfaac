/** How far feeds have come, asked once, through every door. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachDoor } from '../doors/all.js';
import { problemOf, publish } from './atom.js';

interface Progress {
  feed: string;
  title?: string;
  head: number;
  entries: number;
  bytes: number;
  last?: string;
  hour: number[];
}

eachDoor((at) => {
  test('activity as JSON tells of the feeds that are there, with their last hour', async () => {
    const door = at();
    await publish(door, 'busy', '<title>a</title>');
    const second = await publish(door, 'busy', '<title>b</title>');
    await publish(door, 'quiet', '<title>c</title>');
    const answer = await door.ask('GET', '/atommq/activity?feed=Busy&feed=none&feed=quiet&format=json');
    assert.deepEqual([answer.status, answer.headers['content-type']], [200, 'application/json']);
    assert.match(answer.headers['cache-control'] ?? '', /no-store/);
    const { at: time, seconds, feeds } = JSON.parse(answer.text) as { at: string; seconds: number; feeds: Progress[] };
    assert.equal(seconds, 120);
    assert.deepEqual(feeds.map(({ feed, head, entries }) => [feed, head, entries]).sort(), [
      ['busy', 2, 2],
      ['quiet', 1, 1],
    ]);
    const busy = feeds.find(({ feed }) => feed === 'busy')!;
    assert.equal(busy.hour.length, 30);
    assert.equal(
      busy.hour.reduce((sum, one) => sum + one, 0),
      2,
    );
    assert.ok(busy.bytes > 0 && busy.last! <= time);
    const published = /<published>([^<]*)/.exec(second.text)?.[1];
    // Milliseconds here, microseconds there.
    assert.equal(busy.last?.slice(0, 23), published?.slice(0, 23));
  });

  test('activity has no other forms', async () => {
    const problem = problemOf(await at().ask('GET', '/atommq/activity?feed=busy&format=atom'), 400);
    assert.equal(problem.detail, 'format is json, or is left out for events.');
  });
});
