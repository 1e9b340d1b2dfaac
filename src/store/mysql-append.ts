/** The append as one statement of MySQL and MariaDB: procedures that any program may call. */

const CREATE = 'CREATE PROCEDURE';

/**
 * `CALL mq_append(entries, tags)` inside a transaction of one's own, or `CALL mq_publish(entries, tags)` which is one, with
 * JSON arrays of `[feed, feedAtomId, key, atomId, digest, at, hasAuthor, xml]` and of
 * `[feed, key, categoryKey, term, scheme, label]` (or NULL). Positions are taken under a lock of the feed's row that is
 * held to the commit. Feeds that do not exist are made. An entry that is held already fails the whole call with
 * ER_DUP_ENTRY (1062).
 * @param collation that of the tables' columns
 */
export function mysqlAppend(collation: string): string[] {
  const text = (type: string) => `${type} CHARACTER SET utf8mb4 COLLATE ${collation}`;
  const rows = (...columns: string[]) => `JSON_TABLE(entries, '$[*]' COLUMNS (
      feed ${text('VARCHAR(255)')} PATH '$[0]'${columns.map((column) => `,\n      ${column}`).join('')})) j`;
  const tags = `JSON_TABLE(tags, '$[*]' COLUMNS (feed ${text('VARCHAR(255)')} PATH '$[0]',
      entry_key ${text('VARCHAR(64)')} PATH '$[1]', category_key ${text('VARCHAR(43)')} PATH '$[2]',
      term ${text('TEXT')} PATH '$[3]', scheme ${text('TEXT')} PATH '$[4]', label ${text('TEXT')} PATH '$[5]')) j
      JOIN mq_feed f ON f.name = j.feed`;
  const feeds = `(SELECT DISTINCT j.feed FROM ${rows()} ORDER BY j.feed LIMIT 1000000) w`;
  const insert = (place: string) => `INSERT INTO mq_entry
        (feed_id, position, entry_key, atom_id, digest, published_at, edited_at, has_author, size, xml)
      SELECT f.feed_id, f.head + ${place}, j.entry_key, j.atom_id, j.digest, j.at, j.at, j.has_author,
        octet_length(j.xml), j.xml
      FROM ${rows(
        'n FOR ORDINALITY',
        `entry_key ${text('VARCHAR(64)')} PATH '$[2]'`,
        `atom_id ${text('TEXT')} PATH '$[3]'`,
        `digest ${text('VARCHAR(43)')} PATH '$[4]'`,
        "at BIGINT PATH '$[5]'",
        "has_author SMALLINT PATH '$[6]'",
        `xml ${text('LONGTEXT')} PATH '$[7]'`,
      )} STRAIGHT_JOIN mq_feed f FORCE INDEX (mq_feed_name_unique) ON f.name = j.feed;`;
  const parameters = `(IN entries ${text('LONGTEXT')}, IN tags ${text('LONGTEXT')})`;
  return [
    'DROP PROCEDURE IF EXISTS mq_append',
    'DROP PROCEDURE IF EXISTS mq_publish',
    `${CREATE} mq_append ${parameters}
MODIFIES SQL DATA SQL SECURITY INVOKER
BEGIN
  DECLARE wanted INTEGER;
  DECLARE missing INTEGER;
  DECLARE locked INTEGER;
  DECLARE one_feed BIGINT;
  DECLARE old_head BIGINT;
  DECLARE new_head BIGINT;
  DECLARE more_bytes BIGINT;
  SELECT count(DISTINCT j.feed), coalesce(sum(f.feed_id IS NULL), 0) INTO wanted, missing
    FROM ${rows()} LEFT JOIN mq_feed f ON f.name = j.feed;
  -- Only where it must: whoever inserts here waits for others who do.
  IF missing > 0 THEN
    INSERT INTO mq_feed (name, atom_id, created_at)
      SELECT j.feed, min(j.feed_atom_id), min(j.at)
      FROM ${rows(`feed_atom_id ${text('VARCHAR(64)')} PATH '$[1]'`, "at BIGINT PATH '$[5]'")}
      GROUP BY j.feed ORDER BY j.feed
      ON DUPLICATE KEY UPDATE mq_feed.name = mq_feed.name;
  END IF;
  -- Row by row by their names (never a scan, which would lock all feeds), and in one order.
  SELECT count(*), min(f.feed_id), min(f.head) INTO locked, one_feed, old_head FROM ${feeds}
    STRAIGHT_JOIN mq_feed f FORCE INDEX (mq_feed_name_unique) ON f.name = w.feed FOR UPDATE;
  IF locked <> wanted THEN
    SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'a feed was removed at the same time';
  END IF;
  -- From what was stored: to take the entries apart once more would cost more. By positions or keys that are given: a
  -- join on what is beyond each feed's head would read the feeds from their beginning.
  IF wanted = 1 THEN
    ${insert('j.n')}
    SELECT max(e.position), sum(e.size) INTO new_head, more_bytes
      FROM mq_entry e FORCE INDEX (PRIMARY) WHERE e.feed_id = one_feed AND e.position > old_head;
    UPDATE mq_feed f SET f.head = new_head, f.bytes = f.bytes + more_bytes WHERE f.feed_id = one_feed;
  ELSE
    ${insert('row_number() OVER (PARTITION BY f.feed_id ORDER BY j.n)')}
    UPDATE (SELECT e.feed_id, max(e.position) AS head, sum(e.size) AS bytes
        FROM ${rows(`entry_key ${text('VARCHAR(64)')} PATH '$[2]'`)}
          STRAIGHT_JOIN mq_feed g FORCE INDEX (mq_feed_name_unique) ON g.name = j.feed
          STRAIGHT_JOIN mq_entry e FORCE INDEX (mq_entry_feed_id_entry_key_unique)
            ON e.feed_id = g.feed_id AND e.entry_key = j.entry_key
        GROUP BY e.feed_id) s
      STRAIGHT_JOIN mq_feed f ON f.feed_id = s.feed_id
      SET f.head = s.head, f.bytes = f.bytes + s.bytes;
  END IF;
  IF tags IS NOT NULL THEN
    INSERT INTO mq_category (feed_id, category_key, term, scheme, label)
      SELECT f.feed_id, j.category_key, j.term, j.scheme, j.label FROM ${tags}
      ON DUPLICATE KEY UPDATE mq_category.term = mq_category.term;
    INSERT INTO mq_tag (feed_id, category_key, position)
      SELECT f.feed_id, j.category_key, e.position FROM ${tags}
        STRAIGHT_JOIN mq_entry e FORCE INDEX (mq_entry_feed_id_entry_key_unique)
          ON e.feed_id = f.feed_id AND e.entry_key = j.entry_key
      ON DUPLICATE KEY UPDATE mq_tag.position = mq_tag.position;
  END IF;
END`,
    `${CREATE} mq_publish ${parameters}
MODIFIES SQL DATA SQL SECURITY INVOKER
BEGIN
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
  START TRANSACTION;
  CALL mq_append(entries, tags);
  COMMIT;
END`,
  ];
}
