/** What is asked all the time, by Knex's builder alone. */
import type { Knex } from 'knex';
import type { Questions } from './questions.js';
import { REMOVED } from './retention.js';
import {
  asHeld,
  type CategoryRow,
  type ChunkRow,
  type EntryRow,
  type FeedRow,
  type HeldRow,
  type TimeRow,
} from './rows.js';

const HELD = ['position', 'atom_id', 'edited_at', 'has_author', 'deleted', 'media_type', 'media_size', 'xml'];

export function builtQuestions(knex: Knex): Questions {
  const feeds = () => knex('mq_feed').select<FeedRow[]>('*');
  /** Categories that an entry has. */
  const used = (): Knex.QueryBuilder<object, CategoryRow[]> =>
    knex('mq_category as c')
      .whereExists(
        knex('mq_tag as t')
          .select(knex.raw('1'))
          .whereRaw('?? = ??', ['t.feed_id', 'c.feed_id'])
          .whereRaw('?? = ??', ['t.category_key', 'c.category_key']),
      )
      .select('c.feed_id', 'c.term', 'c.scheme', 'c.label');
  return {
    feed: async (name) => (await feeds().where({ name }))[0],
    feedsNamed: (names) => feeds().whereIn('name', names),
    feedsAfter: (after, pattern, limit) =>
      feeds()
        .where('name', '>', after)
        .whereRaw(`?? like ? escape '!'`, ['name', pattern])
        .whereNot('name', 'like', `${REMOVED}%`)
        .orderBy('name')
        .limit(limit),
    async times(feedId, positions) {
      const rows: TimeRow[] = await knex('mq_entry')
        .where({ feed_id: feedId })
        .whereIn('position', positions)
        .orderBy('position')
        .select('position', 'published_at');
      return rows;
    },
    feeds: () => feeds().whereNot('name', 'like', `${REMOVED}%`).orderBy('name'),
    heads: (limit) =>
      knex('mq_feed')
        .select('name', 'head', 'floor', 'bytes')
        .whereNot('name', 'like', `${REMOVED}%`)
        .orderBy('feed_id')
        .limit(limit),
    removed: () => feeds().where('name', 'like', `${REMOVED}%`),
    async position(feedId, key) {
      const [row] = await knex('mq_entry').where({ feed_id: feedId, entry_key: key }).select('position');
      return row && Number(row.position);
    },
    async page(feedId, { from, descending, limit, bytes }) {
      const order = descending ? 'desc' : 'asc';
      const sizes: { position: number | string; size: number | string }[] = await knex('mq_entry')
        .where({ feed_id: feedId })
        .where('position', descending ? '<' : '>', from)
        .orderBy('position', order)
        .limit(limit)
        .select('position', 'size');
      const positions: number[] = [];
      let total = 0;
      for (const { position, size } of sizes) {
        total += Number(size);
        if (total > bytes && positions.length > 0) break;
        positions.push(Number(position));
      }
      if (positions.length === 0) return [];
      const ends: [number, number] = [positions[0]!, positions.at(-1)!];
      const rows: HeldRow[] = await knex('mq_entry')
        .where({ feed_id: feedId })
        .whereBetween('position', descending ? [ends[1], ends[0]] : ends)
        .orderBy('position', order)
        .select(HELD);
      return rows.map(asHeld);
    },
    async entry(feed, key) {
      const rows: EntryRow[] = await knex('mq_entry as e')
        .join('mq_feed as f', 'f.feed_id', 'e.feed_id')
        .where({ 'f.name': feed, 'e.entry_key': key })
        .select('e.*');
      return rows[0];
    },
    categories: async (feedId, limit) => sorted(await used().where('c.feed_id', feedId)).slice(0, limit),
    async allCategories(limit) {
      const counts = new Map<number, number>();
      return sorted(await used()).filter(({ feed_id }) => {
        const count = (counts.get(feed_id) ?? 0) + 1;
        counts.set(feed_id, count);
        return count <= limit;
      });
    },
    async terms(feedId, scheme, limit) {
      const rows: CategoryRow[] = await knex('mq_category').where({ feed_id: feedId }).select('term', 'scheme');
      return rows.filter((row) => row.scheme === scheme).slice(0, limit);
    },
    wasRemoved: async (feedId, keyHash) =>
      (await knex('mq_removed').where({ feed_id: feedId, key_hash: keyHash }).select('feed_id')).length > 0,
    async chunks(blobId, first, count) {
      const rows: ChunkRow[] = await knex('mq_blob')
        .where({ blob_id: blobId })
        .where('seq', '>=', first)
        .where('seq', '<', first + count)
        .orderBy('seq')
        .select('data');
      return rows;
    },
    schemaVersion: async () => {
      const [row] = await knex('mq_meta').where({ name: 'schema' }).select<{ value: string }[]>('value');
      return Number(row?.value ?? 0);
    },
  };
}

/** Not every database sorts a long text. */
function sorted(rows: CategoryRow[]): CategoryRow[] {
  const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return rows.sort(
    (a, b) => a.feed_id - b.feed_id || compare(a.scheme ?? '', b.scheme ?? '') || compare(a.term, b.term),
  );
}
