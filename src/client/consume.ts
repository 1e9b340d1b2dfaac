/** Handling entries one by one, with a position that is kept when the handler has finished. */
import type { Positions } from './positions.js';
import type { ReadOptions } from './reader.js';

export interface ConsumeOptions<E> extends Omit<ReadOptions, 'after'> {
  positions: Positions;
  /** What the position is kept as; the feed's address unless given. Consumers that go their own ways need keys of their own. */
  key?: string;
  /** Where to begin when no position is kept: an id, `now`, or `earliest`, which it is unless given. */
  from?: string;
  /** Deleted entries are handled as well. */
  deleted?: boolean;
  /**
   * Does what is to be done. The position moves when it has finished; when it fails, `consume` fails with its error, and
   * the next `consume` begins with this entry. An entry may come again when the process ends in between.
   */
  handler: (entry: E) => Promise<void> | void;
}

/** What handling needs of a feed. */
export interface Consumable<E> {
  /** The entries after an id. */
  read(after: string | undefined): AsyncGenerator<E>;
  /** The id of the last entry; empty for none. */
  end(): Promise<string>;
}

/** Ends when all is read, or, while live, when the signal is aborted: what is handled by then is finished first. */
export async function consume<E extends { id: string }>(
  feed: Consumable<E>,
  key: string,
  { positions, from = 'earliest', handler, signal }: ConsumeOptions<E>,
): Promise<void> {
  try {
    let after = await positions.get(key);
    if (after === undefined && from === 'now') {
      after = await feed.end();
      // Whoever starts again before anything has come means the same "now".
      await positions.set(key, after);
    } else if (after === undefined && from !== 'earliest') after = from;
    for await (const entry of feed.read(after || undefined)) {
      await handler(entry);
      await positions.set(key, entry.id);
      if (signal?.aborted) return;
    }
  } catch (error) {
    if (!signal?.aborted || error !== signal.reason) throw error;
  }
}
