/** What every resource has at hand, and the fields that several of their answers have. */
import type { Access } from '../access/access.js';
import type { XmlLimits } from '../atom/parse.js';
import type { HttpRequest, HttpResponse } from '../http.js';
import type { Live } from '../live/live.js';
import type { Publisher } from '../store/publisher.js';
import type { Store } from '../store/store.js';
import type { PageCache } from './pages.js';
import type { Policies } from './policy.js';

/** The limits and names that resources go by. */
export interface ResourceSettings extends XmlLimits {
  /** Most entries of a page, and how many it has when nothing is asked for. */
  pageSize: number;
  /** A page ends before the entry that would take it over this many bytes. */
  pageBytes: number;
  /** Most bytes of a published entry or batch. */
  maxEntryBytes: number;
  /** Most bytes of a media resource. */
  maxMediaBytes: number;
  /** Most seconds that a client may wait for an answer. */
  maxWait: number;
  /** Seconds after which a stream of events says that it is still there. */
  heartbeat: number;
  /** Seconds after which a stream of events ends, give or take a tenth. */
  streamLifetime: number;
  /** The title of the service. */
  title: string;
  /** Who stands as author of feeds, and of entries that name none. */
  author: string;
}

export interface Context {
  store: Store;
  publisher: Publisher;
  pages: PageCache;
  policies: Policies;
  live: Live;
  settings: ResourceSettings;
  /** Who may do what; undefined where everybody may do everything. */
  access?: Access | undefined;
  /** Where there is a WebSub hub: what answers at its address, which every page of a feed then names. */
  hub?: ((request: HttpRequest) => Promise<HttpResponse>) | undefined;
  /** Where metrics are kept: what answers with them. */
  metrics?: (() => Promise<HttpResponse>) | undefined;
}

export const ATOM_ENTRY = 'application/atom+xml;type=entry';
export const ATOM_FEED = 'application/atom+xml;type=feed';
/** What is left of a deleted entry (RFC 6721 §2). */
export const TOMBSTONE = 'application/atomdeleted+xml';

/** Answers differ by these fields of the request. */
export const VARY = { vary: 'Accept, Accept-Encoding' } as const;
/** Whatever may be kept must be asked for again before each use. */
export const REVALIDATE = { 'cache-control': 'no-cache', ...VARY } as const;
/** What will never change may be kept for a year, the most that caches take (RFC 8246). */
export const IMMUTABLE = { 'cache-control': 'public, max-age=31536000, immutable', ...VARY } as const;
/** The type is what we say, whatever the bytes look like. */
export const NO_SNIFFING = { 'x-content-type-options': 'nosniff' } as const;
/** What was published never acts as a page of ours: a browser would run a script in XML as it does in HTML. */
export const SANDBOX = { ...NO_SNIFFING, 'content-security-policy': 'sandbox' } as const;
