/** Which entries have which categories: a dictionary of categories for each feed, and the entries that have one. */
import { hash } from 'node:crypto';
import type { Knex } from 'knex';
import { type Category, SOURCE_SCHEME } from '../atom/model.js';
import { insertAll } from './insert.js';

/** So many keys of one statement: it takes a bounded number of bindings. */
const MOST_KEYS = 500;

/** The categories of one entry of a feed. */
export interface Tagged {
  position: number;
  categories: Category[];
}

/** What a category is found by: two are the same when scheme and term are. */
export function keyOfCategory({ term, scheme = '' }: Category): string {
  return hash('sha256', `${scheme}\0${term}`, 'base64url');
}

/** An entry's categories by their keys, each once. */
export function categoriesByKey(categories: Category[]): Map<string, Category> {
  return new Map(categories.map((category) => [keyOfCategory(category), category]));
}

/** Adds what entries are tagged with, under the lock of their feed. */
export async function addTags(trx: Knex.Transaction, feedId: number, tagged: Tagged[]): Promise<void> {
  const rows = tagged.flatMap(({ position, categories }) =>
    [...categoriesByKey(categories)].map(([key, category]) => ({ key, category, position })),
  );
  if (rows.length === 0) return;
  const dictionary = new Map(rows.map(({ key, category }) => [key, category]));
  const keys = [...dictionary.keys()];
  for (let i = 0; i < keys.length; i += MOST_KEYS) {
    const known: { category_key: string }[] = await trx('mq_category')
      .where({ feed_id: feedId })
      .whereIn('category_key', keys.slice(i, i + MOST_KEYS))
      .select('category_key');
    for (const { category_key } of known) dictionary.delete(category_key);
  }
  const fresh = [...dictionary].map(([category_key, { term, scheme = null, label = null }]) => ({
    feed_id: feedId,
    category_key,
    term,
    scheme,
    label,
  }));
  if (fresh.length > 0) await insertAll(trx, 'mq_category', fresh, 50);
  const tags = rows.map(({ key, position }) => ({ feed_id: feedId, category_key: key, position }));
  await insertAll(trx, 'mq_tag', tags, 100);
}

/**
 * Takes the tags of some entries away, and what no entry is tagged with any more out of the dictionary, under the lock of their feed.
 * Sources of events stay: by them a reader goes on after an event that is gone, of which it knows no more than the id.
 */
export async function removeTags(trx: Knex.Transaction, feedId: number, from: number, to: number): Promise<void> {
  const tags = () => trx('mq_tag').where({ feed_id: feedId }).where('position', '>=', from).where('position', '<=', to);
  const keys: string[] = await tags().distinct().pluck('category_key');
  if (keys.length === 0) return;
  await tags().delete();
  for (let i = 0; i < keys.length; i += MOST_KEYS) {
    const some = keys.slice(i, i + MOST_KEYS);
    const rest = trx('mq_tag').where({ feed_id: feedId }).whereIn('category_key', some);
    const used = new Set<string>(await rest.distinct().pluck('category_key'));
    const unused = some.filter((key) => !used.has(key));
    if (unused.length === 0) continue;
    const going = trx('mq_category').where({ feed_id: feedId }).whereIn('category_key', unused);
    await going.where((one) => one.whereNull('scheme').orWhereNot('scheme', SOURCE_SCHEME)).delete();
  }
}
