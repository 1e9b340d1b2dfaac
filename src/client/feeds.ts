/** Which feeds a bus has, and how far they have come. */
import { Refused } from './errors.js';
import { type OnRetry, type RetryOptions, retrying } from './retry.js';
import type { Transport } from './transport.js';

/** How far a feed has come. */
export interface Progress {
  feed: string;
  title?: string;
  /** Its last position; the difference of two is how many entries came between them. */
  head: number;
  /** How many it holds. */
  entries: number;
  bytes: number;
  /** When the last entry came, RFC 3339; undefined while there is none. */
  last?: string;
  /** How many came in the last hour, by stretches of equal length, the latest last; with many entries an estimate. */
  hour: number[];
}

export interface Activity {
  /** By the clock of the server, RFC 3339. */
  at: string;
  /** How long a stretch of the last hour is. */
  seconds: number;
  feeds: Progress[];
}

export interface AskOptions {
  signal?: AbortSignal | undefined;
}

/** Most feeds, and most characters of their names, of one request: servers limit the length of a query. */
const MOST = { feeds: 50, characters: 4000 };

export class Feeds {
  readonly #transport: Transport;
  readonly #url: string;
  readonly #retry: RetryOptions;
  readonly #onRetry: OnRetry | undefined;

  /** @param url of the bus */
  constructor(transport: Transport, url: string, options: { retry: RetryOptions; onRetry?: OnRetry | undefined }) {
    this.#transport = transport;
    this.#url = url;
    this.#retry = options.retry;
    this.#onRetry = options.onRetry;
  }

  /**
   * The names of all feeds that may be read, from the service document.
   * @throws Refused with the status 200 where something else answers there
   */
  async names(options: AskOptions): Promise<string[]> {
    const text = await this.#ask('/?format=atom', options);
    if (!/<service[\s>]/.test(text)) throw new Refused(200, { detail: 'The answer is not a service document.' });
    return Array.from(text.matchAll(/<collection href="[^"]*\/feed=([^"/]+)"/g), ([, name]) =>
      decodeURIComponent(name!.replaceAll('&#39;', "'").replaceAll('&amp;', '&')),
    );
  }

  /** How far these feeds have come; those that are not there, or may not be read, are left out. */
  async activity(names: string[], options: AskOptions): Promise<Activity> {
    const all: Activity = { at: new Date().toISOString(), seconds: 0, feeds: [] };
    for (const query of queriesOf(names)) {
      const { feeds, ...rest } = JSON.parse(await this.#ask(`/activity?format=json${query}`, options)) as Activity;
      Object.assign(all, rest).feeds.push(...feeds);
    }
    return all;
  }

  async #ask(rest: string, { signal }: AskOptions): Promise<string> {
    const ask = () => this.#transport.ask(this.#url + rest, { signal });
    return (await retrying(ask, this.#retry, signal, this.#onRetry)).text;
  }
}

function queriesOf(names: string[]): string[] {
  const queries: string[] = [];
  let count = 0;
  for (const name of names) {
    const one = `&feed=${encodeURIComponent(name)}`;
    const last = queries.at(-1);
    if (last === undefined || count === MOST.feeds || last.length + one.length > MOST.characters) {
      queries.push(one);
      count = 1;
    } else {
      queries[queries.length - 1] = last + one;
      count += 1;
    }
  }
  return queries;
}
