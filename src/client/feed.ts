/** One feed of a bus: publishing to it, reading it, consuming it. */
import { type ConsumeOptions, consume } from './consume.js';
import { type Draft, writeDraft } from './draft.js';
import { type AtomEntry, type DeletedEntry, type Entry, entryOf, type Item, type Person } from './entry.js';
import { Refused } from './errors.js';
import { type Form, OBJECTS, XML } from './form.js';
import { newId, segmentOf } from './ids.js';
import { type Prepared, Publisher, type PublisherOptions } from './publisher.js';
import { Reader, type ReadOptions } from './reader.js';
import { retrying } from './retry.js';
import type { Answer, Transport } from './transport.js';
import { inspect, withId } from './xml.js';

/** What was published. */
export interface Published {
  id: string;
  /** The entry's address. */
  url: string;
  /** It was there already, from an earlier attempt perhaps. */
  replayed: boolean;
  /** The entry's entity tag; only where it had a request to itself. */
  etag?: string;
}

export interface PublishOptions {
  /** Appends only if nothing came since: the tag of {@link Feed.end}, or of the last entry. Else {@link Refused} with status 412. */
  ifMatch?: string;
  /** Appends only if the feed is new. Else {@link Refused} with status 412. */
  ifNew?: boolean;
  /** Gives up waiting. What is under way may be stored or not. */
  signal?: AbortSignal;
}

export interface MediaOptions extends PublishOptions {
  /** The media type, `image/png`. */
  type: string;
  /** Suggests a title. */
  slug?: string;
  /** The same key stores nothing twice; one is made unless given. */
  idempotencyKey?: string;
}

export interface EntriesOptions extends ReadOptions {
  /** Deleted entries come too, as what is left of them. */
  deleted?: boolean;
  /** `xml` for entries as Atom. */
  as?: 'object' | 'xml';
}

/** The end of a feed. */
export interface End {
  /** The id of the last entry; undefined where there is none. */
  last: string | undefined;
  /** For `ifMatch`; undefined where there is no such feed. */
  etag: string | undefined;
}

/** What a feed says of itself. */
export interface About {
  /** Its `atom:id`. */
  id: string;
  title: string;
  subtitle?: string;
  authors: Person[];
  rights?: string;
  /** The oldest entry that it holds, and the last one; undefined where there is none. */
  first: Entry | DeletedEntry | undefined;
  last: Entry | DeletedEntry | undefined;
  /** When it changed last, RFC 3339. */
  updated?: string;
  /** For `ifMatch`. */
  etag: string | undefined;
}

/** The last page of one entry. */
const END = '?format=json&page_size=1&start_at=last';

/** A page as JSON Feed, as far as it is needed here. */
interface FeedPage {
  title?: string;
  description?: string;
  authors?: Person[];
  items: Item[];
  _atommq: { id: string; updated?: string; rights?: string };
}

export class Feed {
  readonly name: string;
  /** Its address, without query. */
  readonly url: string;
  readonly #transport: Transport;
  readonly #options: PublisherOptions;
  readonly #publisher: Publisher;

  /** @internal Feeds come from `client.feed(name)`. */
  constructor(transport: Transport, base: string, name: string, options: PublisherOptions) {
    this.name = name;
    this.url = `${base}/feed=${encodeURIComponent(name)}`;
    this.#transport = transport;
    this.#options = options;
    this.#publisher = new Publisher(transport, this.url, options);
  }

  /**
   * Publishes an entry: an Atom entry as XML, or its parts. Resolves when it is durable. Entries are stored in the order
   * in which they were given. Those that are given while others are on their way share the next request. When the answer
   * is lost they are sent again, and nothing is stored twice: an entry without an id gets one before it is sent.
   * @throws Refused, Unavailable, and TypeError for a feed document
   */
  publish(entry: string | Draft, options?: PublishOptions): Promise<Published>;
  /** Publishes several entries in one transaction: all of them are stored, or none is. */
  publish(entries: (string | Draft)[], options?: PublishOptions): Promise<Published[]>;
  async publish(
    given: string | Draft | (string | Draft)[],
    options: PublishOptions = {},
  ): Promise<Published | Published[]> {
    if (!Array.isArray(given)) return (await this.#publishAll([given], options))[0]!;
    return given.length === 0 ? [] : this.#publishAll(given, options);
  }

  async #publishAll(given: (string | Draft)[], options: PublishOptions): Promise<Published[]> {
    const entries = given.map(prepare);
    const { replayed, answer } = await this.#publisher.send({
      entries,
      headers: conditionsOf(options),
      signal: options.signal,
    });
    const etag = entries.length === 1 ? answer?.headers.get('etag') : undefined;
    return entries.map(({ id }) => this.#published(id, replayed, etag));
  }

  /** Publishes a media resource: stored as it is, with an entry that links to it. In order with entries. */
  async publishMedia(body: string | Uint8Array | Blob, options: MediaOptions): Promise<Published> {
    const { type, slug, idempotencyKey = newId(), signal } = options;
    const headers: Record<string, string> = { ...conditionsOf(options), 'content-type': type };
    headers['idempotency-key'] = idempotencyKey;
    if (slug !== undefined) headers.slug = encodeURIComponent(slug);
    const { replayed, answer } = await this.#publisher.send({ entries: [], body, headers, signal });
    const segment = decodeURIComponent(answer!.headers.get('location')?.replace(/^.*\//, '') ?? '');
    const id = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(segment) ? `urn:uuid:${segment}` : segment;
    return this.#published(id, replayed, answer!.headers.get('etag'));
  }

  #published(id: string, replayed: boolean, etag: string | null | undefined): Published {
    return { id, url: `${this.url}/entries/${segmentOf(id)}`, replayed, ...(etag ? { etag } : {}) };
  }

  /**
   * The entries in order, each once, from wherever reading breaks off. It reads no further ahead than a page, or than what
   * the network holds. With `live` it does not end.
   * @throws the reason of an aborted signal, PositionGone, Refused, and Unavailable where it is not live
   */
  entries(options: EntriesOptions & { as: 'xml' }): AsyncGenerator<AtomEntry, void, undefined>;
  entries(options: EntriesOptions & { deleted: true }): AsyncGenerator<Entry | DeletedEntry, void, undefined>;
  entries(options?: EntriesOptions): AsyncGenerator<Entry, void, undefined>;
  entries(options: EntriesOptions = {}): AsyncGenerator<Entry | DeletedEntry | AtomEntry, void, undefined> {
    return options.as === 'xml' ? this.#read(XML, options) : this.#read(OBJECTS, options);
  }

  async *#read<E extends { id: string; deleted: boolean }>(form: Form<E>, options: EntriesOptions): AsyncGenerator<E> {
    const { name, url } = this;
    const reader = new Reader({ transport: this.#transport, name, url, retry: this.#options.retry }, form, {
      onRetry: this.#options.onRetry,
      ...options,
    });
    for await (const entry of reader.entries()) if (!entry.deleted || options.deleted) yield entry;
  }

  /**
   * Hands each entry to a handler, and keeps its position when the handler has finished. Resolves when all is read, or when
   * the signal is aborted.
   * @throws what the handler and the positions throw, and what {@link entries} does
   */
  consume(options: ConsumeOptions<AtomEntry> & { as: 'xml' }): Promise<void>;
  consume(options: ConsumeOptions<Entry | DeletedEntry> & { deleted: true }): Promise<void>;
  consume(options: ConsumeOptions<Entry>): Promise<void>;
  consume<E extends Entry | DeletedEntry | AtomEntry>(
    options: ConsumeOptions<E> & { as?: 'object' | 'xml' },
  ): Promise<void> {
    const { positions: _positions, handler: _handler, key = this.url, from: _from, ...read } = options;
    const feed = {
      read: (after: string | undefined) => this.entries({ ...read, after }) as AsyncGenerator<never>,
      end: async () => (await this.end({ signal: options.signal })).last ?? '',
    };
    return consume(feed, key, options);
  }

  /**
   * What the feed says of itself.
   * @throws Refused with status 404 where it is not there
   */
  async about({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<About> {
    const oldest = JSON.parse((await this.#ask('?format=json&page_size=1', signal)).text) as FeedPage;
    const { text, headers } = await this.#ask(END, signal);
    const { title = '', description, authors = [], items, _atommq: more } = JSON.parse(text) as FeedPage;
    const first = oldest.items[0];
    const last = items.at(-1);
    return {
      id: more.id,
      title,
      ...(description === undefined ? {} : { subtitle: description }),
      authors,
      ...(more.rights === undefined ? {} : { rights: more.rights }),
      first: first && entryOf(first),
      last: last && entryOf(last),
      ...(more.updated === undefined ? {} : { updated: more.updated }),
      etag: headers.get('etag') ?? undefined,
    };
  }

  /** The end of the feed as it is now: what to go on after, and what to expect when publishing. */
  async end({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<End> {
    try {
      const { text, headers } = await this.#ask(END, signal);
      const { items } = JSON.parse(text) as FeedPage;
      return { last: items.at(-1)?.id, etag: headers.get('etag') ?? undefined };
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return { last: undefined, etag: undefined };
      throw error;
    }
  }

  /** One entry as Atom, the XML document that the server gives. */
  async xml(id: string, { signal }: { signal?: AbortSignal } = {}): Promise<string> {
    return (await this.#ask(`/entries/${segmentOf(id)}?format=atom`, signal)).text;
  }

  /**
   * One entry.
   * @throws Refused with status 404 where the feed never held it, and 410 where it was deleted
   */
  async entry(id: string, { signal }: { signal?: AbortSignal } = {}): Promise<Entry> {
    const { text } = await this.#ask(`/entries/${segmentOf(id)}?format=json`, signal);
    return entryOf(JSON.parse(text) as Item) as Entry;
  }

  #ask(rest: string, signal: AbortSignal | undefined): Promise<Answer> {
    const { retry, onRetry } = this.#options;
    return retrying(() => this.#transport.ask(this.url + rest, { signal }), retry, signal, onRetry);
  }
}

function conditionsOf({ ifMatch, ifNew }: PublishOptions): Record<string, string> | undefined {
  if (ifNew) return { 'if-none-match': '*' };
  return ifMatch === undefined ? undefined : { 'if-match': ifMatch };
}

/** The entry as it is sent, with an id. */
function prepare(given: string | Draft): Prepared {
  const xml = typeof given === 'string' ? given : writeDraft(given);
  const found = inspect(xml);
  if (found === 'feed') throw new TypeError('A feed document is not an entry; publish its entries, in an array.');
  if (found === undefined) return { id: '', xml };
  const id = found.id ?? newId();
  return { id, xml: found.id === undefined ? withId(found.xml, id) : found.xml };
}
