/** Completion in the shells themselves, and the man page: all that the tables have is in them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { COMMANDS } from '../../src/cli/commands.js';
import { manPage } from '../../src/cli/man.js';
import { connect } from '../../src/client/client.js';
import { OPTIONS, variableOf } from '../../src/config/options.js';
import { newFolder, Server } from '../client/server.js';
import { unlessThere } from '../doors/all.js';
import { root } from '../doors/children.js';
import { endAll } from '../server.js';
import { atommq, CLEAN } from '../transfer/command.js';
import { BIN, closeAll, Terminal } from './terminal.js';

let server: Server;
/** A folder with files to complete, and the environment of whoever is in it. */
const folder = newFolder();
let env: NodeJS.ProcessEnv;
before(async () => {
  server = await Server.start();
  await connect(server.url).feed('orders').publish({ title: 'o' });
  // A shell that expanded this would make a file.
  await connect(server.url).feed('a $(touch made) b').publish({ title: 'o' });
  mkdirSync(join(folder, 'bin'));
  symlinkSync(BIN, join(folder, 'bin/atommq'));
  writeFileSync(join(folder, 'entry.atom'), '');
  env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, ATOMMQ_URL: server.url, HOME: folder };
});
after(() => {
  closeAll();
  endAll();
});

/** What is typed before Tab, and what the line is then. */
const LINES: [typed: string, line: string][] = [
  ['ta', 'tail '],
  ['tail --fol', 'tail --follow '],
  ['tail --format nd', 'tail --format ndjson '],
  ['tail --format=nd', 'tail --format=ndjson '],
  ['serve --gateway fa', 'serve --gateway fastcgi '],
  ['serve --htp', 'serve --htpasswd-file'],
  ['token cr', 'token create '],
  ['help ch', 'help check '],
  ['show orders la', 'show orders last '],
  ['publish orders ent', 'publish orders entry.atom '],
  ['tail or', 'tail orders '],
  ['tail a', 'tail a\\ \\$\\(touch\\ made\\)\\ b '],
];

const SHELLS: [shell: string, command: string[], begin: string][] = [
  ['bash', ['bash', '--norc', '--noprofile', '-i'], 'PS1="rea""dy> "; source <(atommq completion bash)'],
  [
    'zsh',
    ['zsh', '-f', '-i'],
    'PS1="rea""dy> "; autoload -U compinit; compinit -u -D; setopt interactivecomments; source <(atommq completion zsh)',
  ],
];

for (const [shell, command, begin] of SHELLS) {
  test(`${shell} completes commands, flags, values, files and feeds`, {
    skip: unlessThere(shell, 'python3'),
  }, async () => {
    const terminal = new Terminal(command, { cwd: folder, env: { ...env, INPUTRC: '/dev/null' } });
    await terminal.until(/[#$%] /);
    terminal.type(`${begin}\r`);
    await terminal.until(/ready> /);
    for (const [typed, line] of LINES) {
      const from = terminal.shown.length;
      terminal.type(`atommq ${typed}\t`);
      const sign = `atommq ${line}`
        .replace(/[\\$()|*+?.[\]{}^]/g, '\\$&')
        .replace(/ /g, '(\\u001b\\[\\d*m)* (\\u001b\\[\\d*m)*');
      await terminal.until(new RegExp(sign), from);
      const done = terminal.shown.length;
      // The line becomes a comment, since what is interrupted may have no prompt after it.
      terminal.type('\u0001#\r');
      await terminal.until(/ready> /, done);
    }
    terminal.type('test -e made; echo made=$?; exit\r');
    await terminal.ended;
    assert.match(terminal.shown, /made=1/);
  });
}

test('fish completes them too', { skip: unlessThere('fish') }, () => {
  const asked = LINES.filter(([typed]) => !typed.includes('=')).map(([typed, line]) => ({ typed, line }));
  const script = `atommq completion fish | source\n${asked.map(({ typed }) => `complete -C 'atommq ${typed}' | string replace -r '\\t.*' ''; echo =====`).join('\n')}`;
  const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', script], {
    cwd: folder,
    env: { ...CLEAN, ...env },
    encoding: 'utf8',
  });
  assert.equal(stderr, '');
  const answers = stdout.split('=====\n');
  for (const [i, { typed, line }] of asked.entries()) {
    const last = line
      .replaceAll('\\', '')
      .trimEnd()
      .replace(/^.* (?=\S+$)/, '');
    const expected = typed === 'tail a' ? 'a $(touch made) b' : last;
    assert.ok(
      answers[i]!.split('\n')
        .map((one) => one.replaceAll('\\', ''))
        .includes(expected),
      `${typed}: ${answers[i]}`,
    );
  }
});

test('a server that is away completes nothing, and says nothing', () => {
  const { status, stdout, stderr } = atommq(['completion', 'feeds', '--url', 'http://127.0.0.1:1']);
  assert.deepEqual([status, stdout, stderr], [1, '', '']);
  assert.match(atommq(['completion', 'zhs']).stderr, /not for "zhs"; the nearest one is zsh$/m);
});

test('the man page has every command, flag, option and variable', () => {
  const page = manPage('1.0', '2026-01-01').replaceAll('\\-', '-');
  for (const { name, flags = [] } of COMMANDS) {
    assert.match(page, new RegExp(`^\\.TP\\n\\\\fB${name}\\\\fR`, 'm'));
    for (const flag of flags) assert.ok(page.includes(`\\fB--${flag.name}\\fR`), flag.name);
  }
  for (const { name } of Object.values(OPTIONS)) {
    assert.ok(page.includes(`\\fB--${name}\\fR`), name);
    assert.ok(page.includes(variableOf(name)), name);
  }
  const headings = [...page.matchAll(/^\.SH "(.*)"$/gm)].map(([, heading]) => heading);
  assert.deepEqual(headings, [
    ...[
      'NAME',
      'SYNOPSIS',
      'DESCRIPTION',
      'COMMANDS',
      'OPTIONS',
      'ENVIRONMENT',
      'FILES',
      'EXIT STATUS',
      'EXAMPLES',
      'SEE ALSO',
    ],
  ]);
});

for (const [program, ...flags] of [
  ['mandoc', '-Tlint', '-W', 'warning'],
  ['groff', '-ww', '-z', '-man', '-Tutf8'],
] as const) {
  test(`${program} has nothing to say about the man page that is built`, { skip: unlessThere(program) }, () => {
    const { status, stdout, stderr } = spawnSync(program, [...flags, join(root, 'dist/man/atommq.1')], {
      encoding: 'utf8',
    });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  });
}

test('every command says what it ends with', () => {
  for (const { name } of COMMANDS) {
    const { status, stdout } = atommq(['help', name]);
    assert.equal(status, 0);
    assert.match(
      stdout.replace(/\s+/g, ' '),
      /Exit codes: 0 .*; 2 usage, or a configuration that cannot be used[;.]/,
      name,
    );
  }
});
