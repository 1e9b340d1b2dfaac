/** The append as one statement of SQLite: a view to insert into, which any program on the same file may use. */

/**
 * `INSERT INTO mq_append (entries, tags) VALUES (?, ?)` with a JSON array of
 * `[feed, feedAtomId, key, atomId, digest, at, hasAuthor, xml]`, and where entries have categories `tags` with
 * `[feed, key, categoryKey, term, scheme, label]`. Being one statement it is its own transaction, and since
 * it begins by writing it holds the write lock before it reads a head.
 *
 * A third column, `feeds`, may hold the first entry of each feed once more: what is asked of feeds alone then needs no
 * reading of all entries, which is a third of the work.
 */
export const SQLITE_APPEND = [
  'DROP VIEW IF EXISTS mq_append',
  `CREATE VIEW mq_append AS SELECT '' AS entries, '' AS tags, '' AS feeds`,
  `CREATE TRIGGER mq_append_insert INSTEAD OF INSERT ON mq_append
BEGIN
  INSERT INTO mq_feed (name, atom_id, created_at)
    SELECT j.value ->> 0, min(j.value ->> 1), min(j.value ->> 5) FROM json_each(coalesce(NEW.feeds, NEW.entries)) j
    WHERE NOT EXISTS (SELECT 1 FROM mq_feed f WHERE f.name = j.value ->> 0) GROUP BY 1;
  INSERT INTO mq_entry
      (feed_id, position, entry_key, atom_id, digest, published_at, edited_at, has_author, size, xml)
    SELECT f.feed_id, f.head + row_number() OVER (PARTITION BY f.feed_id ORDER BY j.key),
      j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, j.value ->> 5, j.value ->> 6,
      octet_length(j.value ->> 7), j.value ->> 7
    FROM json_each(NEW.entries) j JOIN mq_feed f ON f.name = j.value ->> 0;
  UPDATE mq_feed SET (head, bytes) = (SELECT max(e.position), mq_feed.bytes + sum(e.size) FROM mq_entry e
      WHERE e.feed_id = mq_feed.feed_id AND e.position > mq_feed.head)
    WHERE name IN (SELECT j.value ->> 0 FROM json_each(coalesce(NEW.feeds, NEW.entries)) j);
  INSERT OR IGNORE INTO mq_category (feed_id, category_key, term, scheme, label)
    SELECT f.feed_id, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5
    FROM json_each(NEW.tags) j JOIN mq_feed f ON f.name = j.value ->> 0;
  INSERT OR IGNORE INTO mq_tag (feed_id, category_key, position)
    SELECT f.feed_id, j.value ->> 2, e.position
    FROM json_each(NEW.tags) j JOIN mq_feed f ON f.name = j.value ->> 0
      JOIN mq_entry e ON e.feed_id = f.feed_id AND e.entry_key = j.value ->> 1;
END`,
];

export const APPEND = 'INSERT INTO mq_append (entries, tags, feeds) VALUES (?, ?, ?)';
