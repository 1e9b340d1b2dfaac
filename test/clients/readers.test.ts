/** Feed readers: what they make of entries of every kind, and that their second poll costs a 304. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Door, eachHttpDoor, unlessThere } from '../doors/all.js';
import { openFolder, PYTHON } from '../doors/children.js';
import { publish } from '../suite/atom.js';
import { type Exchange, type RecordingProxy, recordingProxy } from './proxy.js';
import { beside, run } from './run.js';

const withoutFeedparser = unlessThere('python3:feedparser');
const withoutNewsboat = unlessThere('newsboat');

const XHTML = 'xmlns="http://www.w3.org/1999/xhtml"';

/** What `feedparser-poll.py` looks for. */
const ENTRIES = [
  `<title>Tür &amp; &lt;Tor&gt;</title><content>Grüße, 日本 &amp; &#x1F600;</content><summary>kurz &amp; &lt;gut&gt;</summary>
   <author><name>Jürgen</name><uri>http://example.org/j</uri><email>j@example.org</email></author><author><name>花子</name></author>
   <contributor><name>C</name></contributor><category term="grün" scheme="http://example.org/c" label="Grün"/><category term="b"/>
   <rights>© niemand</rights><thr:total xmlns:thr="http://purl.org/syndication/thread/1.0">7</thr:total>`,
  `<title>xhtml</title><content type="xhtml" xml:base="http://example.org/base/" xml:lang="de"><div ${XHTML}>Grüße, <em>日本</em> &amp; <a href="there">😀</a><br/></div></content>`,
  '<title>html</title><content type="html">&lt;p&gt;Gr&amp;uuml;&#xDF;e &amp;amp; &lt;b&gt;fett&lt;/b&gt;&lt;/p&gt;</content>',
  `<title>binary</title><summary>s</summary><content type="application/octet-stream">${Buffer.from('\0\xffAtom\r\n', 'latin1').toString('base64')}</content>`,
  `<title>elsewhere</title><summary>s</summary><content type="image/png" src="http://example.org/a.png"/>
   <link rel="enclosure" type="audio/mpeg" length="1234" href="http://example.org/a.mp3?a=1&amp;b=2"/>`,
  `<id>tag:example.org,2026:others</id><title>of others</title><published>2001-02-03T04:05:06Z</published><updated>2002-02-03T04:05:06Z</updated>
   <link href="http://example.org/others"/><source><id>urn:x:their-feed</id><title>their feed</title><updated>2001-01-01T00:00:00Z</updated></source>`,
];

/** How newsboat's polls of the feed were answered. */
function polls(exchanges: Exchange[]): number[] {
  return exchanges.filter(({ url }) => url.startsWith('/atommq/feed=newsboat')).map(({ status }) => status);
}

eachHttpDoor((at) => {
  let proxy: RecordingProxy;
  const door = (): Door & { port: number } => at() as Door & { port: number };
  before(async () => {
    for (const feed of ['feedparser', 'newsboat']) {
      for (const children of ENTRIES) await publish(at(), feed, children);
    }
    proxy = await recordingProxy(door().port);
  });
  after(() => proxy.stop());

  test('feedparser polls', { skip: withoutFeedparser }, async () => {
    const { status, stdout, output } = await run(PYTHON, [
      beside('feedparser-poll.py'),
      `${at().base}/feed=feedparser`,
    ]);
    assert.equal(status, 0, output);
    assert.equal(stdout, 'polled\n');
  });

  test('newsboat polls', { skip: withoutNewsboat }, async () => {
    const newsboat = await readerOf(`http://127.0.0.1:${proxy.port}/atommq/feed=newsboat?order=desc`);
    await newsboat('reload');
    assert.deepEqual(polls(proxy.exchanges), [200]);
    assert.match((await newsboat('print-unread')).stdout, new RegExp(`^${ENTRIES.length} unread articles`));

    // newsboat keeps a feed's tag in the feed's row, which its first poll makes only after that: it knows none yet.
    await newsboat('reload');
    proxy.exchanges.length = 0;
    await newsboat('reload');
    assert.deepEqual(polls(proxy.exchanges), [304], 'nothing is new');
    assert.ok(proxy.exchanges[0]?.headers['if-none-match'], 'asked by its tag');

    proxy.exchanges.length = 0;
    await publish(at(), 'newsboat', '<title>new</title>');
    await newsboat('reload');
    // It asks for a delta (RFC 3229), and may get one or the whole.
    const [found] = polls(proxy.exchanges);
    assert.ok(found === 200 || found === 226, `something is: ${found}`);
    assert.match((await newsboat('print-unread')).stdout, new RegExp(`^${ENTRIES.length + 1} unread articles`));
  });
});

/** newsboat without a screen, with all that it keeps in a folder of its own. */
async function readerOf(url: string) {
  const home = openFolder();
  const files = { urls: join(home, 'urls'), config: join(home, 'config'), cache: join(home, 'cache.db') };
  mkdirSync(join(home, '.newsboat'));
  writeFileSync(files.urls, `${url}\n`);
  writeFileSync(files.config, 'reload-threads 1\nuse-proxy no\n');
  return async (command: string) => {
    const ended = await run('newsboat', ['-u', files.urls, '-C', files.config, '-c', files.cache, '-x', command], {
      HOME: home,
    });
    assert.equal(ended.status, 0, ended.output);
    return ended;
  };
}
