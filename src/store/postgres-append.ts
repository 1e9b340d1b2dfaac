/** The append as one statement of PostgreSQL: a function that any program may call, inside its own transaction too. */

/**
 * `SELECT mq_append(entries, tags)` with JSON arrays of `[feed, feedAtomId, key, atomId, digest, at, hasAuthor, xml]`
 * and of `[feed, key, categoryKey, term, scheme, label]` (or NULL). Positions are taken by moving the feed's counter,
 * whose row is then locked until the commit. Feeds that do not exist are made. An entry that is held already fails the
 * whole call with unique_violation (23505). The channel `mq_feed` is told the name of each feed.
 */
export const POSTGRES_APPEND = `
CREATE OR REPLACE FUNCTION mq_append(entries jsonb, tags jsonb DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  feeds integer;
  stored integer;
BEGIN
  INSERT INTO mq_feed (name, atom_id, created_at)
    SELECT e ->> 0, min(e ->> 1), min((e ->> 5)::bigint) FROM jsonb_array_elements(entries) e
    WHERE NOT EXISTS (SELECT 1 FROM mq_feed f WHERE f.name = e ->> 0)
    GROUP BY e ->> 0 ORDER BY (e ->> 0) COLLATE "C"
    ON CONFLICT (name) DO NOTHING;
  SELECT count(DISTINCT e ->> 0) INTO feeds FROM jsonb_array_elements(entries) e;
  IF feeds > 1 THEN
    -- In one order, so that two calls do not wait for one another.
    PERFORM 1 FROM mq_feed f WHERE f.name IN (SELECT e ->> 0 FROM jsonb_array_elements(entries) e)
      ORDER BY f.name FOR UPDATE;
  END IF;
  WITH e AS MATERIALIZED (
    SELECT v ->> 0 AS feed, v ->> 2 AS entry_key, v ->> 3 AS atom_id, v ->> 4 AS digest, (v ->> 5)::bigint AS at,
      (v ->> 6)::smallint AS has_author, v ->> 7 AS xml, octet_length(v ->> 7) AS size,
      row_number() OVER (PARTITION BY v ->> 0 ORDER BY n) AS n
    FROM jsonb_array_elements(entries) WITH ORDINALITY a(v, n)
  ), moved AS (
    UPDATE mq_feed f SET head = f.head + s.entries, bytes = f.bytes + s.bytes
    FROM (SELECT e.feed, count(*) AS entries, sum(e.size) AS bytes FROM e GROUP BY e.feed) s
    WHERE f.name = s.feed
    RETURNING f.feed_id, f.name, f.head - s.entries AS before
  )
  INSERT INTO mq_entry
      (feed_id, position, entry_key, atom_id, digest, published_at, edited_at, has_author, size, xml)
    SELECT m.feed_id, m.before + e.n, e.entry_key, e.atom_id, e.digest, e.at, e.at, e.has_author, e.size, e.xml
    FROM e JOIN moved m ON m.name = e.feed;
  GET DIAGNOSTICS stored = ROW_COUNT;
  IF stored <> jsonb_array_length(entries) THEN
    RAISE EXCEPTION 'a feed was removed at the same time' USING ERRCODE = 'serialization_failure';
  END IF;
  -- Whoever waits hears of it with the commit; one message for each feed, however many entries.
  PERFORM pg_notify('mq_feed', name) FROM (SELECT DISTINCT e ->> 0 AS name FROM jsonb_array_elements(entries) e) n;
  IF tags IS NOT NULL THEN
    INSERT INTO mq_category (feed_id, category_key, term, scheme, label)
      SELECT f.feed_id, t ->> 2, t ->> 3, t ->> 4, t ->> 5
      FROM jsonb_array_elements(tags) t JOIN mq_feed f ON f.name = t ->> 0
      ON CONFLICT DO NOTHING;
    INSERT INTO mq_tag (feed_id, category_key, position)
      SELECT f.feed_id, t ->> 2, e.position
      FROM jsonb_array_elements(tags) t JOIN mq_feed f ON f.name = t ->> 0
        JOIN mq_entry e ON e.feed_id = f.feed_id AND e.entry_key = t ->> 1
      ON CONFLICT DO NOTHING;
  END IF;
END $$`;
