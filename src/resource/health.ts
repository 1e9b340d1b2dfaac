/** Whether this process lives, and whether the database answers. */
import type { HttpResponse } from '../http.js';
import type { Context } from './context.js';

const HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };

export function live(): HttpResponse {
  return { status: 200, headers: HEADERS, body: 'live\n' };
}

/** @throws StoreUnavailable when the database does not answer */
export async function ready({ store }: Context): Promise<HttpResponse> {
  await store.ping();
  return { status: 200, headers: HEADERS, body: 'ready\n' };
}
