/** How far something is, on a terminal and elsewhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress } from '../../src/cli/progress.js';

function shown(isTTY: boolean, total: number, work: (progress: Progress) => void): string[] {
  const written: string[] = [];
  const stream = { isTTY, write: (text: string) => written.push(text) };
  const progress = new Progress('copy', total, stream);
  work(progress);
  progress.end();
  return written;
}

test('elsewhere it is a line at every tenth', () => {
  const lines = shown(false, 1000, (progress) => {
    for (let i = 0; i < 1000; i += 1) progress.add();
  });
  assert.equal(lines.length, 11);
  assert.equal(lines[0], 'copy: 0 %, 0 of 1000\n');
  assert.equal(lines[10], 'copy: 100 %, 1000 of 1000\n');
  assert.ok(lines.every((line) => line.endsWith('\n')));
});

test('on a terminal it is one line that is written over, and notes go above it', () => {
  const written = shown(true, 4, (progress) => {
    progress.add(1);
    progress.note('something');
    progress.add(3);
  });
  assert.deepEqual(written, [
    '\r\x1b[Kcopy [..............................] 0 %, 0 of 4',
    '\r\x1b[Kcopy [########......................] 25 %, 1 of 4',
    '\r\x1b[Ksomething\n',
    '\r\x1b[Kcopy [########......................] 25 %, 1 of 4',
    '\r\x1b[Kcopy [##############################] 100 %, 4 of 4',
    '\n',
  ]);
});

test('nothing at all is done at once, and more than was thought is still 100 %', () => {
  assert.deepEqual(
    shown(false, 0, () => {}),
    ['copy: 100 %, 0 of 0\n'],
  );
  const lines = shown(false, 1, (progress) => progress.add(3));
  assert.equal(lines.at(-1), 'copy: 100 %, 3 of 3\n');
});
