/** A feed as a whole: what it says of itself, which categories its entries have, its removal. */
import { hash } from 'node:crypto';
import { metadataOf, writeFeed } from '../atom/feed.js';
import { newAtomId, now } from '../atom/ids.js';
import { parseMetadata } from '../atom/parse.js';
import { writeCategories } from '../atom/service.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import type { Feed } from '../store/store.js';
import { negotiate } from './accept.js';
import { prefersMinimal, readXml } from './body.js';
import { checkFeedChange, checkFeedRemoval } from './conditions.js';
import { ATOM_FEED, type Context, REVALIDATE } from './context.js';
import { respond } from './representation.js';
import { noFeed } from './stretch.js';

/** Most bytes of what a feed says of itself: every page repeats it. */
const MOST_METADATA = 64 * 1024;
/** As many characters as the table has for a feed's id. */
const MOST_ID = 64;
/** Most categories of a category document. */
const MOST_CATEGORIES = 10_000;
/** The types of a category document. */
export const CATEGORIES_TYPES = [['application/atomcat+xml', 'application/xml', 'text/xml']];

/** `PUT` of a feed document without entries: title, subtitle, author and whatever else a feed says of itself. */
export async function describeFeed(
  { store, settings }: Context,
  request: HttpRequest,
  name: string,
  url: string,
): Promise<HttpResponse> {
  const sent = parseMetadata(await readXml(request, MOST_METADATA));
  const { feed, created } = await store.setMetadata({
    feed: name,
    feedAtomId: checkId(sent.id, undefined) ?? newAtomId(now()),
    at: now(),
    change: (current) => {
      checkFeedChange(request.headers, current);
      checkId(sent.id, current);
      return { metadata: metadataOf(sent, name, settings.author), title: sent.title };
    },
  });
  const minimal = prefersMinimal(request.headers.prefer);
  const body = writeFeed({
    atomId: feed.atomId,
    metadata: feed.metadata ?? '',
    updated: feed.metadataAt,
    url,
    links: [{ rel: 'self', href: url }],
    entries: [],
  });
  return {
    status: created ? 201 : 200,
    headers: {
      'content-type': ATOM_FEED,
      'cache-control': 'no-cache',
      ...(created ? { location: url } : {}),
      ...(minimal ? { 'preference-applied': 'return=minimal' } : {}),
    },
    body: minimal ? '' : body,
  };
}

/** A feed keeps its id (RFC 4287 §4.2.6); one that is made by this document has the id that it says. */
function checkId(id: string | undefined, current: Feed | undefined): string | undefined {
  if (id === undefined) return undefined;
  if (current !== undefined && id !== current.atomId) {
    throw new HttpError(
      422,
      `A feed keeps its id: this one is ${JSON.stringify(current.atomId)}, the document says ${JSON.stringify(id.slice(0, 200))}.`,
    );
  }
  if (id.length > MOST_ID) throw new HttpError(422, `A feed's id has at most ${MOST_ID} characters here.`);
  return id;
}

/** `GET` and `HEAD` of the categories that entries of a feed have (RFC 5023 §7). */
export async function readCategories(context: Context, request: HttpRequest, name: string): Promise<HttpResponse> {
  negotiate(request.headers.accept, CATEGORIES_TYPES);
  const feed = await context.store.feed(name);
  if (feed === undefined) throw noFeed(name);
  const body = Buffer.from(writeCategories(await context.store.categories(feed.feedId, MOST_CATEGORIES)));
  const tag = `"c.${hash('sha256', body, 'hex').slice(0, 32)}"`;
  const headers = { 'content-type': 'application/atomcat+xml', ...REVALIDATE };
  return respond(request, { tag, headers, body, modified: undefined });
}

/** `DELETE` of a feed: everything in it goes, and a feed of that name made later is another one. */
export async function removeFeed({ store }: Context, request: HttpRequest, name: string): Promise<HttpResponse> {
  if (!(await store.removeFeed(name, (feed) => checkFeedRemoval(request.headers, feed)))) throw noFeed(name);
  return { status: 200, headers: { 'cache-control': 'no-cache' }, body: '' };
}
