/** Tries again what a database could not do because of others, until it is done or a deadline passes. */
import { HttpError } from '../http.js';
import type { Observer } from '../observer.js';
import type { Circuit } from './circuit.js';
import type { Trouble } from './dialect.js';
import { StoreUnavailable } from './store.js';

/** Pauses before another try, in milliseconds: at random up to the first, doubled each time up to the last. */
const PAUSE = 10;
const MOST_PAUSE = 500;
/** A key that is there already so many times in a row is no race of two who make the same row. */
const DUPLICATES = 20;

export interface AttemptOptions {
  trouble(error: unknown): Trouble | undefined;
  /** Milliseconds after which no other try is made. */
  patience: number;
  /** Absent where a database cannot be away. */
  circuit?: Circuit | undefined;
  /** Is told of every error of the database, and of every further try. */
  observer?: Observer | undefined;
}

export class Attempts {
  readonly #options: AttemptOptions;

  constructor(options: AttemptOptions) {
    this.#options = options;
  }

  /**
   * @param work must be safe to run again; it is told whether an earlier run's answer was lost, so that what it was to
   *   store may be there already
   * @throws StoreUnavailable when the database is away, cannot do it now, or could not do it before the deadline
   */
  async run<R>(work: (again: boolean) => Promise<R>): Promise<R> {
    const { circuit, trouble, patience, observer } = this.#options;
    if (circuit?.enter() === false) throw new StoreUnavailable(new Error('It was away a moment ago.'));
    let began: number | undefined;
    let lost = false;
    for (let tries = 0; ; tries += 1) {
      try {
        const result = await work(lost);
        circuit?.close();
        return result;
      } catch (error) {
        const kind = trouble(error);
        if (!(error instanceof HttpError)) observer?.troubled(kind ?? 'other');
        if (kind === 'away') circuit?.open();
        else if (kind !== 'lost') circuit?.close();
        if (kind === undefined || (kind === 'duplicate' && tries >= DUPLICATES)) throw error;
        lost ||= kind === 'lost';
        began ??= performance.now();
        // Whoever is not sure whether it was stored finds out, even if the database has to start first.
        const again = kind === 'conflict' || kind === 'duplicate' || lost;
        const pause = Math.random() * Math.min(MOST_PAUSE, PAUSE * 2 ** tries);
        if (!again || performance.now() + pause - began > patience) throw new StoreUnavailable(error);
        observer?.retried();
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }
}
