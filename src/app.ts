/** The application: every route on one screen, and the one place where errors become answers. */
import { type App, HttpError, type HttpRequest, type HttpResponse } from './http.js';
import { problem } from './problem.js';
import { segmentsOf } from './resource/address.js';
import { isPostedForm } from './resource/body.js';
import type { Context } from './resource/context.js';
import { streamFeeds } from './resource/events.js';
import { CATEGORIES_TYPES, describeFeed, readCategories, removeFeed } from './resource/feed.js';
import { feedAt } from './resource/feed-address.js';
import { ENTRY_TYPES, FEED_TYPES, wantsPage } from './resource/formats.js';
import { live, ready } from './resource/health.js';
import { deleteMedia, readMedia, replaceMedia } from './resource/media.js';
import { deleteMember, readMember, reviseMember } from './resource/member.js';
import { publish } from './resource/publish.js';
import { readFeed } from './resource/read.js';
import { readService, SERVICE_TYPES } from './resource/service.js';
import { StoreUnavailable } from './store/store.js';

type Handler = () => Promise<HttpResponse> | HttpResponse;
/** What an address does by method; `HEAD` follows `GET`, and `OPTIONS` and `Allow` follow from the names. */
type Resource = Partial<Record<'GET' | 'POST' | 'PUT' | 'DELETE', Handler>>;

/** The pages for people; whoever serves programs alone never loads them. */
const pages = () => import('./web/web.js');
type Pages = Awaited<ReturnType<typeof pages>>;

/** What an error has besides its page. */
const PROBLEM_TYPES = [['application/problem+json', 'application/json']];

/** @param onError is told of every error that is ours, for the log */
export function makeApp(context: Context, onError: (error: unknown) => void): App {
  return async (request) => {
    try {
      return await answer(resourceAt(context, request), request.method);
    } catch (error) {
      return errorResponse(context, request, error, onError);
    }
  };
}

/** Every address there is. */
function resourceAt(context: Context, request: HttpRequest): Resource {
  /** What people get, and what programs get where they get something else. */
  const byWants =
    (types: string[][], people: (web: Pages) => Promise<HttpResponse>, programs: Handler): Handler =>
    () =>
      wantsPage(request, types) ? pages().then(people) : programs();
  const [first, ...rest] = segmentsOf(request.path);
  if (first === undefined) {
    const list = (web: Pages) => web.feedsPage(context, request);
    return { GET: byWants(SERVICE_TYPES, list, () => readService(context, request)) };
  }
  if (first === 'events' && rest.length === 0) return { GET: () => streamFeeds(context, request) };
  if (first === 'activity' && rest.length === 0) {
    return { GET: async () => (await pages()).streamActivity(context, request) };
  }
  if (first === 'assets' && rest.length === 1) return { GET: async () => (await pages()).readAsset(request, rest[0]!) };
  if (first === 'hub' && rest.length === 0 && context.hub !== undefined) {
    return { POST: () => context.hub!(request) };
  }
  if (first === 'health' && rest.length === 1) {
    if (rest[0] === 'live') return { GET: live };
    if (rest[0] === 'ready') return { GET: () => ready(context) };
  }
  const [name, url, below] = feedAt(request.base, first, rest);
  if (name !== undefined) {
    const [collection, segment, media] = below;
    // What may change in a feed that is not append-only.
    const unlessFinal = (handlers: Resource): Resource => (context.policies.of(name).appendOnly ? {} : handlers);
    if (below.length === 0) {
      return {
        GET: byWants(
          FEED_TYPES,
          (web) => web.feedPage(context, request, name, url),
          () => readFeed(context, request, name, url),
        ),
        POST: () =>
          isPostedForm(request)
            ? pages().then((web) => web.publishByForm(context, request, name, url))
            : publish(context, request, name, url),
        PUT: () => describeFeed(context, request, name, url),
        ...unlessFinal({ DELETE: () => removeFeed(context, request, name) }),
      };
    }
    if (collection === 'categories' && below.length === 1) {
      return {
        GET: byWants(
          CATEGORIES_TYPES,
          (web) => web.categoriesPage(context, request, name, url),
          () => readCategories(context, request, name),
        ),
      };
    }
    if (collection === 'entries' && segment !== undefined) {
      const member = { feed: name, url, segment };
      if (below.length === 2) {
        return {
          GET: byWants(
            ENTRY_TYPES,
            (web) => web.entryPage(context, request, member),
            () => readMember(context, request, member),
          ),
          ...unlessFinal({
            PUT: () => reviseMember(context, request, member),
            DELETE: () => deleteMember(context, request, member),
          }),
        };
      }
      if (media === 'media' && below.length === 3) {
        return {
          GET: () => readMedia(context, request, member),
          ...unlessFinal({
            PUT: () => replaceMedia(context, request, member),
            DELETE: () => deleteMedia(context, request, member),
          }),
        };
      }
    }
  }
  throw new HttpError(404, `There is nothing at ${JSON.stringify(request.path.slice(0, 200))}.`);
}

function answer(resource: Resource, method: string): Promise<HttpResponse> | HttpResponse {
  const handler = resource[(method === 'HEAD' ? 'GET' : method) as keyof Resource];
  if (handler !== undefined && Object.hasOwn(resource, method === 'HEAD' ? 'GET' : method)) return handler();
  const methods = Object.keys(resource);
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  if (method === 'OPTIONS') {
    const headers: Record<string, string> = { allow, 'cache-control': 'no-store' };
    if (methods.includes('POST')) headers['accept-post'] = 'application/atom+xml, application/xml, text/xml, */*';
    return { status: 200, headers, body: '' };
  }
  throw new HttpError(405, `${method.slice(0, 40)} is not for this address; ${allow} are.`, { headers: { allow } });
}

/** The answer to whatever was thrown, for people as a page. */
async function errorResponse(
  context: Context,
  request: HttpRequest,
  thrown: unknown,
  onError: (error: unknown) => void,
): Promise<HttpResponse> {
  const error = errorOf(thrown, onError);
  try {
    if (wantsPage(request, PROBLEM_TYPES)) return await (await pages()).errorPage(context, request, error);
  } catch {
    // Nothing that there is would be acceptable: then it is the document.
  }
  return problem(error);
}

/** What a client is told: what it did wrong, never how we are made. */
function errorOf(thrown: unknown, onError: (error: unknown) => void): HttpError {
  if (thrown instanceof HttpError) return thrown;
  onError(thrown);
  if (thrown instanceof StoreUnavailable) {
    return new HttpError(503, 'The database does not answer; nothing was stored. Try again.', {
      headers: { 'retry-after': '1' },
    });
  }
  return new HttpError(500, 'Something went wrong here; nothing was stored.');
}
