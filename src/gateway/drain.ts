/** The end of a server's life: running requests are told, and their answers awaited. */

/** For this long a stopping server still takes connections, so that none of its backlog is refused, in milliseconds. */
export const GRACE = 100;
/** A connection that has asked nothing may have a request on its way; older than this, it has not. In milliseconds. */
export const FRESH = 2000;
/**
 * For this long kept connections that are idle stay, in milliseconds: one that is busy gets its next request meanwhile,
 * which is answered and ends it. Ending it at once would meet requests that are on their way, and a proxy answers those
 * with 502 or 503.
 */
const LULL = 500;
/** For this long a stopping server waits for a pause where it cannot tell a peer that an answer is the last, in milliseconds. */
const PATIENT = 3000;
/** How often a stopping server looks for connections that have become idle, in milliseconds. */
const SWEEP = 50;

/** What a server and its requests share about its end. */
export class Drain {
  #closing = false;
  #patientUntil = 0;
  readonly #signals = new Set<AbortController>();

  get closing(): boolean {
    return this.#closing;
  }

  /** No pause has come: connections end with their next answer. */
  get hurried(): boolean {
    return this.#closing && Date.now() > this.#patientUntil;
  }

  /** A signal for one request; aborts when the server begins to stop, and when the caller aborts it. */
  signal(): AbortController {
    const controller = new AbortController();
    if (this.#closing) controller.abort(new Error('The server is stopping.'));
    else this.#signals.add(controller);
    return controller;
  }

  /** The request is over: with `gone`, because its client went away. */
  over(controller: AbortController, gone: boolean): void {
    this.#signals.delete(controller);
    if (gone && !controller.signal.aborted) controller.abort(new Error('The client went away.'));
  }

  /** From now on answers end their connections, and streams end. */
  begin(): void {
    this.#closing = true;
    for (const controller of this.#signals) controller.abort(new Error('The server is stopping.'));
    this.#signals.clear();
  }

  /**
   * Runs the whole end.
   * @param stop stops accepting and ends nothing, and resolves when the last connection is gone
   * @param sweep ends connections that are idle
   * @param cut ends all of them
   * @returns true when none had to be cut
   */
  async run(seconds: number, stop: () => Promise<void>, sweep: () => void, cut: () => void): Promise<boolean> {
    this.#patientUntil = Date.now() + Math.min(PATIENT, seconds * 500);
    this.begin();
    await new Promise((resolve) => setTimeout(resolve, Math.min(GRACE, seconds * 1000)));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, seconds * 1000, false);
    });
    const stopped = stop().then(() => true);
    let sweeping: NodeJS.Timeout | undefined;
    const lull = setTimeout(
      () => {
        sweep();
        sweeping = setInterval(sweep, SWEEP);
      },
      Math.min(LULL, seconds * 500),
    );
    const clean = await Promise.race([stopped, late]);
    clearTimeout(lull);
    clearInterval(sweeping);
    clearTimeout(timer);
    if (!clean) cut();
    return clean;
  }
}
