/** Where a consumer keeps how far it has come. */

/** A store of positions: your own, in the database that your handler writes to perhaps. */
export interface Positions {
  /** The id of the last entry that was processed; empty for the beginning of the feed, undefined where nothing is kept. */
  get(key: string): Promise<string | undefined> | string | undefined;
  /** Keeps it. Called when the handler has finished, and awaited before the next entry is handled. */
  set(key: string, id: string): Promise<void> | void;
}

/** Positions that are gone when the program ends. */
export function memoryPositions(): Positions {
  const kept = new Map<string, string>();
  return {
    get: (key) => kept.get(key),
    set: (key, id) => {
      kept.set(key, id);
    },
  };
}
