/** The application: every route on one screen, and the one place where errors become answers. */
import { answering, errorOf, type OnError } from './failure.js';
import { type App, HttpError, type HttpRequest, type HttpResponse, type Refuse } from './http.js';
import { problem } from './problem.js';
import { segmentsOf } from './resource/address.js';
import { isPostedForm } from './resource/body.js';
import { type Context, VARY } from './resource/context.js';
import { streamFeeds } from './resource/events.js';
import { CATEGORIES_TYPES, describeFeed, readCategories, removeFeed } from './resource/feed.js';
import { feedAt } from './resource/feed-address.js';
import { ENTRY_TYPES, FEED_TYPES, wantsPage } from './resource/formats.js';
import { live, ready } from './resource/health.js';
import { deleteMedia, readMedia, replaceMedia } from './resource/media.js';
import { deleteMember, type Member, readMember, reviseMember } from './resource/member.js';
import { keptPrivate, mayRead, type Need, permit } from './resource/permitted.js';
import { publish } from './resource/publish.js';
import { readFeed } from './resource/read.js';
import { readService, SERVICE_TYPES } from './resource/service.js';

type Handler = (context: Context, request: HttpRequest, place: Member) => Promise<HttpResponse> | HttpResponse;

/** What a method of an address does, and what it takes; one that only a feed has that is not append-only is a `change`. */
interface Does {
  needs: Need;
  run: Handler;
  change?: true;
}

/** An address by method; `HEAD` follows `GET`, and `OPTIONS` and `Allow` follow from the names. */
type Resource = Partial<Record<'GET' | 'POST' | 'PUT' | 'DELETE', Does>>;

/** The pages for people; whoever serves programs alone never loads them. */
const pages = () => import('./web/web.js');
type Pages = Awaited<ReturnType<typeof pages>>;

/** What people get, and what programs get where they get something else. */
const byWants =
  (
    types: string[][],
    people: (web: Pages, ...asked: Parameters<Handler>) => Promise<HttpResponse>,
    programs: Handler,
  ): Handler =>
  (...asked) =>
    wantsPage(asked[1], types) ? pages().then((web) => people(web, ...asked)) : programs(...asked);

/** What an error has besides its page. */
const PROBLEM_TYPES = [['application/problem+json', 'application/json']];

const to = (needs: Need, run: Handler): Does => ({ needs, run });
const toChange = (needs: Need, run: Handler): Does => ({ needs, run, change: true });

/** Every address there is; where it names no feed, handlers look at each feed that they show. */
export const ROUTES = {
  '/': {
    GET: to(
      'read',
      byWants(SERVICE_TYPES, (web, context, request) => web.feedsPage(context, request), readService),
    ),
  },
  '/events': { GET: to('read', streamFeeds) },
  '/activity': { GET: to('read', async (context, request) => (await pages()).streamActivity(context, request)) },
  '/assets/NAME': {
    GET: to('nothing', async (_context, request, { segment }) => (await pages()).readAsset(request, segment)),
  },
  '/hub': { POST: to('read', (context, request) => context.hub!(request)) },
  '/health/live': { GET: to('nothing', (_context, request) => live(request)) },
  '/health/ready': { GET: to('nothing', ready) },
  '/metrics': { GET: to('admin', (context) => context.metrics!()) },
  '/feed=NAME': {
    GET: to(
      'read',
      byWants(
        FEED_TYPES,
        (web, context, request, { feed, url }) => web.feedPage(context, request, feed, url),
        (context, request, { feed, url }) => readFeed(context, request, feed, url),
      ),
    ),
    POST: to('publish', (context, request, { feed, url }) =>
      isPostedForm(request)
        ? pages().then((web) => web.publishByForm(context, request, feed, url))
        : publish(context, request, feed, url),
    ),
    PUT: to('admin', (context, request, { feed, url }) => describeFeed(context, request, feed, url)),
    DELETE: toChange('admin', (context, request, { feed }) => removeFeed(context, request, feed)),
  },
  '/feed=NAME/categories': {
    GET: to(
      'read',
      byWants(
        CATEGORIES_TYPES,
        (web, context, request, { feed, url }) => web.categoriesPage(context, request, feed, url),
        (context, request, { feed }) => readCategories(context, request, feed),
      ),
    ),
  },
  '/feed=NAME/entries/ID': {
    GET: to(
      'read',
      byWants(ENTRY_TYPES, (web, ...asked) => web.entryPage(...asked), readMember),
    ),
    PUT: toChange('edit', reviseMember),
    DELETE: toChange('edit', deleteMember),
  },
  '/feed=NAME/entries/ID/media': {
    GET: to('read', readMedia),
    PUT: toChange('edit', replaceMedia),
    DELETE: toChange('edit', deleteMedia),
  },
} satisfies Record<string, Resource>;

export type Route = keyof typeof ROUTES;

/** @param onError is told of every error that is ours, for the log */
export function makeApp(context: Context, onError: OnError, refuse = makeRefuse(context, onError)): App {
  return answering(refuse)(async (request) => {
    const response = await answer(context, request);
    // The type is what we say, whatever the bytes look like. In place: for fields that many answers share it is as right.
    response.headers['x-content-type-options'] ??= 'nosniff';
    return response;
  });
}

/** What every error becomes, whether an address, a guard or a resource has thrown it: a page for people, else its document. */
export function makeRefuse(context: Context, onError: OnError): Refuse {
  return async (request, thrown) => {
    const error = errorOf(thrown, request, onError);
    try {
      if (wantsPage(request, PROBLEM_TYPES)) return await (await pages()).errorPage(context, request, error);
    } catch {
      // Nothing that there is would be acceptable: then it is the document.
    }
    const { status, headers, body } = problem(error);
    return { status, headers: { ...headers, ...VARY }, body: body! };
  };
}

/** The row of the table that an address stands for, and which feed and entry it names. */
function routeOf(context: Context, request: HttpRequest): [Route, Member] {
  const [first, ...rest] = segmentsOf(request.path);
  const nowhere = { feed: '', url: request.base, segment: '' };
  if (first === undefined) return ['/', nowhere];
  if (first === 'events' && rest.length === 0) return ['/events', nowhere];
  if (first === 'activity' && rest.length === 0) return ['/activity', nowhere];
  if (first === 'assets' && rest.length === 1) return ['/assets/NAME', { ...nowhere, segment: rest[0]! }];
  if (first === 'hub' && rest.length === 0 && context.hub !== undefined) return ['/hub', nowhere];
  if (first === 'health' && rest.length === 1) {
    if (rest[0] === 'live') return ['/health/live', nowhere];
    if (rest[0] === 'ready') return ['/health/ready', nowhere];
  }
  if (first === 'metrics' && rest.length === 0 && context.metrics !== undefined) return ['/metrics', nowhere];
  const [feed, url, below] = feedAt(request.base, first, rest);
  if (feed !== undefined) {
    const [collection, segment = '', media] = below;
    if (below.length === 0) return ['/feed=NAME', { feed, url, segment }];
    if (collection === 'categories' && below.length === 1) return ['/feed=NAME/categories', { feed, url, segment }];
    if (collection === 'entries' && below.length === 2) return ['/feed=NAME/entries/ID', { feed, url, segment }];
    if (collection === 'entries' && media === 'media' && below.length === 3) {
      return ['/feed=NAME/entries/ID/media', { feed, url, segment }];
    }
  }
  throw new HttpError(404, `There is nothing at ${JSON.stringify(request.path.slice(0, 200))}.`);
}

async function answer(context: Context, request: HttpRequest): Promise<HttpResponse> {
  const [route, place] = routeOf(context, request);
  const resource: Resource = ROUTES[route];
  const method = (request.method === 'HEAD' ? 'GET' : request.method) as keyof Resource;
  const does = Object.hasOwn(resource, method) ? resource[method] : undefined;
  if (does === undefined || (does.change && context.policies.of(place.feed).appendOnly)) {
    return otherwise(context, request, resource, place);
  }
  const { access } = context;
  if (access === undefined) return does.run(context, request, place);
  permit(context, request, [does.needs], place);
  // Answers hold the entry as it now stands, a repeat's and that of new media too, which whoever may not read must not see.
  if ((method === 'POST' || method === 'PUT') && place.feed !== '' && !mayRead(context, request, place.feed)) {
    request.headers.prefer = 'return=minimal';
  }
  const response = await does.run(context, request, place);
  return does.needs === 'nothing' ? response : keptPrivate(access, place.feed, response);
}

/** The answer to `OPTIONS`, and to a method that an address does not have, for whoever may do anything there. */
function otherwise(context: Context, request: HttpRequest, resource: Resource, place: Member): HttpResponse {
  permit(
    context,
    request,
    Object.values(resource).map(({ needs }) => needs),
    place,
  );
  const isFinal = place.feed !== '' && context.policies.of(place.feed).appendOnly;
  const methods = Object.keys(resource).filter((method) => !(isFinal && resource[method as keyof Resource]!.change));
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  if (request.method === 'OPTIONS') {
    const headers: Record<string, string> = { allow, 'cache-control': 'no-store' };
    if (methods.includes('POST')) headers['accept-post'] = 'application/atom+xml, application/xml, text/xml, */*';
    return { status: 200, headers, body: '' };
  }
  throw new HttpError(405, `${request.method.slice(0, 40)} is not for this address; ${allow} are.`, {
    headers: { allow },
  });
}
