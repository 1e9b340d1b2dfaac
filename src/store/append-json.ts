/** What the append statement of every database takes: JSON arrays. */
import type { Append } from './store.js';
import { categoriesByKey } from './tags.js';

/**
 * `[feed, feedAtomId, key, atomId, digest, at, hasAuthor, xml]` for each entry, and
 * `[feed, key, categoryKey, term, scheme, label]` for each category that one has; null where none has any. `feeds` has
 * `[feed, feedAtomId, null, null, null, at]` for each feed once.
 */
export function appendJson(appends: Append[]): { entries: string; tags: string | null; feeds: string } {
  const rows: unknown[] = [];
  const tags: unknown[] = [];
  const feeds = new Map<string, unknown>();
  for (const { feed, feedAtomId, entries } of appends) {
    if (!feeds.has(feed)) feeds.set(feed, [feed, feedAtomId, null, null, null, entries[0]!.at]);
    for (const { key, atomId, digest, at, hasAuthor, xml, categories } of entries) {
      rows.push([feed, feedAtomId, key, atomId, digest, at, hasAuthor ? 1 : 0, xml]);
      if (categories.length === 0) continue;
      for (const [tag, { term, scheme, label }] of categoriesByKey(categories)) {
        tags.push([feed, key, tag, term, scheme, label]);
      }
    }
  }
  return {
    entries: JSON.stringify(rows),
    tags: tags.length === 0 ? null : JSON.stringify(tags),
    feeds: JSON.stringify([...feeds.values()]),
  };
}
