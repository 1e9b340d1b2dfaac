/** Work in turns: one thing at a time for each place, and few at a time for all. */
import { HttpError } from '../http.js';
import { Slots } from '../slots.js';

export class Turns {
  readonly #most: number;
  readonly #mostWaiting: number;
  readonly #slots: Slots;
  readonly #last = new Map<string, Promise<unknown>>();
  #all = 0;

  /**
   * @param most at the same time
   * @param mostWaiting so many may wait for their turn
   */
  constructor(most: number, mostWaiting: number) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
    this.#slots = new Slots(most);
  }

  /**
   * Does the work when it is its turn.
   * @param check is called when all that came before from that place is done; what it throws is thrown, and nothing is done
   * @throws HttpError 503 when too many wait already
   */
  async run<R>(place: string, check: () => void, work: () => Promise<R>): Promise<R> {
    if (this.#all >= this.#most + this.#mostWaiting) {
      throw new HttpError(503, 'Too many are logging in at the same time; try again.', {
        headers: { 'retry-after': '1' },
      });
    }
    this.#all += 1;
    const before = this.#last.get(place);
    const mine = (async () => {
      await before?.catch(() => {});
      check();
      return this.#slots.run(work);
    })();
    this.#last.set(place, mine);
    try {
      return await mine;
    } finally {
      this.#all -= 1;
      if (this.#last.get(place) === mine) this.#last.delete(place);
    }
  }
}
