/** What a client is told of whatever was thrown: an error of its own as it is, one of ours without a word of how we are made. */
import { type Guard, HttpError, type HttpRequest, type HttpResponse, type Refuse } from './http.js';
import { StoreUnavailable } from './store/store.js';

/** Is told of every error that is ours, with the id of the request that met it where there was one. */
export type OnError = (error: unknown, requestId?: string) => void;

/** Makes answers of what is thrown inside, for those that look at answers. */
export function answering(refuse: Refuse): Guard {
  return (app) => async (request) => {
    try {
      return await app(request);
    } catch (error) {
      return refuse(request, error);
    }
  };
}

/** What a client is told of what was thrown. */
export function errorOf(error: unknown, request: HttpRequest, onError: OnError): HttpError {
  if (error instanceof HttpError) return error.status < 500 ? error : ours(error.status, error.message, request, error);
  onError(error, request.id);
  if (error instanceof StoreUnavailable) {
    const headers = { 'retry-after': '1' };
    return ours(503, 'The database does not answer; nothing was stored. Try again.', request, { headers });
  }
  return ours(500, 'Something went wrong here; nothing was stored.', request);
}

/** An error of ours names the request as the log does, so that whoever met it can say which it was. */
function ours(
  status: number,
  detail: string,
  { id }: HttpRequest,
  { headers = {}, members = {} }: { headers?: HttpResponse['headers']; members?: Record<string, unknown> } = {},
): HttpError {
  return new HttpError(status, detail, {
    headers: { ...headers, 'x-request-id': id },
    members: { ...members, request: id },
  });
}
