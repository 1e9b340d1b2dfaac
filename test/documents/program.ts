/** Blocks that are programs: JavaScript and TypeScript, checked by the compiler, and Python. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PYTHON, root } from '../doors/children.js';
import type { Notes } from './markdown.js';
import type { Session } from './session.js';
import { filled } from './words.js';

/** File endings by language. */
const ENDINGS: Record<string, string> = { js: 'js', ts: 'ts', python: 'py' };

const TSC = join(root, 'node_modules/.bin/tsc');
const COMMON =
  '--module NodeNext --moduleResolution NodeNext --target ES2023 --lib ES2023,DOM,DOM.Iterable --types node --skipLibCheck'.split(
    ' ',
  );

export function isProgram(kind: string): boolean {
  return Object.hasOwn(ENDINGS, kind);
}

let count = 0;

/** @throws Error when its types are wrong, or it ends with anything but 0 */
export async function runProgram(session: Session, kind: string, text: string, notes: Notes): Promise<void> {
  count += 1;
  const file = join(session.folder, `example-${count}.${ENDINGS[kind]}`);
  const whole = [notes.with, text, notes.then].filter((part) => part !== undefined).join('\n');
  writeFileSync(file, `${await session.real(filled(whole, session.said))}\n`);
  await check(session, file);
  const [command, program] = kind === 'python' ? [PYTHON, file] : [process.execPath, file.replace(/\.ts$/, '.js')];
  const { status, output } = await session.run(command, [program], notes);
  session.remember(output);
  assert.equal(status, 0, `ended with ${status}, and printed\n${output}`);
}

/** Checks the types or the syntax of a program; one in TypeScript has its JavaScript beside it then. */
export async function check(session: Session, file: string): Promise<void> {
  const [command, argv] = file.endsWith('.py')
    ? [PYTHON, ['-m', 'py_compile', file]]
    : [
        TSC,
        file.endsWith('.ts')
          ? [...COMMON, '--strict', '--outDir', dirname(file), '--rootDir', dirname(file), file]
          : [...COMMON, '--allowJs', '--checkJs', '--noEmit', '--strict', 'false', '--noImplicitAny', 'false', file],
      ];
  const { status, output } = await session.run(command, argv);
  assert.equal(status, 0, `${basename(file)}:\n${output}`);
}
