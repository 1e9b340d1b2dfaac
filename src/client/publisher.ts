/** One feed's publishing: calls wait in line, those that wait share a request, and what fails is tried again. */
import { Refused } from './errors.js';
import { type OnRetry, type RetryOptions, retrying } from './retry.js';
import type { Answer, Sending, Transport } from './transport.js';

/** An entry that is ready to be sent, as often as it takes. */
export interface Prepared {
  /** Empty where it cannot be told: the server will refuse it. */
  id: string;
  /** An Atom entry with that id, which may stand in one document with others. */
  xml: string;
}

/** Bounds of what calls that wait share. */
export interface BatchOptions {
  /** Most entries of a request; 200 unless given. One call's entries stay together, however many they are. */
  entries: number;
  /** Most characters of a request, about; 1,000,000 unless given. */
  size: number;
}

export const BATCH: BatchOptions = { entries: 200, size: 1_000_000 };

/** What came of a call. */
export interface Stored {
  /** All of its entries were there already. */
  replayed: boolean;
  /** The server's answer, where the call had a request to itself. */
  answer: Answer | undefined;
}

/** Something to be sent: entries, or a body of another kind. */
export interface Work {
  entries: Prepared[];
  body?: string | Uint8Array | Blob;
  /** What goes with this and nothing else, such as conditions. */
  headers: Record<string, string> | undefined;
  signal: AbortSignal | undefined;
}

interface Call extends Work {
  size: number;
  resolve: (stored: Stored) => void;
  reject: (error: unknown) => void;
}

/** What may be the fault of one entry. */
const OF_ONE = new Set([400, 409, 413, 415, 422]);

/** So many bytes are taken to need a millisecond on their way. */
const BYTES = 50;

const ENTRY = 'application/atom+xml;type=entry;charset=utf-8';
const FEED = 'application/atom+xml;type=feed;charset=utf-8';
const ATOM = 'http://www.w3.org/2005/Atom';

export interface PublisherOptions {
  batch: BatchOptions;
  retry: RetryOptions;
  onRetry: OnRetry | undefined;
}

export class Publisher {
  readonly #transport: Transport;
  readonly #url: string;
  readonly #options: PublisherOptions;
  #waiting: Call[] = [];
  #running = false;

  constructor(transport: Transport, url: string, options: PublisherOptions) {
    this.#transport = transport;
    this.#url = url;
    this.#options = options;
  }

  /**
   * Sends something after all that was given before.
   * @throws Refused, Unavailable; the signal's reason, and what is under way by then may be stored or not
   */
  send(work: Work): Promise<Stored> {
    const { signal } = work;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const size = work.entries.reduce((sum, { xml }) => sum + xml.length, 0);
      const abort = () => {
        this.#waiting = this.#waiting.filter((one) => one !== call);
        reject(signal!.reason);
      };
      const call: Call = {
        ...work,
        size,
        resolve: (stored) => {
          signal?.removeEventListener('abort', abort);
          resolve(stored);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', abort);
          reject(error);
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.push(call);
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    // Calls of the same turn of the program share the first request already.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#settle(this.#take());
    this.#running = false;
  }

  /** The next calls that may go together; at least one. */
  #take(): Call[] {
    const { entries: mostEntries, size: mostSize } = this.#options.batch;
    let entries = 0;
    let size = 0;
    let count = 0;
    for (const call of this.#waiting) {
      entries += call.entries.length;
      size += call.size;
      if (count > 0 && (entries > mostEntries || size > mostSize || isApart(call))) break;
      count += 1;
      if (isApart(call)) break;
    }
    return this.#waiting.splice(0, count);
  }

  async #settle(calls: Call[]): Promise<void> {
    try {
      const answer = await this.#post(calls);
      const replayed = answer.headers.get('idempotency-replayed') === 'true';
      for (const call of calls) call.resolve({ replayed, answer: calls.length === 1 ? answer : undefined });
    } catch (error) {
      if (!(error instanceof Refused) || calls.length === 1 || !OF_ONE.has(error.status)) {
        for (const call of calls) call.reject(error);
        return;
      }
      // One is at fault, and the others shall not suffer for it. A request is stored as a whole or not at all.
      const half = calls.length >> 1;
      await this.#settle(calls.slice(0, half));
      await this.#settle(calls.slice(half));
    }
  }

  #post(calls: Call[]): Promise<Answer> {
    const { retry, onRetry } = this.#options;
    const [{ body, headers, signal }] = calls as [Call, ...Call[]];
    const document = body === undefined ? documentOf(calls.flatMap(({ entries }) => entries)) : { body };
    const sending: Sending = {
      method: 'POST',
      ...document,
      more: sizeOf(document.body) / BYTES,
      headers: { prefer: 'return=minimal', ...document.headers, ...headers },
    };
    return retrying(
      () => this.#transport.ask(this.#url, sending),
      retry,
      calls.length === 1 ? signal : undefined,
      onRetry,
    );
  }
}

/** Whether a call needs a request to itself. An entry without an id is one that the server will refuse. */
function isApart({ body, headers, entries }: Work): boolean {
  return body !== undefined || headers !== undefined || entries.some(({ id }) => id === '');
}

/** One entry by itself, or several in a feed document: stored in one transaction. */
function documentOf(entries: Prepared[]): Sending {
  const body = entries.map(({ xml }) => xml);
  return entries.length === 1
    ? { body: body[0]!, headers: { 'content-type': ENTRY } }
    : { body: `<feed xmlns="${ATOM}">\n${body.join('\n')}\n</feed>`, headers: { 'content-type': FEED } };
}

function sizeOf(body: Sending['body']): number {
  return typeof body === 'object' ? ('size' in body ? body.size : body.byteLength) : (body?.length ?? 0);
}
