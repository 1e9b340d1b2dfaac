/** Work that runs while more of it is read, within bounds. */

/** What may be under way at once: enough for the client to fill its requests while one is on its way. */
const MOST = 1000;
const MOST_SIZE = 8_000_000;

export class Window {
  #count = 0;
  #size = 0;
  #failed: { error: unknown } | undefined;
  #changed: (() => void) | undefined;

  /**
   * Resolves when the work has begun.
   * @param size bytes that it holds
   * @throws the first error of any
   */
  async run(size: number, work: () => Promise<void>): Promise<void> {
    await this.#until(() => this.#count === 0 || (this.#count < MOST && this.#size + size <= MOST_SIZE));
    this.#count += 1;
    this.#size += size;
    work()
      .catch((error) => {
        this.#failed ??= { error };
      })
      .finally(() => {
        this.#count -= 1;
        this.#size -= size;
        this.#changed?.();
      });
  }

  /** Resolves when all is done. */
  async empty(): Promise<void> {
    await this.#until(() => this.#count === 0);
  }

  async #until(fits: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failed !== undefined) throw this.#failed.error;
      if (fits()) return;
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }
}
