/** The mount point itself: the service document. */
import { hash } from 'node:crypto';
import { writeService } from '../atom/service.js';
import type { HttpRequest, HttpResponse } from '../http.js';
import { negotiate } from './accept.js';
import { noneMatches } from './conditions.js';
import { type Context, notModified, REVALIDATE } from './context.js';

/** `GET` and `HEAD` of the service document. */
export async function readService(context: Context, request: HttpRequest): Promise<HttpResponse> {
  negotiate(request.headers.accept, [['application/atomsvc+xml', 'application/xml', 'text/xml']]);
  const feeds = await context.store.feeds();
  const collections = feeds.map(({ name }) => ({ href: feedUrl(request.base, name), title: name }));
  const body = writeService(context.settings.title, collections);
  const etag = `"s.${hash('sha256', body, 'base64url').slice(0, 22)}"`;
  const headers = { 'content-type': 'application/atomsvc+xml', etag, ...REVALIDATE };
  return noneMatches(request.headers, etag) ? notModified(headers) : { status: 200, headers, body };
}

/** The address of a feed below a base. */
export function feedUrl(base: string, name: string): string {
  return `${base}/feed=${encodeURIComponent(name)}`;
}
