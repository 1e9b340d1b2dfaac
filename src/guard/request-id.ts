/** Request ids: an answer says what its request is called in the log, where somebody wants to know. */
import type { App, Guard, HttpRequest, HttpResponse } from '../http.js';

/**
 * Names the request in the answer to whoever gave it a name; errors of ours do so by themselves.
 * @param always in all answers: the access log has a line for each
 */
export function named(always: boolean): Guard {
  // Most requests have no name, and pay nothing for it.
  return (app) => (request) =>
    always || request.headers['x-request-id'] !== undefined ? name(app, request) : app(request);
}

async function name(app: App, request: HttpRequest): Promise<HttpResponse> {
  const response = await app(request);
  // Headers may be those of a page that is kept.
  return { ...response, headers: { ...response.headers, 'x-request-id': request.id } };
}
