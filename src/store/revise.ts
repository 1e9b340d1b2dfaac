/** Changes of what is there: an entry in place, and what a feed says of itself. */
import type { Knex } from 'knex';
import { deleteBlobs, settleBlob } from './blobs.js';
import { asFeed, asStored, type EntryRow, type FeedRow, xmlDigest } from './rows.js';
import type { Feed, MetadataChange, Revision, StoredEntry } from './store.js';
import { addTags, removeTags } from './tags.js';

/**
 * Changes or deletes one entry under the lock of its feed; undefined where there is none.
 * @param done what an earlier try made of it, where nobody knows whether that was stored
 */
export async function reviseOne(
  trx: Knex.Transaction,
  { feed, key, change, at }: Revision,
  done?: StoredEntry | undefined,
): Promise<StoredEntry | undefined> {
  // The feed's row first: it is the lock.
  const held = await lockFeed(trx, feed);
  if (held === undefined) return undefined;
  const where = { feed_id: held.feed_id, entry_key: key };
  const [row]: EntryRow[] = await trx('mq_entry').where(where);
  if (row === undefined) return undefined;
  const current = asStored(row);
  if (done !== undefined && current.editedAt === done.editedAt && current.xml === done.xml) return done;
  const editedAt = Math.max(at, current.editedAt + 1);
  const changed = change(current, editedAt);
  const deleted = changed === undefined;
  const { xml, hasAuthor } = changed ?? { xml: '', hasAuthor: current.hasAuthor };
  const media = deleted ? undefined : (changed.media ?? current.media);
  const { position } = current;
  await trx('mq_entry')
    .where(where)
    .update({
      xml,
      size: Buffer.byteLength(xml),
      has_author: hasAuthor ? 1 : 0,
      deleted: deleted ? 1 : 0,
      edited_at: editedAt,
      media_type: media?.type ?? null,
      media_size: media?.size ?? null,
      media_digest: media?.digest ?? null,
      blob_id: media?.blobId ?? null,
      xml_digest: deleted ? null : xmlDigest(xml),
    });
  if (changed?.media !== undefined) await settleBlob(trx, changed.media);
  if (current.media !== undefined && current.media.blobId !== media?.blobId) {
    await deleteBlobs(trx, [current.media.blobId]);
  }
  await removeTags(trx, held.feed_id, position, position);
  if (!deleted) await addTags(trx, held.feed_id, [{ position, categories: changed.categories }]);
  const grown = Buffer.byteLength(xml) - row.size + (media?.size ?? 0) - (current.media?.size ?? 0);
  await trx('mq_feed')
    .where({ feed_id: held.feed_id })
    .update({ edits: Number(held.edits) + 1, bytes: Number(held.bytes) + grown });
  return { ...current, xml, hasAuthor, deleted, editedAt, media };
}

/**
 * Sets what a feed says of itself, and makes the feed where there is none.
 * @param done what an earlier try made of it, where nobody knows whether that was stored
 */
export async function changeMetadata(
  trx: Knex.Transaction,
  { feed, feedAtomId, change, at }: MetadataChange,
  done?: { feed: Feed; created: boolean } | undefined,
): Promise<{ feed: Feed; created: boolean }> {
  const held = await lockFeed(trx, feed);
  if (done !== undefined && Number(held?.metadata_at) === at && (held?.metadata ?? undefined) === done.feed.metadata) {
    return done;
  }
  const { metadata, title } = change(held && asFeed(held));
  const changed = { metadata, title: title ?? null, metadata_at: at };
  if (held === undefined) await trx('mq_feed').insert({ name: feed, atom_id: feedAtomId, created_at: at, ...changed });
  else {
    await trx('mq_feed')
      .where({ feed_id: held.feed_id })
      .update({ ...changed, edits: Number(held.edits) + 1 });
  }
  const [row]: FeedRow[] = await trx('mq_feed').where({ name: feed });
  return { feed: asFeed(row!), created: held === undefined };
}

/** A feed's row, locked until the transaction ends. */
export async function lockFeed(trx: Knex.Transaction, name: string): Promise<FeedRow | undefined> {
  // Not `first()`: not every database locks a limited selection.
  const [row]: FeedRow[] = await trx('mq_feed').where({ name }).forUpdate();
  return row;
}
