/** Runs one step of a document, by what it is. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SaxesParser } from 'saxes';
import { exchange } from './exchange.js';
import type { Step } from './markdown.js';
import { check, isProgram, runProgram } from './program.js';
import type { Session } from './session.js';
import { commandsOf, runShell } from './shell.js';
import { filled, isAs } from './words.js';

/** @throws Error that says in which way it is not as the document says */
export async function runStep(session: Session, step: Step): Promise<void> {
  const { kind, notes } = step;
  const text = meant(step);
  if (notes.output !== undefined) {
    assert.ok(isAs(text, session.printed), `what was printed is\n${session.printed}`);
    return;
  }
  if (notes.file !== undefined) {
    await save(session, kind, text, notes.file);
    return;
  }
  const meanwhile = notes.meanwhile === undefined ? undefined : later(session, notes.meanwhile);
  await perform(session, step, text);
  await meanwhile;
}

/** The text of a step as `read` says it is meant. */
function meant({ text, notes }: Step): string {
  let result = text;
  for (const line of (notes.read ?? '').split('\n').filter((one) => one.trim() !== '')) {
    const [shown, meaning] = line.split('→').map((part) => part.trim());
    assert.ok(shown && meaning !== undefined, `read: SHOWN → MEANT, not ${line}`);
    assert.ok(result.includes(shown), `read: the block has no ${shown}`);
    const [, piece = meaning, times = '1'] = /^(.+) × (\d+)$/.exec(meaning) ?? [];
    result = result.replaceAll(shown, piece.repeat(Number(times)));
  }
  return result;
}

async function perform(session: Session, step: Step, text: string): Promise<void> {
  const { kind, notes } = step;
  if (isProgram(kind)) return runProgram(session, kind, text, notes);
  switch (kind) {
    case 'run':
      return runShell(session, text, {});
    case 'sh':
      return runShell(session, text, notes);
    case 'console':
      for (const { command, output } of commandsOf(text)) {
        await runShell(session, command, notes);
        assert.ok(isAs(output, session.printed), `${command}\nprinted\n${session.printed}`);
      }
      return;
    case 'http':
      return exchange(session, text);
    case 'server':
      writeFileSync(join(session.folder, '.server.yml'), await session.real(text === '' ? '{}' : text));
      return runShell(session, 'atommq serve --config "$DOCUMENT/.server.yml" --database "$DOCUMENT/atommq.db"', {});
    case 'anew':
      return session.end();
    case 'yaml':
      return acceptConfiguration(session, text);
    case 'json':
      JSON.parse(text);
      return;
    case 'xml':
      new SaxesParser({ xmlns: true }).write(text).close();
      return;
    default:
      throw new Error(`no way to run a block of ${kind === '' ? 'no language' : kind}: it needs skip, file or output`);
  }
}

async function acceptConfiguration(session: Session, text: string): Promise<void> {
  const file = join(session.folder, '.accepted.yml');
  writeFileSync(file, await session.real(text));
  await runShell(session, `atommq config --config '${file}'`, {});
}

/** Saves a block as the file that the document says it is. */
async function save(session: Session, kind: string, text: string, name: string): Promise<void> {
  const path = join(session.folder, await session.real(name).then((real) => real.replace(session.folder, '')));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${await session.real(filled(text, session.said))}\n`);
  if (isProgram(kind)) await check(session, path);
}

/** So many milliseconds after a block began the other thing happens; whether it comes earlier or later changes no outcome. */
const MOMENT = 300;

async function later(session: Session, text: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, MOMENT));
  const { status, output } = await session.run('bash', ['-ec', await session.real(filled(text, session.said))]);
  assert.equal(status, 0, `meanwhile: ${output}`);
}
