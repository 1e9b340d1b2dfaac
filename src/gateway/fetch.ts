/** The application as a `fetch` handler: what Hono, Bun, Deno and others call with a `Request` (WHATWG Fetch). */
import { type App, HttpRequest, type HttpResponse } from '../http.js';
import { problem } from '../problem.js';
import { Addresses } from './address.js';
import { brokenOff, isBare, isStream } from './body.js';
import type { AddressOptions } from './listener.js';

/** Answers one request; it never rejects. Whoever mounts it leaves the path whole, the mount point included. */
export type FetchHandler = (request: Request) => Promise<Response>;

/**
 * @param app what answers
 * @param options where it is mounted, and how clients see it
 */
export function fetchHandler(app: App, options: AddressOptions): FetchHandler {
  const addresses = new Addresses(options);
  const nature = { runOnce: false, multiprocess: false };
  return async (request) => {
    const { method } = request;
    let response: HttpResponse;
    try {
      const url = new URL(request.url);
      const headers: Record<string, string | undefined> = Object.fromEntries(request.headers);
      const target = {
        uri: url.pathname + url.search,
        scriptName: undefined,
        pathInfo: undefined,
        queryString: undefined,
        headers,
        secure: url.protocol === 'https:',
        authority: url.host,
        remoteAddress: undefined,
      };
      const makeSignal = () => request.signal;
      const body = bytesOf(request.body);
      response = await addresses.answer(
        app,
        target,
        (address) => new HttpRequest({ method, ...address, headers, body, nature, makeSignal }),
      );
    } catch (error) {
      response = problem(error);
    }
    return asResponse(response, method);
  };
}

/** The body as it comes; one that breaks off is the client's doing. */
async function* bytesOf(body: Request['body']): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value as Uint8Array;
    }
  } catch {
    throw brokenOff();
  } finally {
    reader.releaseLock();
  }
}

function asResponse({ status, headers, body }: HttpResponse, method: string): Response {
  const fields = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const one of typeof value === 'string' ? [value] : value) fields.append(name, one);
  }
  const isStreamed = isStream(body);
  if (!isStreamed && !isBare(status) && !fields.has('content-length')) {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : (body?.length ?? 0);
    fields.set('content-length', String(length));
  }
  if (method === 'HEAD' || isBare(status)) {
    // A stream that nobody reads gives back what it holds.
    if (isStreamed) void body[Symbol.asyncIterator]().return?.();
    return new Response(null, { status, headers: fields });
  }
  return new Response(isStreamed ? streamOf(body) : (body as string | Uint8Array<ArrayBuffer> | undefined), {
    status,
    headers: fields,
  });
}

/** Pulled as fast as it is read; a reader that goes away ends it. */
function streamOf(body: AsyncIterable<string | Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}
