/** Request ids: an answer says what its request is called in the log, where somebody wants to know. */
import { type Guard, HttpError, type HttpResponse } from '../http.js';
import { problem } from '../problem.js';

/**
 * Names the request in the answer to whoever gave it a name, and in every error of ours. What guards throw becomes an
 * answer here, so that it is counted and logged as any other.
 * @param always in all answers: the access log has a line for each
 */
export function named(always: boolean): Guard {
  return (app) => async (request) => {
    let response: HttpResponse;
    try {
      response = await app(request);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      response = problem(error);
    }
    if (!always && response.status < 500 && request.headers['x-request-id'] === undefined) return response;
    if (response.headers['x-request-id'] !== undefined) return response;
    // Headers may be those of a page that is kept.
    return { ...response, headers: { ...response.headers, 'x-request-id': request.id } };
  };
}
