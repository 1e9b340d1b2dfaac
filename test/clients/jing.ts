/** RELAX NG validation by jing, of many documents at once: most of what it takes is Java's start. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openFolder } from '../doors/children.js';
import { beside, run } from './run.js';

/**
 * What is wrong with documents.
 * @param grammar a file beside this one, in compact syntax
 * @param documents by a name of any kind
 * @returns by the same names, only of those that are not valid, what jing says of them
 */
export async function invalid(grammar: string, documents: Record<string, string>): Promise<Record<string, string[]>> {
  const folder = join(openFolder(), 'documents');
  mkdirSync(folder);
  const names = Object.keys(documents);
  const files = names.map((name, index) => {
    const file = join(folder, `${index}.xml`);
    writeFileSync(file, documents[name]!);
    return file;
  });
  const { stdout, output } = await run('jing', ['-c', beside(grammar), ...files]);
  const found: Record<string, string[]> = {};
  for (const line of stdout.split('\n').filter((text) => text !== '')) {
    const [, index, what] = /\/(\d+)\.xml:(\d+:\d+: .*)$/.exec(line) ?? [];
    // Of the grammar itself, or of Java.
    if (index === undefined || !line.startsWith(folder)) throw new Error(output);
    const name = names[Number(index)]!;
    found[name] = [...(found[name] ?? []), what!];
  }
  return found;
}
