/** `atommq tail` and `atommq publish` as processes: pipes, positions, commands, signals and exit codes. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { shownOn } from '../../src/cli/publish-progress.js';
import { connect } from '../../src/client/client.js';
import { endAll } from '../server.js';
import { BIN, newFolder, Server, until } from './server.js';

let server: Server;
before(async () => {
  server = await Server.start();
});
after(() => {
  for (const child of children) child.kill('SIGKILL');
  endAll();
});

const children = new Set<ChildProcess>();

interface Run {
  child: ChildProcess;
  stdout: string;
  stderr: string;
  ended: Promise<number | string>;
}

function run(
  args: string[],
  { input, env = {}, url = server.url }: { input?: string; env?: NodeJS.ProcessEnv; url?: string } = {},
): Run {
  const child = spawn(BIN, args, { env: { PATH: process.env.PATH, ATOMMQ_URL: url, ...env }, cwd: newFolder() });
  children.add(child);
  const result: Run = { child, stdout: '', stderr: '', ended: Promise.resolve(0) };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    result.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    result.stderr += text;
  });
  result.ended = new Promise((resolve) => {
    child.once('close', (code, signal) => {
      children.delete(child);
      resolve(signal ?? code ?? -1);
    });
  });
  child.stdin.on('error', () => {});
  if (input !== undefined) child.stdin.end(input);
  return result;
}

/** Runs it to its end, which must be clean. */
async function output(args: string[], options: Parameters<typeof run>[1] = {}): Promise<string> {
  const result = run(args, { input: '', ...options });
  assert.equal(await result.ended, 0, result.stderr);
  return result.stdout;
}

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i}\n`).join('');

test('10,000 lines through publish and tail come out as they went in', async () => {
  const lines = `${numbers(0, 9998)} <&>"\u2028 \t\\ \n\n`;
  assert.equal(
    await output(['publish', 'lines', '--lines'], { input: lines }),
    `10000 published to ${server.url}/feed=lines\n`,
  );
  assert.equal(await output(['tail', 'lines', '--no-follow']), lines);
  const items = await output(['tail', 'lines', '--no-follow', '--format', 'ndjson']);
  assert.equal(items.split('\n').length, 10_001);
  assert.deepEqual(JSON.parse(await output(['publish', 'copy', '--json'], { input: items })), {
    feed: `${server.url}/feed=copy`,
    published: 10_000,
    replayed: 0,
    refused: 0,
    last: (JSON.parse(items.split('\n').at(-2)!) as { id: string }).id,
  });
  assert.equal(await output(['tail', 'copy', '--no-follow']), lines);
  assert.match(await output(['publish', 'copy'], { input: items }), /, 10000 of them there already\n$/);
});

test('lines are published as they come, and tail follows', async () => {
  const tail = run(['tail', 'growing', '--count', '3', '--format', 'ndjson']);
  const publish = run(['publish', 'growing', '--lines']);
  for (const text of ['one', 'two', 'three']) {
    publish.child.stdin!.write(`${text}\n`);
    await until(() => tail.stdout.includes(`"${text}"`), tail.stderr);
  }
  publish.child.stdin!.end();
  assert.equal(await tail.ended, 0);
  assert.equal(await publish.ended, 0);
  assert.match(publish.stdout, /^3 published/);
});

test('a position is kept through SIGINT, a closed pipe and a kill: nothing is missed', async () => {
  const position = join(newFolder(), 'position.json');
  const args = ['tail', 'kept', '--position', position];
  await output(['publish', 'kept', '--lines'], { input: numbers(0, 500) });
  let seen = await output([...args, '--count', '100']);
  const interrupted = run(args);
  await until(() => interrupted.stdout.includes('line 499\n'), interrupted.stderr);
  interrupted.child.kill('SIGINT');
  assert.equal(await interrupted.ended, 0, interrupted.stderr);
  assert.equal(interrupted.stderr, '');
  seen += interrupted.stdout;
  assert.equal(seen, numbers(0, 500));
  await output(['publish', 'kept', '--lines'], { input: numbers(500, 3000) });
  const closed = run(args);
  await until(() => closed.stdout.includes('line 1500\n'), closed.stderr);
  closed.child.stdout!.destroy();
  // It may be done and waiting: more makes it notice.
  const more = run(['publish', 'kept', '--lines'], { input: numbers(3000, 3001) });
  assert.equal(await closed.ended, 0, closed.stderr);
  assert.equal(closed.stderr, '');
  assert.equal(await more.ended, 0);
  const killed = run(args);
  await until(() => existsSync(position) && killed.stdout.includes('line 3000\n'), killed.stderr);
  killed.child.kill('SIGKILL');
  await killed.ended;
  await output(['publish', 'kept', '--lines'], { input: numbers(3001, 3002) });
  const last = await output([...args, '--no-follow']);
  assert.match(last, /line 3001\n$/);
});

test('--exec has the entry, moves when it succeeds, and tries again when it does not', async () => {
  const folder = newFolder();
  const position = join(folder, 'position.json');
  const log = join(folder, 'log');
  await connect(server.url)
    .feed('jobs')
    .publish([{ title: 'a job', content: 'first' }, { title: 'fails once', content: 'second' }, { title: 'third' }]);
  const command = `echo "$ATOMMQ_FEED|$ATOMMQ_ID|$ATOMMQ_TITLE|$(cat)" >> ${log}; [ "$ATOMMQ_TITLE" != "fails once" ] || { [ -e ${folder}/failed ] || { touch ${folder}/failed; exit 3; }; }`;
  const args = ['tail', 'jobs', '--position', position, '--exec', command];
  const one = run([...args, '--count', '2', '--format', 'ndjson']);
  assert.equal(await one.ended, 0, one.stderr);
  assert.match(one.stderr, /ended with 3 for urn:uuid:\S+; again in [\d.]+ s\n$/);
  const lines = readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('|'));
  assert.deepEqual(
    lines.map(([feed, , title]) => [feed, title]),
    [
      ['jobs', 'a job'],
      ['jobs', 'fails once'],
      ['jobs', 'fails once'],
    ],
  );
  for (const [, id, , item] of lines) assert.equal((JSON.parse(item!) as { id: string }).id, id);
  const kept = readFileSync(position, 'utf8');
  // One that never succeeds holds the position where it is, and SIGTERM ends the waiting.
  const failing = run(['tail', 'jobs', '--position', position, '--exec', 'cat; exit 1']);
  await until(() => failing.stderr.includes('again in'));
  failing.child.kill('SIGTERM');
  assert.equal(await failing.ended, 0);
  assert.match(failing.stdout, /^<entry [\s\S]*<title>third<\/title>/);
  assert.equal(readFileSync(position, 'utf8'), kept);
  assert.equal(await output([...args.slice(0, -1), 'true', '--no-follow']), '');
  assert.notEqual(readFileSync(position, 'utf8'), kept);
});

test('from now, from an id, from a whole address, in each form', async () => {
  const feed = connect(server.url).feed('forms');
  const [a] = await feed.publish([
    { title: 'a' },
    { title: 'b', content: { type: 'html', value: '<p>B &amp; b</p>' } },
  ]);
  assert.equal(await output(['tail', feed.url, '--no-follow'], { url: '' }), 'a\nB & b\n');
  assert.equal(await output(['tail', 'forms', '--no-follow', '--from', a!.id]), 'B & b\n');
  assert.match(await output(['tail', 'forms', '--no-follow', '--format', 'json']), /^\{\n {2}"id"[\s\S]*\n\}\n\{\n/);
  const atom = await output(['tail', 'forms', '--no-follow', '--format', 'atom']);
  assert.equal(atom.match(/^<entry /gm)?.length, 2);
  const now = run(['tail', 'forms', '--from', 'now', '--count', '1', '--position', 'position']);
  while (now.stdout === '') {
    await feed.publish({ title: 'c' });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal(await now.ended, 0);
  assert.equal(now.stdout, 'c\n');
  const feedDocument = `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:x="urn:x">${atom.replaceAll('<title>', '<x:n/><title>')}</feed>`;
  const file = join(newFolder(), 'some.atom');
  writeFileSync(file, feedDocument);
  assert.match(await output(['publish', 'forms2', file]), /^2 published/);
  assert.match(await output(['publish', 'forms2'], { input: feedDocument }), /2 of them there already/);
  assert.match(await output(['tail', 'forms2', '--no-follow', '--format', 'atom']), /<x:n\/><title>b/);
});

test('other files are media, by their names or as --type says', async () => {
  const folder = newFolder();
  writeFileSync(join(folder, 'beach.png'), new Uint8Array([0x89, 0x50]));
  writeFileSync(join(folder, 'some.xml'), '<rss/>');
  await output(['publish', 'files', join(folder, 'beach.png')]);
  await output(['publish', 'files', join(folder, 'some.xml'), '--type', 'application/rss+xml', '--slug', 'Ü']);
  await output(['publish', 'files', '-', '--type', 'text/plain'], { input: 'allo' });
  const seen: [string, string][] = [];
  for await (const { title, content } of connect(server.url).feed('files').entries()) seen.push([title, content.type]);
  assert.deepEqual(seen, [
    ['beach.png', 'image/png'],
    ['Ü', 'application/rss+xml'],
    ['', 'text/plain'],
  ]);
});

test('what is refused is named with its line, and the rest is published', async () => {
  const input =
    '{"title":"a"}\nnot json\n\n{"title":"\\u0001"}\n[]\n{"title":"b","tags":["t"],"authors":[{"name":"N"}]}\n';
  const mixed = run(['publish', 'mixed', '--json'], { input });
  assert.equal(await mixed.ended, 1);
  assert.match(mixed.stderr, /^atommq: standard input:2: not JSON: .*\natommq: standard input:5: not an item/m);
  assert.match(mixed.stderr, /^atommq: standard input:4: 400 Malformed XML/m);
  assert.equal((JSON.parse(mixed.stdout) as { refused: number }).refused, 3);
  assert.equal(await output(['tail', 'mixed', '--no-follow']), 'a\nb\n');
});

const REFUSED: [string, string[], number, RegExp][] = [
  ['no feed', ['tail'], 2, /^atommq: tail needs more: atommq tail FEED$/],
  ['too many', ['tail', 'a', 'b'], 2, /^atommq: tail takes no "b"$/],
  [
    'a format',
    ['tail', 'a', '--format', 'xml'],
    2,
    /--format "xml" is none of text, json, ndjson, atom; the nearest one is/,
  ],
  ['a count', ['tail', 'a', '--count', '0'], 2, /--count "0" must be a whole number from 1$/],
  ['a flag of another', ['publish', 'a', '--exec', 'x'], 2, /^atommq: --exec is for tail$/],
  ['an option without meaning', ['tail', 'a', '--workers', '2'], 2, /^atommq: --workers is not for tail$/],
  ['a mistyped flag', ['tail', 'a', '--postion', 'x'], 2, /unknown flag --postion; the nearest one is --position$/],
  ['no address of a feed', ['tail', 'http://h/x'], 2, /is not the address of a feed/],
  ['no address', ['tail', 'a', '--url', 'nowhere'], 2, /"nowhere" is not the address of a bus/],
  [
    'no such feed',
    ['tail', 'nosuch', '--no-follow'],
    1,
    /There is no feed named "nosuch"\. atommq feeds lists what there is\. Publishing to "nosuch" makes it\.$/,
  ],
  ['an unknown id', ['tail', 'lines', '--from', 'urn:never'], 1, /never held the entry urn:never.* --from earliest\.$/],
  ['no such file', ['publish', 'a', 'nofile'], 1, /^atommq: nofile: cannot be read \(ENOENT\); nothing was published$/],
  ['neither Atom nor NDJSON', ['publish', 'a'], 1, /--lines publishes each line/],
];

for (const [what, args, code, message] of REFUSED) {
  test(`code ${code} and one line: ${what}`, async () => {
    const result = run(args, { input: 'text' });
    assert.equal(await result.ended, code, result.stderr);
    const { stderr } = result;
    assert.match(stderr.trimEnd(), message);
    assert.equal(stderr.split('\n').length, 2, stderr);
  });
}

test('a server that does not answer is waited for, and told of', async () => {
  const late = await Server.start();
  await late.stop();
  const publish = run(['publish', 'x', '--lines', '--retry', '1'], { input: 'a\n', url: late.url });
  assert.equal(await publish.ended, 1);
  assert.match(publish.stderr, /cannot be reached.*trying again\.\n.*Is the server running \(atommq serve\)/s);
  const tail = run(['tail', 'x', '--count', '1'], { url: late.url });
  await until(() => tail.stderr.includes('trying again'));
  await late.start();
  await output(['publish', 'x', '--lines'], { input: 'a\n', url: late.url });
  assert.equal(await tail.ended, 0, tail.stderr);
  assert.equal(tail.stdout, 'a\n');
});

test('publish shows a bar for files and a count for pipes, on terminals alone', () => {
  for (const [isTTY, total, expected] of [
    [true, 200, /^\r\x1b\[Kpublish, bytes \[\.{30}\] 0 %[\s\S]*note\n[\s\S]*\[#{15}\.{15}\] 50 %, 100 of 200\n$/],
    [true, undefined, /^\r\x1b\[Kpublish: 100 entries\r\x1b\[Ka note\n\r\x1b\[Kpublish: 150 entries\r\x1b\[K$/],
    [false, 200, /^a note\n$/],
  ] as const) {
    let text = '';
    const stream = { isTTY, write: (piece: string) => (text += piece) };
    const shown = shownOn(stream, total);
    shown.stored(99);
    shown.stored(100);
    shown.stored(150);
    shown.note('a note');
    shown.bytes(100);
    shown.stored(150);
    shown.end();
    assert.match(text, expected);
  }
});

test('publish that is interrupted says so, and what it has taken is stored', async () => {
  const publish = run(['publish', 'interrupted', '--lines']);
  publish.child.stdin!.write('a\nb\n');
  const tail = run(['tail', 'interrupted', '--count', '2']);
  assert.equal(await tail.ended, 0);
  publish.child.kill('SIGINT');
  assert.equal(await publish.ended, 130);
  assert.match(publish.stdout, /^2 published/);
  assert.match(publish.stderr, /interrupted/);
});

test('each command has a help of its own', async () => {
  const all = await output(['help']);
  assert.match(all, /^ *tail +print/m);
  for (const args of [
    ['help', 'tail'],
    ['tail', '--help'],
  ]) {
    const text = await output(args);
    for (const flag of ['from', 'position', 'exec', 'format', 'count', 'follow', 'mode', 'url', 'config', 'port'])
      assert.match(text, new RegExp(`--${flag}\\s`));
    assert.match(text, /Exit codes: 0/);
    assert.doesNotMatch(text, /--workers|--lines/);
  }
  assert.match(await output(['help', 'publish']), /--lines\s/);
});
