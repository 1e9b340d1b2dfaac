/** The mount point itself: the service document (RFC 5023 §8). */
import { hash } from 'node:crypto';
import type { Category } from '../atom/model.js';
import { type Collection, writeService } from '../atom/service.js';
import type { HttpRequest, HttpResponse } from '../http.js';
import { type Context, REVALIDATE } from './context.js';
import { type Format, formatFor } from './formats.js';
import { mayRead } from './permitted.js';
import { respond } from './representation.js';

/** A collection names so many of its categories itself; one that has more has a document for them. */
const MOST_INLINE = 100;

/** What the service document shows. */
interface Service {
  title: string;
  collections: Collection[];
}

const FORMATS: Format<Service>[] = [
  {
    name: 'atom',
    types: ['application/atomsvc+xml', 'application/xml', 'text/xml'],
    contentType: 'application/atomsvc+xml',
    suffix: '',
    write: ({ title, collections }) => writeService(title, collections),
  },
];
/** What programs get. */
export const SERVICE_TYPES = FORMATS.map(({ types }) => types);

/** `GET` and `HEAD` of the service document. */
export async function readService(context: Context, request: HttpRequest): Promise<HttpResponse> {
  const format = formatFor(request, FORMATS);
  const [feeds, categories] = await Promise.all([context.store.feeds(), categoriesByFeed(context)]);
  const seen = feeds.filter(({ name }) => mayRead(context, request, name));
  const collections = seen.map(({ feedId, name, title }) => {
    const href = feedUrl(request.base, name);
    return { href, title: title || name, categories: categories.get(feedId) ?? [], mostInline: MOST_INLINE };
  });
  const body = Buffer.from(await format.write({ title: context.settings.title, collections }));
  const tag = `"s.${hash('sha256', body, 'hex').slice(0, 32)}${format.suffix}"`;
  const headers = { 'content-type': format.contentType, ...REVALIDATE, ...(await format.headers?.()) };
  return respond(request, { tag, headers, body, modified: undefined });
}

async function categoriesByFeed({ store }: Context): Promise<Map<number, Category[]>> {
  const byFeed = new Map<number, Category[]>();
  for (const { feedId, ...category } of await store.allCategories(MOST_INLINE + 1)) {
    const categories = byFeed.get(feedId);
    if (categories === undefined) byFeed.set(feedId, [category]);
    else categories.push(category);
  }
  return byFeed;
}

/** The address of a feed below a base. */
export function feedUrl(base: string, name: string): string {
  return `${base}/feed=${encodeURIComponent(name)}`;
}

/** The address of the hub below a base. */
export function hubUrl(base: string): string {
  return `${base}/hub`;
}
