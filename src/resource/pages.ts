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
  /** The last position that it shows, in reading order. */
  to: number;
  /** Entries that come do not change it. */
  final: boolean;
}

/** What a kept page weighs besides its body. */
const OVERHEAD = 1000;

export class PageCache {
  readonly #pages: Lru<RenderedPage>;
  readonly #entries: Lru<Representation>;

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

  set(address: string, page: RenderedPage): void {
    this.#pages.set(address, page, weightOf(address, page));
  }

  /** The entry at an address, if it is in the revision that a tag names. */
  entry(address: string, tag: string): Representation | undefined {
    const entry = this.#entries.get(address);
    return entry?.tag === tag ? entry : undefined;
  }

  setEntry(address: string, entry: Representation): void {
    this.#entries.set(address, entry, weightOf(address, entry));
  }
}

/** Compressed forms come later, and are about so much. */
function weightOf(address: string, { body }: Representation): number {
  return body.length * 1.5 + address.length + OVERHEAD;
}
