/** What the append statement of every database takes: two JSON arrays. */
import type { Append } from './store.js';
import { categoriesByKey } from './tags.js';

/**
 * `[feed, feedAtomId, key, atomId, digest, at, hasAuthor, xml]` for each entry, and
 * `[feed, key, categoryKey, term, scheme, label]` for each category that one has; null where none has any.
 */
export function appendJson(appends: Append[]): { entries: string; tags: string | null } {
  const rows: unknown[] = [];
  const tags: unknown[] = [];
  for (const { feed, feedAtomId, entries } of appends) {
    for (const { key, atomId, digest, at, hasAuthor, xml, categories } of entries) {
      rows.push([feed, feedAtomId, key, atomId, digest, at, hasAuthor ? 1 : 0, xml]);
      if (categories.length === 0) continue;
      for (const [tag, { term, scheme, label }] of categoriesByKey(categories)) {
        tags.push([feed, key, tag, term, scheme, label]);
      }
    }
  }
  return { entries: JSON.stringify(rows), tags: tags.length === 0 ? null : JSON.stringify(tags) };
}
