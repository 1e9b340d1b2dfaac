/** The files of deploy/ as the tests use them: as they stand, but for an explicit list of replacements. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './children.js';

/**
 * A file of deploy/ with each of these strings replaced, wherever it stands.
 * @throws Error when one of them does not stand in it: the list would no longer say what differs
 */
export function configured(file: string, replacements: Record<string, string>): string {
  const text = readFileSync(join(root, 'deploy', file), 'utf8');
  const found = new Set<string>();
  // In one pass, so that nothing is replaced in what a replacement has put there.
  if (Object.keys(replacements).length === 0) return text;
  const longestFirst = Object.keys(replacements).sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map((from) => from.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'g');
  const result = text.replace(pattern, (from) => {
    found.add(from);
    return replacements[from]!;
  });
  const absent = longestFirst.filter((from) => !found.has(from));
  if (absent.length > 0)
    throw new Error(`deploy/${file} does not hold ${absent.map((s) => JSON.stringify(s)).join(', ')}`);
  return result;
}
