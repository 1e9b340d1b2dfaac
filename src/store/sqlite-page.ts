/**
 * A page of SQLite's as one row: what is known of its entries as one JSON text, and their XML as one piece of bytes. Each
 * value of a row crosses into V8 by itself, so that a thousand rows cost several times what reading them does.
 */
import type { HeldEntry, Utf8 } from '../atom/model.js';
import type { Range } from './store.js';

/** What is known of one entry, and how many bytes its XML has. */
type Packed = [
  position: number,
  atomId: string,
  editedAt: number,
  hasAuthor: number,
  deleted: number,
  mediaType: string | null,
  mediaSize: number | null,
  length: number,
];

/** The row; `xml` is NULL where there are no entries. */
interface PageRow {
  entries: string;
  xml: Buffer | null;
}

/**
 * The sizes are summed before any content is read, as in `pageSql`; that they go together is seen by a plain sum, which
 * costs a third of where each has its total. Both aggregates are given the same rows in the same order: that of the subquery.
 */
function packedSql(descending: boolean): string {
  const [beyond, until, furthest, order] = descending ? ['<', '>=', 'min', 'DESC'] : ['>', '<=', 'max', 'ASC'];
  const sizes = `SELECT position, size FROM mq_entry
    WHERE feed_id = ? AND position ${beyond} ? ORDER BY position ${order} LIMIT ?`;
  return `SELECT
      json_group_array(json_array(
        position, atom_id, edited_at, has_author, deleted, media_type, media_size, octet_length(xml))) AS entries,
      CAST(group_concat(xml, '') AS BLOB) AS xml
    FROM (SELECT position, atom_id, edited_at, has_author, deleted, media_type, media_size, xml FROM mq_entry
      WHERE feed_id = ? AND position ${beyond} ? AND position ${until} coalesce(
        (SELECT CASE WHEN sum(size) <= ? THEN ${furthest}(position) END FROM (${sizes})),
        (SELECT ${furthest}(position)
          FROM (SELECT position, size, sum(size) OVER (ORDER BY position ${order}) AS total FROM (${sizes}))
          WHERE total <= ? OR total = size))
      ORDER BY position ${order})`;
}
const ASCENDING = packedSql(false);
const DESCENDING = packedSql(true);

/** @param read runs one statement on a connection for reading */
export async function packedPage(
  read: <R>(sql: string, bindings: unknown[]) => Promise<R[]>,
  feedId: number,
  { from, descending, limit, bytes }: Range,
): Promise<HeldEntry[]> {
  const rest = [feedId, from, limit];
  const bindings = [feedId, from, bytes, ...rest, ...rest, bytes];
  const [row] = await read<PageRow>(descending ? DESCENDING : ASCENDING, bindings);
  if (row === undefined || row.xml === null) return [];
  const { xml } = row;
  let end = 0;
  const entries = (JSON.parse(row.entries) as Packed[]).map((packed) => {
    const begin = end;
    end += packed[7];
    return new PackedEntry(packed, { bytes: xml, begin, end });
  });
  // What SQLite keeps to without promising it.
  return entries.sort(descending ? (a, b) => b.position - a.position : (a, b) => a.position - b.position);
}

/** An entry of such a page, whose XML is made a string only for those who want one. */
class PackedEntry implements HeldEntry {
  readonly position: number;
  readonly atomId: string;
  readonly editedAt: number;
  readonly hasAuthor: boolean;
  readonly deleted: boolean;
  readonly media: HeldEntry['media'];
  readonly utf8: Utf8;

  constructor([position, atomId, editedAt, hasAuthor, deleted, type, size]: Packed, utf8: Utf8) {
    this.position = position;
    this.atomId = atomId;
    this.editedAt = editedAt;
    this.hasAuthor = hasAuthor === 1;
    this.deleted = deleted === 1;
    this.media = type === null ? undefined : { type, size: size ?? 0 };
    this.utf8 = utf8;
  }

  get xml(): string {
    const { bytes, begin, end } = this.utf8;
    return bytes.toString('utf8', begin, end);
  }
}
