/** What the workers of a pool have in common: each keeps a part, any may ask for those of all others, and tell them what to know at once. */
import type { Worker } from 'node:cluster';

/** For so long a worker is waited for that may be busy, in milliseconds; then what it said last counts. */
const PATIENCE = 1000;

/** What is shared, as plain data that goes from process to process. */
export interface Share {
  /** This worker's part. */
  part(): Promise<unknown>;
  /** Puts parts of workers that are gone together, so that there is one of them for good. */
  kept(gone: unknown[]): Promise<unknown>;
}

/** The parts of all others: of workers that run, and of those that have ended. */
export interface Others {
  alive: unknown[];
  gone: unknown[];
}

/** What is said of parts. A worker asks with its own part, so that it counts when the worker dies. */
export type ShareMessage =
  | { type: 'ask'; id: number; part: unknown }
  | { type: 'others'; id: number; others: Others }
  | { type: 'part?'; id: number }
  | { type: 'part'; id: number; part: unknown }
  | TellMessage;

/** For all other workers to hear. */
interface TellMessage {
  type: 'tell';
  topic: string;
  said: unknown;
}

/** In a worker: asks the primary. */
const asked = new Map<number, (others: Others) => void>();
let count = 0;

/** The parts of all other workers; none in a process that is no worker. */
export function askOthers(part: unknown): Promise<Others> {
  const none = { alive: [], gone: [] };
  if (process.send === undefined || !process.connected) return Promise.resolve(none);
  count += 1;
  const id = count;
  return new Promise((resolve) => {
    const settle = (others: Others) => {
      clearTimeout(timer);
      asked.delete(id);
      resolve(others);
    };
    const timer = setTimeout(settle, 2 * PATIENCE, none);
    asked.set(id, settle);
    process.send?.({ type: 'ask', id, part } satisfies ShareMessage, undefined, undefined, (error) => {
      if (error) settle(none);
    });
  });
}

const listeners = new Map<string, (said: unknown) => void>();

/** In a worker: tells all others; nobody hears it where there is no pool. */
export function tellOthers(topic: string, said: unknown): void {
  if (process.connected)
    process.send?.({ type: 'tell', topic, said } satisfies TellMessage, undefined, undefined, () => {});
}

/** In a worker: calls back with what others tell of a topic. */
export function hearOthers(topic: string, listener: (said: unknown) => void): void {
  listeners.set(topic, listener);
}

/** In the primary: passes on what a worker tells. */
export function relay(message: TellMessage, others: Worker[]): void {
  for (const worker of others) if (worker.isConnected()) worker.send(message, () => {});
}

/** What a worker does about a message of the primary's. */
export function hear(message: ShareMessage, share: Share | undefined): void {
  if (message.type === 'tell') listeners.get(message.topic)?.(message.said);
  if (message.type === 'others') asked.get(message.id)?.(message.others);
  if (message.type === 'part?') void say(message.id, share);
}

/** Tells the primary this worker's part; with 0 unasked, before it ends. */
export async function say(id: number, share: Share | undefined): Promise<void> {
  const part = await share?.part().catch(() => undefined);
  await new Promise<void>((resolve) => {
    if (part === undefined || !process.connected) resolve();
    else process.send?.({ type: 'part', id, part } satisfies ShareMessage, undefined, undefined, () => resolve());
  });
}

/** In the primary: collects the parts. */
export class Parts {
  readonly #share: Share;
  /** What each worker said last. */
  readonly #last = new Map<Worker, unknown>();
  #gone: unknown[] = [];
  #keeping = false;
  #count = 0;
  readonly #awaited = new Map<number, { left: Set<Worker>; done: () => void }>();

  constructor(share: Share) {
    this.#share = share;
  }

  /** @param others all workers but this one */
  hear(worker: Worker, message: ShareMessage, others: Worker[]): void {
    if (message.type === 'part' || message.type === 'ask') this.#last.set(worker, message.part);
    if (message.type === 'part') this.#said(message.id, worker);
    if (message.type === 'ask') void this.#collect(worker, message.id, others);
  }

  /** A worker has ended: what it counted stays. */
  ended(worker: Worker): void {
    for (const id of this.#awaited.keys()) this.#said(id, worker);
    const part = this.#last.get(worker);
    this.#last.delete(worker);
    if (part === undefined) return;
    this.#gone.push(part);
    void this.#keep();
  }

  async #collect(asker: Worker, id: number, others: Worker[]): Promise<void> {
    this.#count += 1;
    const round = this.#count;
    const connected = others.filter((worker) => worker.isConnected());
    if (connected.length > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, PATIENCE);
        const done = () => {
          clearTimeout(timer);
          resolve();
        };
        this.#awaited.set(round, { left: new Set(connected), done });
        for (const worker of connected) {
          worker.send({ type: 'part?', id: round } satisfies ShareMessage, (error) => {
            if (error) this.#said(round, worker);
          });
        }
      });
      this.#awaited.delete(round);
    }
    const alive = [...this.#last].filter(([worker]) => worker !== asker).map(([, part]) => part);
    const answer: ShareMessage = { type: 'others', id, others: { alive, gone: this.#gone } };
    if (asker.isConnected()) asker.send(answer, () => {});
  }

  #said(round: number, worker: Worker): void {
    const awaited = this.#awaited.get(round);
    if (awaited?.left.delete(worker) === true && awaited.left.size === 0) awaited.done();
  }

  /** Makes one of all that are gone; those that go meanwhile come after it. */
  async #keep(): Promise<void> {
    if (this.#keeping || this.#gone.length < 2) return;
    this.#keeping = true;
    const some = this.#gone.length;
    const one = await this.#share.kept(this.#gone.slice(0, some)).catch(() => undefined);
    if (one !== undefined) this.#gone.splice(0, some, one);
    this.#keeping = false;
    if (one !== undefined) void this.#keep();
  }
}
