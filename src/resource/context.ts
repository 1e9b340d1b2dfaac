/** What every resource has at hand, and the answers that several of them give. */
import type { HttpResponse } from '../http.js';
import type { Publisher } from '../store/publisher.js';
import type { Store } from '../store/store.js';
import type { PageCache } from './pages.js';

/** The limits and names that resources go by. */
export interface ResourceSettings {
  /** Most entries of a page, and how many it has when nothing is asked for. */
  pageSize: number;
  /** A page ends before the entry that would take it over this many bytes. */
  pageBytes: number;
  /** Most bytes of a published entry or batch. */
  maxEntryBytes: number;
  /** The title of the service. */
  title: string;
  /** Who stands as author of feeds, and of entries that name none. */
  author: string;
}

export interface Context {
  store: Store;
  publisher: Publisher;
  pages: PageCache;
  settings: ResourceSettings;
}

export const ATOM_ENTRY = 'application/atom+xml;type=entry';
export const ATOM_FEED = 'application/atom+xml;type=feed';

/** Whatever may be kept must be asked for again before each use. */
export const REVALIDATE = { 'cache-control': 'no-cache', vary: 'Accept, Accept-Encoding' } as const;

/** A 304 (RFC 9110 §15.4.5) with the fields that its 200 would have had. */
export function notModified(headers: HttpResponse['headers']): HttpResponse {
  const { 'content-type': _type, ...kept } = headers;
  return { status: 304, headers: kept };
}
