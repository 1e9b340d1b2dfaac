/** Rendered pages and entries, kept until something they show has changed. */
import { Lru } from '../store/lru.js';
import type { Feed } from '../store/store.js';
import type { Representation } from './representation.js';

/** A page as it was answered. */
export interface RenderedPage extends Representation {
  modified: number;
  /** What it showed: it is good while the feed is the same one, unedited, and nothing came that it would show. */
  feedId: number;
  edits: number;
  head: number;
  /** The position before the first that it shows; below a feed's floor something that it shows was removed. */
  floor: number;
  /** There is no entry on it. */
  empty: boolean;
  /** Entries that come do not change it. */
  final: boolean;
  /** The address of the page after it, where that one is as final. */
  ahead: string | undefined;
}

/** An entry as it was answered, and what its feed was like before it was read. */
export interface RenderedEntry extends Representation {
  position: number;
  feedId: number;
  edits: number;
}

/** One event, and the entry that it tells of. */
export interface EventItem {
  position: number;
  atomId: string;
  /** The event without its id. */
  text: string;
}

/** Events of one feed as they are written to all who are at the same place. */
export interface EventBatch {
  items: EventItem[];
  /** The events with their ids. */
  bytes: Buffer;
}

/** So many batches of events are kept, each of a quarter of a megabyte at most. */
const EVENT_BATCHES = 64;
/** So many addresses are kept that pages have led to. */
const LEADS = 64;
/** What a kept page weighs besides its body. */
const OVERHEAD = 1000;

export class PageCache {
  readonly #pages: Lru<RenderedPage>;
  readonly #entries: Lru<RenderedEntry>;
  /** Pages that are being made, by address and the state of the feed that they show. */
  readonly #rendering = new Map<string, Promise<RenderedPage>>();
  readonly #events = new Lru<Promise<EventBatch>>(EVENT_BATCHES);
  /** Where pages have led of late. */
  readonly #leads = new Lru<true>(LEADS);

  /** @param bytes most bytes of rendered pages and entries kept in memory */
  constructor(bytes: number) {
    this.#pages = new Lru(bytes * 0.75);
    this.#entries = new Lru(bytes * 0.25);
  }

  /** The page at an address, if it still shows the feed as it now stands. */
  get(address: string, feed: Feed): RenderedPage | undefined {
    const page = this.#pages.get(address);
    if (page === undefined || page.feedId !== feed.feedId || page.edits !== feed.edits) return undefined;
    if (page.floor < feed.floor) return undefined;
    return page.final || page.head === feed.head ? page : undefined;
  }

  /** The same, made where there is none: once, however many ask for it at the same time. */
  async page(address: string, feed: Feed, render: () => Promise<RenderedPage>): Promise<RenderedPage> {
    const kept = this.get(address, feed);
    if (kept !== undefined) return kept;
    const key = `${feed.feedId}.${feed.head}.${feed.edits}.${feed.floor} ${address}`;
    let rendering = this.#rendering.get(key);
    if (rendering === undefined) {
      rendering = render().finally(() => this.#rendering.delete(key));
      this.#rendering.set(key, rendering);
      rendering.then(
        (page) => this.#pages.set(address, page, weightOf(address, page)),
        () => {},
      );
    }
    return rendering;
  }

  /** Remembers where a page leads; returns whether another one led to it, so that somebody reads page after page. */
  leads(address: string, ahead: string): boolean {
    const readsOn = this.#leads.get(address) !== undefined;
    this.#leads.set(ahead, true, 1);
    return readsOn;
  }

  /**
   * Events from a place in a feed on, written once for all who come by there at the same time and soon after.
   * @param key names the feed, its edits, the place and the form; how far a batch goes is for those who made it to say
   */
  events(key: string, head: number, make: () => Promise<EventItem[]>): Promise<EventBatch> {
    const full = `${key} ${head}`;
    let batch = this.#events.get(full);
    if (batch === undefined) {
      batch = make().then((items) => ({
        items,
        bytes: Buffer.from(items.map(({ atomId, text }) => `id: ${atomId}\n${text}`).join('')),
      }));
      this.#events.set(full, batch, 1);
      batch.catch(() => this.#events.delete(full));
    }
    return batch;
  }

  /** The entry at an address, if nothing in its feed was revised, deleted or removed since. */
  entry(address: string, feed: Feed): Representation | undefined {
    const entry = this.#entries.get(address);
    if (entry === undefined || entry.feedId !== feed.feedId || entry.edits !== feed.edits) return undefined;
    return entry.position > feed.floor ? entry : undefined;
  }

  setEntry(address: string, entry: RenderedEntry): void {
    this.#entries.set(address, entry, weightOf(address, entry));
  }
}

/** Compressed forms come later, and are about so much. */
function weightOf(address: string, { body }: Representation): number {
  return body.length * 1.5 + address.length + OVERHEAD;
}
