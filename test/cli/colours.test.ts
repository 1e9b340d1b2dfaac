/** Colours and bars: on terminals, and for whoever asks for them; and output that nobody reads to its end. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AtomMQ } from '../../src/bus.js';
import { paintFor } from '../../src/cli/colour.js';
import { resolveSettings } from '../../src/config.js';
import { openDatabase } from '../../src/store/dialect.js';
import { newFolder } from '../client/server.js';
import { atommq, CLEAN } from '../transfer/command.js';
import { BIN, closeAll, Terminal } from './terminal.js';

after(closeAll);

const RED = '\u001b[31matommq:\u001b[39m ';

test('flags count before NO_COLOR, that before FORCE_COLOR, and that before the terminal', () => {
  const cases: [isTTY: boolean, wanted: boolean | undefined, env: NodeJS.ProcessEnv, on: boolean][] = [
    [true, undefined, {}, true],
    [false, undefined, {}, false],
    [true, undefined, { TERM: 'dumb' }, false],
    [true, undefined, { NO_COLOR: '1' }, false],
    [true, undefined, { NO_COLOR: '' }, true],
    [false, undefined, { FORCE_COLOR: '1' }, true],
    [true, undefined, { FORCE_COLOR: '0' }, false],
    [true, undefined, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    [true, false, { FORCE_COLOR: '1' }, false],
    [false, true, { NO_COLOR: '1' }, true],
  ];
  for (const [isTTY, wanted, env, on] of cases) {
    const text = paintFor({ isTTY }, wanted, env)('red', 'x');
    assert.equal(text, on ? '\u001b[31mx\u001b[39m' : 'x', JSON.stringify({ isTTY, wanted, env }));
  }
});

test('errors are red on a terminal, and plain in a pipe', async () => {
  const terminal = new Terminal([BIN, 'confg'], { cwd: newFolder() });
  assert.equal(await terminal.ended, 2);
  assert.ok(terminal.shown.startsWith(`${RED}unknown command "confg"`), terminal.shown);
  assert.match(atommq(['confg']).stderr, /^atommq: unknown/);
  assert.ok(atommq(['confg', '--color']).stderr.startsWith(RED));
  const plain = new Terminal([BIN, 'confg', '--no-color'], { cwd: newFolder() });
  assert.equal(await plain.ended, 2);
  assert.match(plain.shown, /^atommq: /);
});

test('what is long has a bar on a terminal', async () => {
  const folder = newFolder();
  const database = join(folder, 'a.db');
  const bus = await AtomMQ.open({ database });
  for (let i = 0; i < 250; i += 1) await bus.publish('many', { title: `${i}` });
  await bus.close();
  const copy = join(folder, 'b.db');
  const LONG: [words: string[], sign: RegExp][] = [
    [['copy', '--from', database, '--to', copy], /copy \[#{30}\] 100 %, 250 of 250[\s\S]*check \[#{30}\] 100 %/],
    [
      ['verify', '--all', '--database', copy],
      /verify \[#{30}\] 100 %[\s\S]*\u001b\[32mmany: 250 entries, all as they were stored\u001b\[39m/,
    ],
    [
      ['prune', '--database', copy, '--feeds', '[{"match":"*","max_entries":20}]'],
      /\r\u001b\[Kprune: 230 entries removed\r\u001b\[Kmany: 230 removed\r\n\r\u001b\[K$/,
    ],
  ];
  for (const [words, sign] of LONG) {
    const terminal = new Terminal([BIN, ...words], { cwd: folder });
    assert.equal(await terminal.ended, 0, terminal.shown);
    assert.match(terminal.shown, sign);
  }
});

test('whoever stops reading ends a command without a word', () => {
  for (const words of ['help', 'config', 'config --json', 'completion fish']) {
    const script = `{ "$0" ${words}; echo "code $?" >&2; } | head -c 1`;
    const { stdout, stderr } = spawnSync('/bin/sh', ['-c', script, BIN], {
      env: CLEAN,
      cwd: newFolder(),
      encoding: 'utf8',
    });
    assert.equal(stdout.length, 1);
    assert.equal(stderr, 'code 0\n', words);
  }
});

test('a database that does not open is one line that says what to do, for every command that opens it', async () => {
  const folder = newFolder();
  const held = join(folder, 'held.db');
  const text = join(folder, 'text.db');
  spawnSync('/bin/sh', ['-c', `yes text | head -c 5000 > "${text}"`]);
  const { settings } = resolveSettings({ file: false, set: { database: held } });
  const database = await openDatabase(settings.database, settings);
  const lock = await database.writer.transaction();
  await lock.raw('PRAGMA user_version = 0');
  const CASES: [words: string[], advice: RegExp][] = [
    [['prune', '--database', '/nope/x.db'], /does its folder exist, and may this user write there\?$/],
    [
      ['token', 'list', '--database', text],
      /SQLITE_NOTADB: .*; the file is something else; --database names the right one$/,
    ],
    [
      ['subscriptions', '--database', 'mssql://u@h/x'],
      /needs the package tedious, which is not installed: npm install tedious$/,
    ],
    [['migrate', '--database', '/nope/x.db'], /does its folder exist/],
    [
      ['verify', '--all', '--database', 'postgres://u@127.0.0.1:1/x'],
      /ECONNREFUSED.*; does the database server run, and is the address right\?$/,
    ],
    [
      ['token', 'create', 'x', '--database', held, '--busy-timeout', '1'],
      /SQLITE_BUSY.*; another program holds its lock; wait for it, or longer: --busy-timeout SECONDS$/,
    ],
  ];
  try {
    for (const [words, advice] of CASES) {
      const { status, stdout, stderr } = atommq(words);
      assert.deepEqual([status, stdout], [1, ''], stderr);
      assert.match(stderr.trimEnd(), advice);
      assert.equal(stderr.split('\n').length, 2, stderr);
    }
  } finally {
    await lock.rollback();
    await database.close();
  }
});
