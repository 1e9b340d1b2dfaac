/** Bodies on their way in: how many bytes of them a process holds, and that no client takes for ever to send one. */
import { HttpError } from '../http.js';
import type { TransportLimits } from './listener.js';

/** How often arrivals are looked at, in milliseconds; four times in the time that they have where that is less. */
const PERIOD = 1000;
/** One that has held memory for so long gives way where there is none left, in milliseconds. */
const PATIENCE = 5000;

/** One body that is arriving. */
export class Arrival {
  received = 0;
  /** Bytes of it in memory. */
  held = 0;
  /** We are not reading: time that passes is not its client's. */
  resting = false;
  readonly since: number;
  /** The last time that it had brought enough, and how much had come by then. */
  seenAt: number;
  seen = 0;
  /** Ends the reading with an error. */
  readonly expire: (error: HttpError) => void;

  constructor(tick: number, expire: (error: HttpError) => void) {
    this.since = tick;
    this.seenAt = tick;
    this.expire = expire;
  }
}

export class Intake {
  readonly #limits: TransportLimits;
  readonly #period: number;
  /** In the order in which they began. */
  readonly #arrivals = new Set<Arrival>();
  #bytes = 0;
  #tick = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: TransportLimits) {
    this.#limits = limits;
    this.#period = Math.min(PERIOD, limits.bodyTimeout * 250);
  }

  /** @param expire ends the reading when the body comes too slowly, or holds memory that others need */
  begin(expire: (error: HttpError) => void): Arrival {
    const arrival = new Arrival(this.#tick, expire);
    this.#arrivals.add(arrival);
    this.#timer ??= setInterval(() => this.#look(), this.#period).unref();
    return arrival;
  }

  /**
   * Some more has come.
   * @param held how many bytes are in memory now
   * @throws HttpError 503 where that is too much, with those of all others
   */
  came(arrival: Arrival, bytes: number, held: number): void {
    arrival.received += bytes;
    this.#bytes += held - arrival.held;
    arrival.held = held;
    if (this.#bytes > this.#limits.maxBodyMemory) this.#makeRoom(arrival);
  }

  /** The body is complete, or nobody reads it any more. */
  end(arrival: Arrival): void {
    this.#arrivals.delete(arrival);
    this.#bytes -= arrival.held;
    arrival.held = 0;
  }

  /** Whoever has taken longest gives way, so that bodies which are sent in part and then held back keep nobody out. */
  #makeRoom(newest: Arrival): void {
    for (const oldest of this.#arrivals) {
      if (this.#bytes <= this.#limits.maxBodyMemory || oldest === newest) break;
      if ((this.#tick - oldest.since) * this.#period < PATIENCE) break;
      if (oldest.held > 0) this.#give(oldest, tooMuch(this.#limits.maxBodyMemory));
    }
    // One that is alone may be larger than all may be together.
    if (this.#bytes > this.#limits.maxBodyMemory && this.#bytes > newest.held) {
      throw tooMuch(this.#limits.maxBodyMemory);
    }
  }

  #give(arrival: Arrival, error: HttpError): void {
    this.end(arrival);
    arrival.expire(error);
  }

  #look(): void {
    this.#tick += 1;
    const { bodyTimeout, bodyRate } = this.#limits;
    const window = Math.ceil((bodyTimeout * 1000) / this.#period);
    for (const arrival of this.#arrivals) {
      if (arrival.resting) arrival.seenAt += 1;
      else if (this.#tick - arrival.seenAt >= window) {
        const enough = bodyRate > 0 && arrival.received - arrival.seen >= bodyTimeout * bodyRate;
        if (!enough) this.#give(arrival, tooSlow(this.#limits));
        arrival.seenAt = this.#tick;
        arrival.seen = arrival.received;
      }
    }
    if (this.#arrivals.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function tooSlow({ bodyTimeout, bodyRate }: TransportLimits): HttpError {
  const or = bodyRate > 0 ? `, or bring ${bodyRate} bytes a second (body-rate)` : '';
  return new HttpError(408, `The body came too slowly: it has ${bodyTimeout} s to end (body-timeout)${or}.`);
}

function tooMuch(limit: number): HttpError {
  return new HttpError(
    503,
    `The bodies that are arriving here hold more than ${limit} bytes (max-body-memory); try again.`,
    { headers: { 'retry-after': '2' } },
  );
}
