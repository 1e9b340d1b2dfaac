/** `atommq feeds` and `atommq show`: tables, redraws on a terminal, entries for people, and what is said where there is nothing. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { connect } from '../../src/client/client.js';
import { newFolder, Server, until } from '../client/server.js';
import { endAll } from '../server.js';
import { CLEAN, atommq as run } from '../transfer/command.js';
import { BIN, closeAll, Terminal } from './terminal.js';

let server: Server;
let first: string;
before(async () => {
  server = await Server.start();
  const client = connect(server.url);
  const [one] = await client.feed('orders').publish([
    { title: 'one \u009b31m red', content: 'first\u009b2J' },
    {
      title: 'two',
      content: { type: 'html', value: '<p>A &amp; b</p>' },
      categories: [{ term: 'x', scheme: 'urn:s' }],
    },
  ]);
  first = one!.id;
  await client.feed('log-a').publish({ title: 'a' });
});
after(() => {
  closeAll();
  endAll();
});

const atommq = (words: string[], env: NodeJS.ProcessEnv = {}) => run(words, { ATOMMQ_URL: server.url, ...env });

/** Runs it to its end, which must be clean. */
function output(words: string[], env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, stderr } = atommq(words, env);
  assert.deepEqual([status, stderr], [0, '']);
  return stdout;
}

test('feeds is a table, of all or of those that a pattern matches', () => {
  const lines = output(['feeds']).split('\n');
  assert.match(lines[0]!, /^FEED +ENTRIES +SIZE +LAST HOUR +LAST ENTRY$/);
  assert.match(lines[1]!, /^log-a +1 +\d+ bytes +1 +\d+ (s|min) ago$/);
  assert.match(lines[2]!, /^orders +2 +\d+ bytes +2 +\d+ (s|min) ago$/);
  assert.equal(lines.length, 4);
  assert.doesNotMatch(output(['feeds', 'LOG-*']), /orders/);
  assert.match(output(['feeds', 'log-?', 'ord*']), /log-a[\s\S]*orders/);
});

test('feeds --json is what the server said', () => {
  const { feeds } = JSON.parse(output(['feeds', 'orders', '--json'])) as { feeds: Record<string, unknown>[] };
  assert.equal(feeds.length, 1);
  const { feed, head, entries, last, hour } = feeds[0]!;
  assert.deepEqual([feed, head, entries, typeof last], ['orders', 2, 2, 'string']);
  assert.equal(
    (hour as number[]).reduce((sum, one) => sum + one, 0),
    2,
  );
});

test('show says what a feed says of itself', () => {
  const text = output(['show', 'orders']);
  assert.match(text, /^Feed: +orders$/m);
  assert.match(text, /^Entries: +2 \(\d+ bytes\), 2 in the last hour$/m);
  assert.match(text, /^Last: +urn:uuid:\S+ {2}\S+Z {2}"two"$/m);
  assert.match(text, /^ETag: +".*"$/m);
  const about = JSON.parse(output(['show', 'orders', '--json'])) as Record<string, { id: string }>;
  assert.equal(about.first?.id, first);
  assert.deepEqual([about.feed, about.entries, about.lastHour], ['orders', 2, 2]);
});

test('show shows an entry by its id, its UUID, first and last, in each form', () => {
  const text = output(['show', 'orders', 'last']);
  assert.match(text, /^Title: +two$/m);
  assert.match(text, /^Categories: +x \(urn:s\)$/m);
  assert.match(text, /^Content: +html\n\nA & b\n$/m);
  for (const which of ['first', first, first.replace('urn:uuid:', '')]) {
    const shown = output(['show', 'orders', which]);
    // What others wrote does not steer the terminal.
    assert.doesNotMatch(shown, /\u009b/);
    assert.match(shown, /^Title: +one {2}31m red$/m);
    assert.match(shown, /\n\nfirst 2J\n$/);
  }
  assert.equal((JSON.parse(output(['show', 'orders', first, '--json'])) as { id: string }).id, first);
  assert.equal(output(['show', 'orders', 'last', '--format', 'ndjson']).split('\n').length, 2);
  assert.match(output(['show', `${server.url}/feed=orders`, 'last', '--format', 'atom']), /<title>two<\/title>/);
});

const REFUSED: [string, string[], number, RegExp][] = [
  ['no such feeds', ['feeds', 'ordres', 'x'], 1, /^atommq: no feed is named "ordres" or "x"\. Is it "orders"\?$/],
  [
    'no such feed',
    ['show', 'ordrs'],
    1,
    /There is no feed named "ordrs"\. Is it "orders"\? Publishing to "ordrs" makes it\.$/,
  ],
  ['no such entry', ['show', 'orders', 'urn:x'], 1, /The feed "orders" has no entry "urn:x"\.$/],
  [
    'a form of feeds',
    ['show', 'orders', '--format', 'atom'],
    2,
    /^atommq: --format atom is for one entry: ID, first or last$/,
  ],
  ['two forms', ['show', 'orders', 'last', '--json', '--format', 'atom'], 2, /exclude each other$/],
  [
    'no bus',
    ['feeds', '--url', 'URL/feed=orders'],
    1,
    /Is that the address of a bus, such as http:\/\/host\/atommq \(--url\)\?$/,
  ],
  [
    'nobody there',
    ['feeds', '--url', 'http://127.0.0.1:2'],
    1,
    /ECONNREFUSED\. Is the server running \(atommq serve\)/,
  ],
];

for (const [what, words, code, message] of REFUSED) {
  test(`code ${code} and one line: ${what}`, () => {
    const { status, stdout, stderr } = atommq(words.map((word) => word.replace(/^URL/, server.url)));
    assert.deepEqual([status, stdout], [code, ''], stderr);
    assert.match(stderr.trimEnd(), message);
    assert.equal(stderr.split('\n').length, 2, stderr);
  });
}

test('an entry that was deleted is told of as that', async () => {
  const { id, url } = await connect(server.url).feed('gone').publish({ title: 'g' });
  assert.equal((await fetch(url, { method: 'DELETE' })).status, 200);
  const { status, stderr } = atommq(['show', 'gone', id]);
  assert.equal(status, 1);
  assert.match(stderr, /^atommq: urn:uuid:\S+: .*deleted/);
  assert.match(output(['show', 'gone']), /^Last: +urn:uuid:\S+ \(deleted \S+\)$/m);
});

test('--watch draws over what it drew, tells what is new, and leaves the terminal as it was', async () => {
  const terminal = new Terminal([BIN, 'feeds', '--watch'], { env: { ATOMMQ_URL: server.url }, cwd: newFolder() });
  await terminal.until(
    /\u001b\[\?1049h\u001b\[\?25l\u001b\[H\u001b\[1mFEED +ENTRIES +SIZE +NOW +LAST HOUR +LAST ENTRY *\u001b\[22m/,
  );
  await terminal.until(/orders +2 /);
  await connect(server.url).feed('orders').publish({ title: 'three' });
  await terminal.until(/\u001b\[H[^\u001b]*\u001b\[1mFEED[\s\S]*orders +3 .*\/s +3 +\d+ s ago +▁+█/);
  await connect(server.url).feed('watched').publish({ title: 'new' });
  await terminal.until(/watched +1 /);
  terminal.type('q');
  assert.equal(await terminal.ended, 0);
  assert.match(terminal.shown, /\u001b\[\?25h\u001b\[\?1049l$/);
});

test('--watch on a small terminal shows what has room, and says what has none', async () => {
  const options = { env: { ATOMMQ_URL: server.url }, cwd: newFolder(), size: [40, 5] as [number, number] };
  const terminal = new Terminal([BIN, 'feeds', '--watch', '--no-color'], options);
  await terminal.until(/… and \d+ more; atommq feeds PATTERN/);
  terminal.type('\u0003');
  assert.equal(await terminal.ended, 0);
  assert.doesNotMatch(terminal.shown, /\u001b\[1m/);
  for (const line of terminal.shown.split(/\r\n|\u001b\[[?\d]*[A-Za-z]/)) assert.ok([...line].length <= 40, line);
});

test('--watch elsewhere prints again and again until nobody reads', async () => {
  const child = spawn(BIN, ['feeds', '--watch'], {
    env: { ...CLEAN, ATOMMQ_URL: server.url },
    cwd: newFolder(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  await until(() => (stdout.match(/^FEED/gm)?.length ?? 0) >= 2, stderr);
  assert.doesNotMatch(stdout, /\u001b/);
  child.stdout.destroy();
  const code = await new Promise((resolve) => child.once('exit', resolve));
  assert.deepEqual([code, stderr], [0, '']);
});
