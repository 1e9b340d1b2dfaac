/** Reading a feed in order, for as long as is wanted: pages first, then events or long polls, on from where it broke off. */
import { PositionGone, Refused, type Reset, Unavailable } from './errors.js';
import type { Form, Page } from './form.js';
import { type OnRetry, pauseAfter, type RetryOptions, retrying, sleep } from './retry.js';
import type { ServerEvent } from './sse.js';
import { Events } from './stream.js';
import type { Opened, Sending, Transport } from './transport.js';

/** How live entries come: by server-sent events, by long polls, or by events where they come through. */
export type Mode = 'auto' | 'sse' | 'poll';

export interface ReadOptions {
  /** The id of the last entry that was processed; `now` for what comes from now on. Without it: from the oldest entry. */
  after?: string | undefined;
  /** Goes on when all is read, and waits for what comes; also for a feed that is not there yet. */
  live?: boolean;
  /** `auto` unless given. */
  mode?: Mode;
  /** Most entries of a page; the server's own limit unless given. */
  pageSize?: number;
  signal?: AbortSignal | undefined;
  /**
   * Is told when the place to go on from is gone, and reading then goes on with the oldest entry that is held. Without it
   * {@link PositionGone} is thrown.
   */
  onReset?: (reset: Reset) => void | Promise<void>;
  /** Is told of what is tried again. */
  onRetry?: OnRetry | undefined;
  /** Most seconds that a long poll waits; 25 unless given. */
  wait?: number;
  /** Seconds without a sign of life after which a stream is taken for dead; 45 unless given. */
  silence?: number;
}

/** What is read of. */
export interface Source {
  transport: Transport;
  name: string;
  /** The feed's address, without query. */
  url: string;
  retry: RetryOptions;
}

/** A stream from which nothing came in so many milliseconds stands behind a buffer. */
const FIRST_SIGN = 10_000;
/** After so many milliseconds it is asked again where the server does not wait, or does not know the feed. */
const IDLE = 2000;
/** A long poll that was answered sooner than this was not held at all. */
const NOT_HELD = 500;

/** What a stream calls the place before the first entry. */
const BEGINNING = 'first';

/** An entry of either form, as far as reading goes. */
interface Placed {
  id: string;
}

export class Reader<E extends Placed> {
  readonly #source: Source;
  readonly #form: Form<E>;
  readonly #options: ReadOptions;
  readonly #retry: RetryOptions;
  /** The entry after which to go on; undefined for the oldest. */
  #after: string | undefined;
  #mode: Mode;
  /** The query of the next page, where the last one named it. */
  #next: string | undefined;
  /** Streams in a row that ended without having brought anything. */
  #barren = 0;

  constructor(source: Source, form: Form<E>, options: ReadOptions) {
    this.#source = source;
    this.#form = form;
    this.#options = options;
    this.#after = options.after;
    this.#mode = options.mode ?? 'auto';
    // Who waits for what comes waits for the server, too.
    this.#retry = options.live ? { ...source.retry, limit: Number.POSITIVE_INFINITY } : source.retry;
  }

  /**
   * The entries, deleted ones too.
   * @throws the signal's reason, PositionGone, Refused, and Unavailable where reading is not live
   */
  async *entries(): AsyncGenerator<E> {
    if (this.#after === 'now') this.#after = await this.#end();
    while (yield* this.#pages()) {
      if (this.#mode === 'poll') continue;
      yield* this.#events();
    }
  }

  /** @returns whether there is more to wait for */
  async *#pages(): AsyncGenerator<E, boolean> {
    const { live = false } = this.#options;
    for (;;) {
      const asked = Date.now();
      const page = await this.#page();
      if (page !== undefined) {
        for (const entry of page.entries) {
          this.#after = entry.id;
          yield entry;
        }
        if (page.next !== undefined) continue;
      }
      if (!live) return false;
      // Events would be refused for a feed that is not there: pages tell when it is.
      if (page !== undefined && this.#mode !== 'poll') return true;
      if (page === undefined || (page.entries.length === 0 && Date.now() - asked < NOT_HELD)) {
        await sleep(IDLE * (0.75 + Math.random() * 0.25), this.#options.signal);
      }
    }
  }

  /** The page after the place where we are; undefined where the feed is not there and may come. */
  async #page(): Promise<Page<E> | undefined> {
    const { live = false, signal, wait = 25, onRetry, pageSize } = this.#options;
    const polling = live && this.#mode === 'poll';
    const sending: Sending = polling ? { signal, headers: { prefer: `wait=${wait}` }, more: wait * 1000 } : { signal };
    const query = this.#next ?? this.#query(this.#after === undefined ? {} : { start_after: this.#after }, pageSize);
    this.#next = undefined;
    try {
      const ask = () => this.#source.transport.ask(`${this.#source.url}?${query}`, sending);
      const page = this.#form.page((await retrying(ask, this.#retry, signal, onRetry)).text);
      // The rest of the address is ours: behind a proxy the server may know itself by one that we cannot reach.
      if (page.next !== undefined) this.#next = page.next.replace(/^[^?]*\??/, '');
      return page;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 404 && live) return undefined;
      // Of what we ask, the server can find fault with the id alone.
      const isUnknown = error.status === 400;
      if (this.#after === undefined || !(isUnknown || error.status === 410)) throw error;
      await this.#reset(isUnknown ? 'unknown' : 'removed');
      return this.#page();
    }
  }

  /** The id of the last entry; undefined where there is none, so that everything is yet to come. */
  async #end(): Promise<string | undefined> {
    const { signal, onRetry, live = false } = this.#options;
    const query = this.#query({ start_at: 'last' }, 1);
    const ask = () => this.#source.transport.ask(`${this.#source.url}?${query}`, { signal });
    try {
      return this.#form.page((await retrying(ask, this.#retry, signal, onRetry)).text).entries.at(-1)?.id;
    } catch (error) {
      if (error instanceof Refused && error.status === 404 && live) return undefined;
      throw error;
    }
  }

  /** Events, stream after stream, until one fails: pages then say what is the matter, and when it is over. */
  async *#events(): AsyncGenerator<E> {
    const { signal, onRetry, silence = 45 } = this.#options;
    let retry = IDLE;
    for (;;) {
      let events: Events | undefined;
      let opened: Opened | undefined;
      let failed: Unavailable | undefined;
      try {
        opened = await this.#open();
        if (opened === undefined) return;
        const first = this.#mode === 'auto' ? Math.min(FIRST_SIGN, silence * 1000) : silence * 1000;
        events = new Events(opened.response.body!, { silence: silence * 1000, first, signal });
        this.#barren += 1;
        for await (const event of events) yield* this.#take(event);
      } catch (error) {
        if (error instanceof Unavailable) failed = error;
        else if (error instanceof Refused && error.status === 404) failed = new Unavailable(error.message);
        else throw error;
      } finally {
        retry = events?.retry ?? retry;
        opened?.close();
      }
      // A stream that ended is likely to be had again at once; where one after the other brings nothing, the server says when.
      const share = this.#barren > 1 ? 0.75 + Math.random() * 0.25 : 0.05 + Math.random() * 0.2;
      const pause = failed?.retryAfter === undefined ? retry * share : pauseAfter(1, this.#retry, failed.retryAfter);
      if (failed !== undefined) onRetry?.(failed, pause);
      if (failed !== undefined && this.#mode === 'auto' && events?.wasHeldBack) this.#mode = 'poll';
      await sleep(pause, signal);
      if (failed !== undefined) return;
    }
  }

  /** Undefined where events are not to be had here. */
  async #open(): Promise<Opened | undefined> {
    const { signal } = this.#options;
    // As a query: a header field cannot hold every id, and browsers would ask for leave first.
    const query = this.#query(this.#after === undefined ? {} : { last_event_id: this.#after });
    const headers = { accept: 'text/event-stream' };
    let opened: Opened;
    try {
      opened = await this.#source.transport.open(`${this.#source.url}?${query}`, { headers, signal });
    } catch (error) {
      if (this.#mode !== 'auto' || !(error instanceof Refused && error.status === 406)) throw error;
      this.#mode = 'poll';
      return undefined;
    }
    if (/^text\/event-stream\b/i.test(opened.response.headers.get('content-type') ?? '')) return opened;
    opened.close();
    if (this.#mode === 'sse') throw new Refused(406, { detail: 'The server sends no events here.' });
    this.#mode = 'poll';
    return undefined;
  }

  async *#take({ id, event, data }: ServerEvent): AsyncGenerator<E> {
    if (event === 'reset') await this.#reset('removed');
    else if (event === 'position') this.#after = id === BEGINNING ? undefined : id;
    else if (event === 'message' || event === 'deleted') {
      this.#barren = 0;
      this.#after = id;
      yield this.#form.event(id, event === 'deleted', data);
    }
  }

  async #reset(reason: Reset['reason']): Promise<void> {
    const reset = { feed: this.#source.name, after: this.#after, reason };
    if (this.#options.onReset === undefined) throw new PositionGone(reset);
    this.#after = undefined;
    this.#next = undefined;
    await this.#options.onReset(reset);
  }

  #query(place: Record<string, string>, pageSize?: number): URLSearchParams {
    const query = new URLSearchParams({ format: this.#form.format, ...place });
    if (pageSize !== undefined) query.set('page_size', String(pageSize));
    return query;
  }
}
