/** Problem documents (RFC 9457), the body of every error answer. */
import { HttpError, type HttpResponse } from './http.js';

/** Title and last part of the type by status: what a program may tell errors apart by. */
const KINDS: Record<number, [string, string]> = {
  400: ['bad-request', 'Bad request'],
  401: ['unauthorized', 'Credentials needed'],
  403: ['forbidden', 'Forbidden'],
  404: ['not-found', 'Not found'],
  405: ['method-not-allowed', 'Method not allowed'],
  406: ['not-acceptable', 'Not acceptable'],
  408: ['timeout', 'Request timeout'],
  409: ['conflict', 'Conflict'],
  410: ['gone', 'Gone'],
  412: ['precondition-failed', 'Precondition failed'],
  413: ['too-large', 'Too large'],
  414: ['too-large', 'Address too long'],
  415: ['unsupported-media-type', 'Unsupported media type'],
  416: ['range-not-satisfiable', 'Range not satisfiable'],
  417: ['expectation-failed', 'Expectation failed'],
  421: ['misdirected', 'Not this server'],
  422: ['not-an-entry', 'Not a valid entry'],
  429: ['too-many-requests', 'Too many requests'],
  431: ['too-large', 'Header fields too large'],
  500: ['internal', 'Internal error'],
  503: ['unavailable', 'Unavailable'],
};

/** The statuses that errors have, and their types. */
export const PROBLEM_TYPES = Object.entries(KINDS).map(([status, [type]]) => ({
  status: Number(status),
  type: `urn:atommq:problem:${type}`,
}));

/** What the document of an error says. */
export function problemOf({ status, members, message }: HttpError): { title: string } & Record<string, unknown> {
  const [type, title] = KINDS[status] ?? ['other', 'Error'];
  return { type: `urn:atommq:problem:${type}`, title, status, detail: message, ...members };
}

/** An error as an answer; anything but an {@link HttpError} is a 500 that says nothing of its cause. */
export function problem(error: unknown): HttpResponse {
  const known =
    error instanceof HttpError ? error : new HttpError(500, 'Something went wrong here; nothing was stored.');
  const { status, headers } = known;
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    body: `${JSON.stringify(problemOf(known))}\n`,
  };
}
