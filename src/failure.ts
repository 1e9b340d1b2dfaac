/** The answer to whatever was thrown: an error of the client's as it is, one of ours without a word of how we are made. */
import { HttpError, type HttpResponse } from './http.js';
import { problem } from './problem.js';
import { StoreUnavailable } from './store/store.js';

/** @param onError is told of every error that is ours, for the log */
export function failure(error: unknown, onError: (error: unknown) => void): HttpResponse {
  if (error instanceof HttpError) return problem(error);
  onError(error);
  if (error instanceof StoreUnavailable) {
    return problem(
      new HttpError(503, 'The database does not answer; nothing was stored. Try again.', {
        headers: { 'retry-after': '1' },
      }),
    );
  }
  return problem(new HttpError(500, 'Something went wrong here; nothing was stored.'));
}
