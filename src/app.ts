/** The application: every route on one screen, and the one place where errors become answers. */
import { type App, HttpError, type HttpRequest, type HttpResponse } from './http.js';
import { problem } from './problem.js';
import { segmentsOf } from './resource/address.js';
import { type Context, NO_SNIFFING } from './resource/context.js';
import { streamFeeds } from './resource/events.js';
import { describeFeed, readCategories, removeFeed } from './resource/feed.js';
import { feedAt } from './resource/feed-address.js';
import { live, ready } from './resource/health.js';
import { deleteMedia, readMedia, replaceMedia } from './resource/media.js';
import { deleteMember, readMember, reviseMember } from './resource/member.js';
import { publish } from './resource/publish.js';
import { readFeed } from './resource/read.js';
import { readService } from './resource/service.js';
import { StoreUnavailable } from './store/store.js';

type Handler = () => Promise<HttpResponse> | HttpResponse;
/** What an address does by method; `HEAD` follows `GET`, and `OPTIONS` and `Allow` follow from the names. */
type Resource = Partial<Record<'GET' | 'POST' | 'PUT' | 'DELETE', Handler>>;

/** @param onError is told of every error that is ours, for the log */
export function makeApp(context: Context, onError: (error: unknown) => void): App {
  return async (request) => {
    try {
      const response = await answer(resourceAt(context, request), request.method);
      // The type is what we say, whatever the bytes look like.
      if (response.headers['x-content-type-options'] === undefined) {
        response.headers = { ...response.headers, ...NO_SNIFFING };
      }
      return response;
    } catch (error) {
      return errorResponse(error, onError);
    }
  };
}

/** Every address there is. */
function resourceAt(context: Context, request: HttpRequest): Resource {
  const [first, ...rest] = segmentsOf(request.path);
  if (first === undefined) return { GET: () => readService(context, request) };
  if (first === 'events' && rest.length === 0) return { GET: () => streamFeeds(context, request) };
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
        GET: () => readFeed(context, request, name, url),
        POST: () => publish(context, request, name, url),
        PUT: () => describeFeed(context, request, name, url),
        ...unlessFinal({ DELETE: () => removeFeed(context, request, name) }),
      };
    }
    if (collection === 'categories' && below.length === 1) {
      return { GET: () => readCategories(context, request, name) };
    }
    if (collection === 'entries' && segment !== undefined) {
      const member = { feed: name, url, segment };
      if (below.length === 2) {
        return {
          GET: () => readMember(context, request, member),
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

/** The answer to whatever was thrown. A client is told what it did wrong, never how we are made. */
function errorResponse(error: unknown, onError: (error: unknown) => void): HttpResponse {
  if (error instanceof HttpError) return problem(error);
  onError(error);
  if (error instanceof StoreUnavailable) {
    return problem(
      new HttpError(503, 'The database does not answer; nothing was stored. Try again.', {
        headers: { 'retry-after': '1' },
      }),
    );
  }
  return problem(new HttpError(500, 'Something went wrong here; nothing was stored.'));
}
