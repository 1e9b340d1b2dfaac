/** The bytes of media resources: blobs in chunks, each chunk a row. */
import type { Knex } from 'knex';
import { now } from '../atom/ids.js';
import { insertAll } from './insert.js';

/** Writes chunks of a blob, the first of which has the number `first`. */
export async function insertChunks(
  trx: Knex.Transaction,
  blobId: string,
  first: number,
  chunks: Buffer[],
): Promise<void> {
  const rows = chunks.map((data, i) => ({ blob_id: blobId, seq: first + i, data }));
  await insertAll(trx, 'mq_blob', rows, 16);
}

/**
 * Begins or goes on with a blob that no entry has yet.
 * @param again whether this was tried before without learning what became of it
 */
export async function writeUpload(
  trx: Knex.Transaction,
  blobId: string,
  first: number,
  chunks: Buffer[],
  again: boolean,
): Promise<void> {
  if (again) {
    await trx('mq_blob').where({ blob_id: blobId }).where('seq', '>=', first).delete();
    if (first === 0) await trx('mq_upload').where({ blob_id: blobId }).delete();
  }
  if (first === 0) await trx('mq_upload').insert({ blob_id: blobId, started_at: now() });
  await insertChunks(trx, blobId, first, chunks);
}

/** Gives a blob to an entry: its chunks are written where they come with it, and it is no upload any more. */
export async function settleBlob(
  trx: Knex.Transaction,
  { blobId, chunks }: { blobId: string; chunks?: Buffer[] | undefined },
): Promise<void> {
  if (chunks === undefined) await trx('mq_upload').where({ blob_id: blobId }).delete();
  else await insertChunks(trx, blobId, 0, chunks);
}

export async function deleteBlobs(trx: Knex.Transaction, blobIds: string[]): Promise<void> {
  if (blobIds.length === 0) return;
  await trx('mq_blob').whereIn('blob_id', blobIds).delete();
  await trx('mq_upload').whereIn('blob_id', blobIds).delete();
}
