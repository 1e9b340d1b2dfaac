/** The client of AtomMQ, for browsers and for Node: `connect`, and what it gives out. */
import { Feed } from './feed.js';
import { type Activity, type AskOptions, Feeds } from './feeds.js';
import { BATCH, type BatchOptions } from './publisher.js';
import { type OnRetry, RETRY, type RetryOptions } from './retry.js';
import { Transport, type TransportOptions } from './transport.js';

export type { ConsumeOptions } from './consume.js';
export { type Draft, draftOf, writeDraft } from './draft.js';
export type { AtomEntry, Category, Content, DeletedEntry, Entry, Item, Link, Person } from './entry.js';
export { PositionGone, type Problem, Refused, type Reset, Unavailable } from './errors.js';
export type { About, End, EntriesOptions, Feed, MediaOptions, Published, PublishOptions } from './feed.js';
export type { Activity, Progress } from './feeds.js';
export { memoryPositions, type Positions } from './positions.js';
export type { BatchOptions } from './publisher.js';
export type { Mode, ReadOptions } from './reader.js';
export { pauseAfter, type RetryOptions } from './retry.js';

export interface ConnectOptions extends TransportOptions {
  /** What calls that wait share a request of. */
  batch?: Partial<BatchOptions>;
  /** When to try again. */
  retry?: Partial<RetryOptions>;
  /** Is told of what is tried again. */
  onRetry?: OnRetry;
}

/** A bus, seen from a client. */
export interface Client {
  /** The address of the bus, without a slash at the end. */
  readonly url: string;
  /** A feed, whether it is there or not. Names are matched in lower case. */
  feed(name: string): Feed;
  /** The names of all feeds that may be read. */
  feeds(options?: AskOptions): Promise<string[]>;
  /** How far these feeds have come; those that are not there, or may not be read, are left out. */
  activity(names: string[], options?: AskOptions): Promise<Activity>;
}

/**
 * A client of the bus at an address, such as `http://localhost:8080/atommq`. Nothing is sent before something is asked for.
 * @throws TypeError for what is not the address of a bus
 */
export function connect(baseUrl: string | URL, options: ConnectOptions = {}): Client {
  const { url, authorization } = addressOf(baseUrl);
  const transport = new Transport(options, authorization);
  const publishing = {
    batch: { ...BATCH, ...options.batch },
    retry: { ...RETRY, ...options.retry },
    onRetry: options.onRetry,
  };
  const feeds = new Map<string, Feed>();
  const all = new Feeds(transport, url, publishing);
  return {
    url,
    feeds: (options = {}) => all.names(options),
    activity: (names, options = {}) => all.activity(names, options),
    feed(name) {
      const key = name.toLowerCase();
      let feed = feeds.get(key);
      if (feed === undefined) {
        feed = new Feed(transport, url, key, publishing);
        feeds.set(key, feed);
      }
      return feed;
    },
  };
}

/** Credentials in an address go into a field: fetch takes no such address. */
function addressOf(given: string | URL): { url: string; authorization: string | undefined } {
  const url = new URL(given);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new TypeError(`${url.protocol} is not HTTP.`);
  if (url.search !== '' || url.hash !== '')
    throw new TypeError('The address of a bus has neither a query nor a fragment.');
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const address = url.href.replace(/\/+$/, '');
  if (username === '' && password === '') return { url: address, authorization: undefined };
  const bytes = new TextEncoder().encode(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return { url: address, authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}
