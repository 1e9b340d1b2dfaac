/** Request ids: an answer says what its request is called in the log, where somebody wants to know. */
import { type App, type Guard, HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import { problem } from '../problem.js';

/**
 * Names the request in the answer to whoever gave it a name; errors of ours do so by themselves.
 * @param always in all answers: the access log has a line for each
 */
export function named(always: boolean): Guard {
  // Most requests have no name, and pay nothing for it.
  return (app) => (request) =>
    always || request.headers['x-request-id'] !== undefined ? name(app, request) : app(request);
}

/** What guards throw becomes an answer here, so that it has a name as well. */
async function name(app: App, request: HttpRequest): Promise<HttpResponse> {
  let response: HttpResponse;
  try {
    response = await app(request);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    response = problem(error);
  }
  // Headers may be those of a page that is kept.
  return { ...response, headers: { ...response.headers, 'x-request-id': request.id } };
}
