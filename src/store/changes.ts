/** Who is told when feeds change: listeners in this process, and whoever the database tells elsewhere. */
import type { Knex } from 'knex';
import type { Database } from './dialect.js';

/** @param feeds those that changed; undefined where nobody knows which */
type Listener = (feeds?: string[]) => void;

export class Changes {
  readonly #database: Pick<Database, 'watch' | 'announce'>;
  readonly #listeners = new Set<Listener>();
  #unwatch: (() => void) | undefined;

  constructor(database: Pick<Database, 'watch' | 'announce'>) {
    this.#database = database;
  }

  /** While somebody listens, the writes of other processes are watched for as well. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    this.#unwatch ??= this.#database.watch?.((feeds) => this.tell(feeds));
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#unwatch?.();
      this.#unwatch = undefined;
    };
  }

  /** Tells those in this process. */
  tell(feeds: string[] | undefined): void {
    for (const listener of this.#listeners) listener(feeds);
  }

  /** Tells others, after a commit. Only a hint: nobody waits for it, and without it others look in a while. */
  announce(feeds: string[]): void {
    this.#database.announce?.([...new Set(feeds)]).catch(() => {});
  }

  /** The same with the commit of a transaction of a program's own, which those in this process hear of as well. */
  async announceWith(trx: Knex.Transaction, feed: string): Promise<void> {
    await this.#database.announce?.([feed], trx);
    void trx.executionPromise.then(
      () => this.tell([feed]),
      () => {},
    );
  }
}
