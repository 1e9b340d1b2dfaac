/** Whether this process lives, and whether the database answers. */
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import type { Context } from './context.js';

const HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };

export function live(): HttpResponse {
  return { status: 200, headers: HEADERS, body: 'live\n' };
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
