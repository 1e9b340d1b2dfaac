/** So many things at the same time and no more; the others wait for their turn. */

export class Slots {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  async run<R>(work: () => Promise<R>): Promise<R> {
    if (this.#taken < this.#most) this.#taken += 1;
    // Whoever is done gives its place to the next.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#taken -= 1;
      else next();
    }
  }
}
