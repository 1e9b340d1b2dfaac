/** One question to the database for all who ask it while the one before is under way. */

/**
 * Lets callers that ask for the same key share an answer, yet never one whose question was put before they asked: a
 * caller joins the *next* question, so it sees every write that was answered before it came.
 */
export class Shared<Value> {
  readonly #ask: (key: string) => Promise<Value>;
  /** Answers to questions that are yet to be put. */
  readonly #next = new Map<string, Promise<Value>>();
  /** Questions that are under way. */
  readonly #running = new Map<string, Promise<void>>();

  constructor(ask: (key: string) => Promise<Value>) {
    this.#ask = ask;
  }

  get(key: string): Promise<Value> {
    let next = this.#next.get(key);
    if (next === undefined) {
      // All who come in the same turn of the event loop are in time for the question that is put at its end.
      next = (this.#running.get(key) ?? endOfTurn()).then(() => this.#put(key));
      this.#next.set(key, next);
    }
    return next;
  }

  #put(key: string): Promise<Value> {
    this.#next.delete(key);
    const answer = this.#ask(key);
    const over = () => {
      this.#running.delete(key);
    };
    this.#running.set(key, answer.then(over, over));
    return answer;
  }
}

function endOfTurn(): Promise<void> {
  return new Promise(setImmediate);
}
