/** Links between documents lead to a file that is there, and to a heading in it. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { root } from '../doors/children.js';

const documents = ['.', 'deploy', 'deploy/galera', 'deploy/postgres'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file)),
);

/** A document without its blocks of code, which have neither links nor headings. */
const proseOf = (path: string) => readFileSync(path, 'utf8').replace(/^```[\s\S]*?^```$/gm, '');

/** The names that headings are linked by. */
function headingsOf(path: string): string[] {
  return [...proseOf(path).matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

for (const document of documents) {
  test(document, () => {
    for (const [, target = ''] of proseOf(join(root, document)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [file = '', heading] = target.split('#');
      const path = file === '' ? join(root, document) : join(root, dirname(document), file);
      assert.ok(existsSync(path), `there is no ${target}`);
      if (heading !== undefined) assert.ok(headingsOf(path).includes(heading), `there is no heading for ${target}`);
    }
  });
}
