/** Feeds of any size, filled by statements of the database's own: a million entries in seconds. */
import { AtomMQ } from '../../src/bus.js';
import { parseDatabase } from '../../src/config/database.js';
import { openDatabase } from '../../src/store/dialect.js';
import { inProcess } from '../fixture.js';

/** An entry as it is stored when 500 bytes were published; `KEY` is its UUID. */
const AT = '2026-01-01T00:00:00.123456Z';
const STORED = `<entry xmlns="http://www.w3.org/2005/Atom"><id>urn:uuid:KEY</id><updated>${AT}</updated><published>${AT}</published><app:edited xmlns:app="http://www.w3.org/2007/app">${AT}</app:edited><title>t</title><content>${'y'.repeat(413)}</content></entry>`;
const [HEAD, TAIL] = STORED.split('KEY') as [string, string];
const SIZE = STORED.length - 3 + 36;

/** Ids as we make them: they grow with time. */
const KEYS = {
  sqlite3: `printf('%08x-0000-7000-8000-000000000000', s.n)`,
  pg: `lpad(to_hex(s.n), 8, '0') || '-0000-7000-8000-000000000000'`,
};
const SERIES = {
  sqlite3: (from: number, to: number) =>
    `(WITH RECURSIVE s(n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM s WHERE n < ${to}) SELECT n FROM s)`,
  pg: (from: number, to: number) => `(SELECT generate_series(${from}, ${to}) AS n)`,
};

/** The UUID of the entry at a position of a feed that was filled. */
export function keyAt(position: number): string {
  return `${position.toString(16).padStart(8, '0')}-0000-7000-8000-000000000000`;
}

async function open(database: string) {
  const settings = parseDatabase(database);
  const limits = { busyTimeout: 60, poolSize: 2, connectTimeout: 10, queryTimeout: 3600 };
  const client = settings.client as keyof typeof KEYS;
  const raw = await openDatabase(settings, limits);
  return { client, raw };
}

/** Fills a feed from its second entry up to a number of entries; makes database and feed where they are not there. */
export async function fillFeed(database: string, feed: string, entries: number): Promise<void> {
  const bus = await AtomMQ.open({ database }, {});
  const answer = await inProcess(bus.app)('POST', `/feed=${feed}`, { body: STORED.replace('KEY', keyAt(1)) });
  await bus.close();
  if (answer.status !== 201) throw new Error(`${answer.status}: ${answer.body}`);
  const { client, raw } = await open(database);
  const { feed_id: id } = await raw.writer('mq_feed').where({ name: feed }).first();
  for (let from = 2; from <= entries; from += 250_000) {
    const to = Math.min(entries, from + 249_999);
    const key = KEYS[client];
    await raw.writer.raw(
      `INSERT INTO mq_entry (feed_id, position, entry_key, atom_id, digest, published_at, edited_at, has_author, size, xml)
       SELECT ${id}, s.n, ${key}, 'urn:uuid:' || ${key}, 'x', s.n, s.n, 0, ${SIZE}, '${HEAD}' || ${key} || '${TAIL}' FROM ${SERIES[client](from, to)} s`,
    );
    await raw
      .writer('mq_feed')
      .where({ name: feed })
      .update({ head: to, bytes: to * SIZE });
  }
  if (client === 'pg') await raw.writer.raw('ANALYZE');
  await raw.close();
}

/** Makes so many empty feeds. */
export async function fillFeeds(database: string, feeds: number): Promise<void> {
  const { client, raw } = await open(database);
  await raw.writer.raw(
    `INSERT INTO mq_feed (name, atom_id, created_at) SELECT 'feed-' || s.n, 'urn:x:' || s.n, s.n FROM ${SERIES[client](1, feeds)} s`,
  );
  await raw.close();
}
