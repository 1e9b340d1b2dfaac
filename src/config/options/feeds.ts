/** Options: what feeds say of themselves, what they keep, and how their pages are cut. */
import { feeds } from '../feeds.js';
import { size, text, whole } from '../values.js';
import { MIB, type Options } from './option.js';

export const FEEDS = {
  title: { name: 'title', default: 'AtomMQ', help: 'title of the service', parse: text },
  author: { name: 'author', default: 'AtomMQ', help: 'author of feeds, and of entries that name none', parse: text },
  feeds: {
    name: 'feeds',
    default: [],
    help: 'rules by feed name as a list, or JSON: match, append_only, max_age, max_entries, max_bytes',
    parse: feeds,
  },
  pruneInterval: {
    name: 'prune-interval',
    default: 60,
    help: 'seconds between looks for entries beyond their limits',
    parse: whole(1, 86_400),
  },
  pageSize: { name: 'page-size', default: 100, help: 'most entries of a page', parse: whole(1, 10_000) },
  pageBytes: {
    name: 'page-bytes',
    default: 4 * MIB,
    help: 'most bytes of entries of a page',
    parse: size(1024, 1024 * MIB),
  },
  cacheBytes: {
    name: 'cache-bytes',
    default: 64 * MIB,
    help: 'most bytes of pages kept in memory',
    parse: size(0, 65_536 * MIB),
  },
} as const satisfies Options;
