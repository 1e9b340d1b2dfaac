/** Answers on their way out that their clients are slow to read: none may take for ever, nor all of them all memory. */
import type { ServerResponse } from 'node:http';
import type { TransportLimits } from './listener.js';

/** How often the answers are looked at, in milliseconds; four times in the least time that they have where that is less. */
const PERIOD = 1000;

/** An answer that the system has not taken whole. */
interface Pending {
  bytes: number;
  /** When its client must have read it. */
  until: number;
}

export class Outflow {
  readonly #limits: TransportLimits;
  readonly #period: number;
  /** In the order in which they were written. */
  readonly #pending = new Map<ServerResponse, Pending>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: TransportLimits) {
    this.#limits = limits;
    this.#period = Math.min(PERIOD, limits.bodyTimeout * 250);
  }

  /** An answer in one piece has been written to its end. */
  written(outgoing: ServerResponse): void {
    const bytes = outgoing.socket?.writableLength ?? 0;
    if (bytes > 0) this.#watch(outgoing, bytes);
  }

  #watch(outgoing: ServerResponse, bytes: number): void {
    const { bodyTimeout, bodyRate, maxAnswerMemory } = this.#limits;
    // As much time as a body of that length has to come.
    const time = bodyTimeout + (bodyRate > 0 ? bytes / bodyRate : 0);
    this.#pending.set(outgoing, { bytes, until: Date.now() + time * 1000 });
    this.#bytes += bytes;
    outgoing.once('close', () => this.#drop(outgoing));
    // Whoever has taken longest gives way, all but this one.
    for (const slowest of this.#pending.keys()) {
      if (this.#bytes <= maxAnswerMemory || slowest === outgoing) break;
      this.#cut(slowest);
    }
    this.#timer ??= setInterval(() => this.#look(), this.#period).unref();
  }

  #drop(outgoing: ServerResponse): void {
    this.#bytes -= this.#pending.get(outgoing)?.bytes ?? 0;
    this.#pending.delete(outgoing);
  }

  #cut(outgoing: ServerResponse): void {
    this.#drop(outgoing);
    outgoing.destroy();
  }

  #look(): void {
    const now = Date.now();
    for (const [outgoing, { until }] of this.#pending) if (now > until) this.#cut(outgoing);
    if (this.#pending.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
