/** Whether this process lives, and whether the database answers. */
import type { HttpRequest, HttpResponse } from '../http.js';
import type { Context } from './context.js';

const HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };

/** With `AtomMQ-Check: NAME, NAME` the answer says in the same field which of these fields of the request have got here. */
export function live({ headers }: HttpRequest): HttpResponse {
  const asked = headers['atommq-check'];
  if (asked === undefined) return { status: 200, headers: HEADERS, body: 'live\n' };
  const names = asked.toLowerCase().match(/[a-z-]{1,40}/g) ?? [];
  const arrived = names.filter((name) => headers[name] !== undefined).join(', ');
  return { status: 200, headers: { ...HEADERS, 'atommq-check': arrived || 'none' }, body: 'live\n' };
}

/** @throws StoreUnavailable when the database does not answer */
export async function ready({ store }: Context): Promise<HttpResponse> {
  await store.ping();
  return { status: 200, headers: HEADERS, body: 'ready\n' };
}
