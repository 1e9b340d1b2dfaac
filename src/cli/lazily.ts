/** Positions that are written now and then, and at the end, where doing a little again is no harm. */
import type { Positions } from '../client/client.js';

/** So long a position may wait for the next, in milliseconds. */
const PAUSE = 100;

/** @returns positions whose `flush` writes what has not been written */
export function lazily(positions: Positions): Positions & { flush: () => Promise<void> } {
  let waiting: { key: string; id: string } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failure: unknown;
  const flush = async () => {
    clearTimeout(timer);
    timer = undefined;
    const next = waiting;
    waiting = undefined;
    if (next !== undefined) await positions.set(next.key, next.id);
  };
  return {
    get: (key) => positions.get(key),
    set: (key, id) => {
      if (failure !== undefined) throw failure;
      waiting = { key, id };
      timer ??= setTimeout(() => {
        flush().catch((error) => {
          failure = error;
        });
      }, PAUSE);
    },
    flush,
  };
}
