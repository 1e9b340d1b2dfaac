/** Whether this process lives, and whether the database answers. */
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
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

/**
 * Whether to send requests here.
 * @throws HttpError 503 while the server stops, and when the database's schema is not ours; StoreUnavailable when it does not answer
 */
export async function ready({ store }: Context, { signal }: HttpRequest): Promise<HttpResponse> {
  // Requests that are still here when a server begins to stop, and that come later, are told by their signal.
  if (signal.aborted) throw new HttpError(503, 'The server is stopping.', { headers: { 'retry-after': '1' } });
  await store.ping();
  return { status: 200, headers: HEADERS, body: 'ready\n' };
}
