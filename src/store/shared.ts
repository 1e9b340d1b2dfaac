/** One question to the database for all who ask it while the one before is under way. */

/**
 * Lets callers that ask for the same key share an answer, yet never one whose question was put before they asked: a
 * caller joins the *next* question, so it sees every write that was answered before it came.
 */
export class Shared<Value> {
  readonly #ask: (key: string) => Promise<Value>;
  readonly #running = new Map<string, { next: Promise<Value> | undefined; done: Promise<unknown> }>();

  constructor(ask: (key: string) => Promise<Value>) {
    this.#ask = ask;
  }

  get(key: string): Promise<Value> {
    const running = this.#running.get(key);
    if (running === undefined) return this.#start(key);
    running.next ??= running.done.then(() => this.#start(key));
    return running.next;
  }

  #start(key: string): Promise<Value> {
    const answer = this.#ask(key);
    const done = answer.then(
      () => {},
      () => {},
    );
    const entry = { next: undefined as Promise<Value> | undefined, done };
    this.#running.set(key, entry);
    void done.then(() => {
      if (entry.next === undefined && this.#running.get(key) === entry) this.#running.delete(key);
    });
    return answer;
  }
}
