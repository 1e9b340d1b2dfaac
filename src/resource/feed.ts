/** A feed as a whole. */
import { HttpError, type HttpResponse } from '../http.js';
import type { Context } from './context.js';

/** `DELETE` of a feed: everything in it goes, and a feed of that name made later is another one. */
export async function removeFeed({ store }: Context, name: string): Promise<HttpResponse> {
  if (!(await store.removeFeed(name))) throw new HttpError(404, `There is no feed named ${JSON.stringify(name)}.`);
  return { status: 200, headers: { 'cache-control': 'no-cache' }, body: '' };
}
