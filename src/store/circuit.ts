/** A circuit that is open while a database is away, so that nobody waits for what will not come. */

/** Time between tries while it is away, in milliseconds. */
const PAUSE = 500;

export class Circuit {
  #openUntil: number | undefined;

  /** Whether to try at all. While the database is away one caller of each half second may, and finds out when it is back. */
  enter(): boolean {
    if (this.#openUntil === undefined) return true;
    const time = performance.now();
    if (time < this.#openUntil) return false;
    this.#openUntil = time + PAUSE;
    return true;
  }

  /** The database answered. */
  close(): void {
    this.#openUntil = undefined;
  }

  /** The database did not take us in. */
  open(): void {
    this.#openUntil = performance.now() + PAUSE;
  }
}
