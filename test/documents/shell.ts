/** Blocks for the shell: variables and the working directory go from one to the next. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Notes } from './markdown.js';
import type { Session } from './session.js';
import { filled } from './words.js';

/** What stands around each block. */
const FRAME = `set -aeo pipefail
. "$DOCUMENT/.variables"
cd "$(cat "$DOCUMENT/.here")"
trap 'export -p >"$DOCUMENT/.variables"; pwd >"$DOCUMENT/.here"' EXIT
. "$DOCUMENT/.block"
`;

/** @throws Error when it ends with anything but 0 */
export async function runShell(session: Session, text: string, { with: before, then, until }: Notes): Promise<void> {
  if (before !== undefined) await runLines(session, before, undefined);
  // A placeholder may stand for what the line before it prints.
  for (const lines of text.includes('…') ? wholeCommands(text) : [text]) await runLines(session, lines, until);
  if (then !== undefined) await runLines(session, then, undefined);
}

/** A file of this machine; those of the session are below its folder by now. */
const ELSEWHERE = /(?<![\w.…/!-])\/(?:bin|boot|etc|home|lib|mnt|opt|root|run|sbin|srv|sys|usr|var)\b[\w./-]*/;

async function runLines(session: Session, text: string, until: string | undefined): Promise<void> {
  const code = await session.real(filled(text, session.said));
  const [path] = ELSEWHERE.exec(code) ?? [];
  assert.equal(
    path,
    undefined,
    `${path} is not the session's to touch: read says what to run instead, skip why nothing is`,
  );
  writeFileSync(join(session.folder, '.block'), `${code}\n`);
  const { status, output } = await session.run('bash', ['-c', FRAME], { until });
  session.remember(output);
  assert.equal(status, 0, `ended with ${status}, and printed\n${output}`);
}

/** The commands of a block, each with all of its lines. */
function wholeCommands(text: string): string[] {
  const commands: string[] = [];
  let lines = '';
  for (const line of text.split('\n')) {
    lines += `${line}\n`;
    if (line.endsWith('\\') || spawnSync('bash', ['-n', '-c', lines]).status !== 0) continue;
    commands.push(lines);
    lines = '';
  }
  return lines === '' ? commands : [...commands, lines];
}

/** The commands of a `console` block, and what each prints. */
export function commandsOf(text: string): { command: string; output: string }[] {
  const commands: { command: string; output: string }[] = [];
  for (const line of text.split('\n')) {
    const last = commands.at(-1);
    if (line.startsWith('$ ')) commands.push({ command: line.slice(2), output: '' });
    else if (last === undefined) throw new Error('a console block begins with $ and a command');
    else if (line.startsWith('> ') && last.output === '') last.command += `\n${line.slice(2)}`;
    else last.output += `${line}\n`;
  }
  return commands;
}
