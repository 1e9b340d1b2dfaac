/** Pages from a replica, as far as it has come: the store says what that means for consumers. */
import type { HeldEntry } from '../atom/model.js';
import { Circuit } from './circuit.js';
import type { Database } from './dialect.js';
import type { State } from './questions.js';
import type { Range } from './store.js';

export class Replica {
  readonly #open: () => Promise<Database>;
  readonly #onError: (error: unknown) => void;
  readonly #circuit = new Circuit();
  /** The furthest that each feed was seen at in the database itself. */
  readonly #seen = new Map<number, State>();
  #database: Promise<Database> | undefined;
  #failed = false;

  /**
   * @param open may fail: the replica is not needed to serve
   * @param onError is told once when it fails after it did not
   */
  constructor(open: () => Promise<Database>, onError: (error: unknown) => void) {
    this.#open = open;
    this.#onError = onError;
  }

  /** A feed stood like this in the database that is written to. */
  saw({ feedId, head, floor, edits }: State & { feedId: number }): void {
    const before = this.#seen.get(feedId);
    // Two questions may be answered in either order.
    this.#seen.set(feedId, {
      head: Math.max(head, before?.head ?? 0),
      floor: Math.max(floor, before?.floor ?? 0),
      edits: Math.max(edits, before?.edits ?? 0),
    });
  }

  /** A page; undefined where the replica has not all of it, or cannot be asked. */
  async page(feedId: number, range: Range): Promise<HeldEntry[] | undefined> {
    const seen = this.#seen.get(feedId);
    if (seen === undefined || !this.#circuit.enter()) return undefined;
    try {
      this.#database ??= this.#open();
      const page = await (await this.#database).questions.pageAt?.(feedId, range);
      this.#circuit.close();
      this.#failed = false;
      const needed = range.descending ? seen.head : Math.min(seen.head, range.from + range.limit);
      const hasAll = page !== undefined && page.head >= needed && page.floor >= seen.floor && page.edits >= seen.edits;
      return hasAll ? page.entries : undefined;
    } catch (error) {
      this.#circuit.open();
      if (!this.#failed) this.#onError(error);
      this.#failed = true;
      // One that never opened is opened anew; one that did has a pool that connects by itself.
      await this.#database?.catch(() => {
        this.#database = undefined;
      });
      return undefined;
    }
  }

  async close(): Promise<void> {
    await this.#database?.then(
      (database) => database.close(),
      () => {},
    );
  }
}
