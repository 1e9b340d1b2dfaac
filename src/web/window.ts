/** What of a feed a page shows: a stretch of it, or what a filter finds from a place on. */
import type { HeldEntry } from '../atom/model.js';
import { type EntryView, htmlOf, viewEntry } from '../atom/object.js';
import { textOfHtml } from '../atom/text.js';
import { kindOfType } from '../atom/tree.js';
import type { Context } from '../resource/context.js';
import { linkTo, stretchOf } from '../resource/stretch.js';
import type { Feed } from '../store/store.js';

/** So many entries stand on a page, unless it is asked for another number. */
const ENTRIES = 50;
/** A filter looks at so many before it asks whether to go on, so many at a time. */
const MOST_LOOKED_AT = 1000;
const AT_ONCE = 100;

/** An entry and what it says; a deleted one says nothing. */
export interface Shown {
  entry: HeldEntry;
  view: EntryView | undefined;
}

/** What people filter by. */
export interface Filter {
  text: string;
  category: string;
}

export interface Window {
  shown: Shown[];
  /** Newest first. */
  descending: boolean;
  /** It has the newest entry, or would have it: what comes next belongs here. */
  atHead: boolean;
  /** How many entries were looked at. */
  lookedAt: number;
  /** Paths of the pages around it. */
  older: string | undefined;
  newer: string | undefined;
}

/** @throws HttpError as reading the feed would */
export async function windowOf(
  context: Context,
  feed: Feed,
  path: string,
  query: URLSearchParams,
  filter: Filter,
): Promise<Window> {
  const { store, settings } = context;
  const asked = new URLSearchParams(query);
  // People begin with what is new; whoever says where to begin has the order of the feed.
  if (!['start_after', 'start_at', 'order'].some((name) => query.has(name))) asked.set('order', 'desc');
  const stretch = await stretchOf(context, feed, path, asked);
  const { from, descending } = stretch;
  const limit = query.has('page_size') ? stretch.limit : Math.min(stretch.limit, ENTRIES);
  const filters = filter.text !== '' || filter.category !== '';
  const shown: Shown[] = [];
  let place = from;
  let first: HeldEntry | undefined;
  let last: HeldEntry | undefined;
  let lookedAt = 0;
  for (let more = true; more; ) {
    const most = filters ? AT_ONCE : limit;
    const read = await store.page(feed.feedId, { from: place, descending, limit: most, bytes: settings.pageBytes });
    more = filters && read.length > 0;
    for (const entry of read) {
      if (entry.position > feed.head) continue;
      if (shown.length === limit || lookedAt === MOST_LOOKED_AT) {
        more = false;
        break;
      }
      first ??= entry;
      last = entry;
      place = entry.position;
      lookedAt += 1;
      if (filters && !mayHold(entry, filter)) continue;
      const view = entry.deleted ? undefined : viewEntry(entry.xml, path);
      if (!filters || (view !== undefined && holds(view, filter))) shown.push({ entry, view });
    }
  }
  const filtering = Object.entries({ filter: filter.text, category: filter.category }).filter(
    ([, value]) => value !== '',
  );
  const link = (parameters: Record<string, string>) =>
    linkTo(path, asked, { ...Object.fromEntries(filtering), ...parameters });
  const end = descending ? feed.floor + 1 : feed.head;
  const forward = last === undefined || last.position === end ? undefined : link({ start_after: last.atomId });
  const backward = filters
    ? undefined
    : await backwardFrom(context, feed, first?.position ?? from, descending, limit, link);
  return {
    shown,
    descending,
    atHead: descending && (first?.position ?? from) >= feed.head,
    lookedAt,
    older: descending ? forward : backward,
    newer: descending ? backward : forward,
  };
}

/** The page that this one would be the next of. */
async function backwardFrom(
  { store }: Context,
  { feedId, head, floor }: Feed,
  first: number,
  descending: boolean,
  limit: number,
  link: (parameters: Record<string, string>) => string,
): Promise<string | undefined> {
  if (descending ? first >= head : first <= floor + 1) return undefined;
  const position = descending ? first + limit : first - limit;
  if (descending ? position >= head : position <= floor + 1) return link({});
  const [entry] = await store.page(feedId, { from: position - 1, descending: false, limit: 1, bytes: 1 });
  return entry === undefined ? undefined : link({ start_at: entry.atomId });
}

/** The content of an entry as text; undefined where it is none. */
export function contentText({ content }: EntryView): string | undefined {
  if (content === undefined || content.src !== undefined) return undefined;
  const html = htmlOf(content);
  if (html !== undefined) return textOfHtml(html);
  return kindOfType(content.type) === 'text' || /json|xml/i.test(content.type) ? content.value : undefined;
}

/** A quick look at the source: what has no word of the text in it needs no parser. References may stand for anything. */
function mayHold({ xml, deleted }: HeldEntry, { text, category }: Filter): boolean {
  if (deleted) return false;
  const words = `${text} ${category}`.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return xml.includes('&') || words.every((word) => xml.toLowerCase().includes(word));
}

function holds(view: EntryView, { text, category }: Filter): boolean {
  if (category !== '' && !view.categories.some(({ term }) => term === category)) return false;
  if (text === '') return true;
  const parts = [view.id, view.title, view.summary, contentText(view)];
  for (const { term, label } of view.categories) parts.push(term, label);
  for (const { name } of view.authors) parts.push(name);
  return parts.some((part) => part?.toLowerCase().includes(text.toLowerCase()));
}
