/** Rendered pages, kept until something they show has changed. */
import type { HttpResponse } from '../http.js';
import { Lru } from '../store/lru.js';
import type { Feed } from '../store/store.js';

/** A page as it was answered. */
export interface RenderedPage {
  tag: string;
  /** The fields of its 200, without `Last-Modified`. */
  headers: HttpResponse['headers'];
  body: Buffer;
  /** Microseconds since 1970. */
  modified: number;
  /** What it showed: it is good while the feed is the same one, unedited, and nothing came that it would show. */
  feedId: number;
  edits: number;
  head: number;
  /** Entries that come do not change it. */
  final: boolean;
}

/** What a kept page weighs besides its body. */
const OVERHEAD = 1000;

export class PageCache {
  readonly #pages: Lru<RenderedPage>;

  /** @param bytes most bytes of rendered pages kept in memory */
  constructor(bytes: number) {
    this.#pages = new Lru(bytes);
  }

  /** The page at an address, if it still shows the feed as it now stands. */
  get(address: string, feed: Feed): RenderedPage | undefined {
    const page = this.#pages.get(address);
    if (page === undefined || page.feedId !== feed.feedId || page.edits !== feed.edits) return undefined;
    return page.final || page.head === feed.head ? page : undefined;
  }

  set(address: string, page: RenderedPage): void {
    this.#pages.set(address, page, page.body.length + address.length + OVERHEAD);
  }
}
