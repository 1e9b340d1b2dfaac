/** Who may do what here: a request passes, or its answer is the same whether what it asks for is there or not. */
import type { Access } from '../access/access.js';
import type { Caller, Permission } from '../access/caller.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import type { Context } from './context.js';
import { type Member, missing } from './member.js';
import { noFeed } from './stretch.js';

/** What a request needs: a permission, one of several, or nothing that anyone lacks. */
export type Need = Permission | 'nothing';

/** The feed, and the segment of an entry, that an address names; empty where it names none. */
export type Place = Pick<Member, 'feed' | 'segment'>;

/**
 * Lets a request pass that has one of these permissions, for the feed or, where the address is of none, as `admin` of the
 * whole server; whatever else an address of no feed shows is for its handler to choose.
 * @throws HttpError 401 where credentials could help; 403 for what a caller sees but may not do; 404, as if there were no
 *   such feed, for what the caller may not see
 */
export function permit({ access }: Context, { caller }: HttpRequest, needs: Need[], place: Place): void {
  if (access === undefined || caller === undefined) return;
  if (needs.some((need) => need === 'nothing' || has(access, caller, need, place.feed))) return;
  if (caller.name === undefined && access.credentials) {
    throw new HttpError(401, 'This needs credentials; send them in the Authorization field.');
  }
  if (place.feed !== '' && !access.may(caller, 'read', place.feed)) {
    throw place.segment === '' ? noFeed(place.feed) : missing(place);
  }
  throw new HttpError(403, `You may not do this: it takes the permission ${needs.join(' or ')}.`);
}

function has(access: Access, caller: Caller, need: Permission, feed: string): boolean {
  if (feed !== '') return access.may(caller, need, feed);
  if (need === 'admin') return access.mayAdmin(caller);
  // The handler looks at each feed; who could see none of them, but for credentials, is asked for those.
  return caller.name !== undefined || !access.credentials || access.maySomewhere(caller, need);
}

/** The same for the feed that a parameter names, not the address, before anything is asked of the database. */
export function permitRead(context: Context, request: HttpRequest, feed: string): void {
  permit(context, request, ['read'], { feed, segment: '' });
}

/** Whether a feed is for this caller to see. */
export function mayRead({ access }: Context, { caller }: HttpRequest, feed: string): boolean {
  return access === undefined || access.may(caller, 'read', feed);
}

/**
 * An answer kept from shared caches (RFC 9111 §5.2.2.7) where it is not the same for all: of a feed that not anyone may
 * read, or of no single feed.
 */
export function keptPrivate(access: Access, feed: string, response: HttpResponse): HttpResponse {
  if (feed !== '' && access.isOpen(feed)) return response;
  const { vary, 'cache-control': control = 'no-cache' } = response.headers;
  if (control === 'no-store') return response;
  const headers = {
    ...response.headers,
    'cache-control': `private, ${String(control).replace(/^public, /, '')}`,
    vary: vary === undefined ? 'Authorization' : `${vary}, Authorization`,
  };
  return { ...response, headers };
}
