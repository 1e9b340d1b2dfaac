/** The CGI gateway: one request from the environment and standard input, one answer to standard output. */
import { readSync, writeSync } from 'node:fs';
import type { App, HttpResponse } from '../http.js';
import { problem } from '../problem.js';
import { Addresses } from './address.js';
import { cgiHead, cgiRequest } from './cgi-request.js';
import type { AddressOptions } from './listener.js';

const CHUNK = 65_536;
/** Most of a body that is read only to be thrown away, so that the web server gets round to our answer. */
const MOST_DRAINED = 256 * 1024 * 1024;

/** Serves the one request; the caller then ends the process with code 0. */
export async function serveCgi(app: App, options: AddressOptions): Promise<void> {
  const input = new StandardInput(process.env.CONTENT_LENGTH);
  let response: HttpResponse;
  try {
    const request = cgiRequest(
      { params: process.env, body: input, nature: { runOnce: true, multiprocess: true } },
      new Addresses(options),
      options,
    );
    response = await app(request);
  } catch (error) {
    response = problem(error);
  }
  // Apache loses an answer that comes before it has passed on the whole body.
  let drained = 0;
  for await (const chunk of input) {
    drained += chunk.length;
    if (drained > MOST_DRAINED) break;
  }
  await send(response);
}

async function send({ status, headers, body }: HttpResponse): Promise<void> {
  const bodiless = process.env.REQUEST_METHOD === 'HEAD' || status === 204 || status === 304;
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = Buffer.from(body ?? '');
    const length: Record<string, string> =
      status === 204 || status === 304 ? {} : { 'content-length': String(bytes.length) };
    const head = Buffer.from(cgiHead(status, { ...headers, ...length }));
    write(bodiless ? head : Buffer.concat([head, bytes]));
    return;
  }
  write(Buffer.from(cgiHead(status, headers)));
  if (!bodiless) for await (const chunk of body) write(Buffer.from(chunk));
}

/** Standard input up to the announced length, or to its end where none is (a chunked request under Apache). */
class StandardInput implements AsyncIterable<Uint8Array> {
  #left: number;

  constructor(announced: string | undefined) {
    // Without a length a web server may leave standard input open on a request that has no body.
    const bodiless = /^(GET|HEAD|DELETE|OPTIONS)?$/.test(process.env.REQUEST_METHOD ?? '');
    this.#left = announced ? Number(announced) : bodiless ? 0 : Number.POSITIVE_INFINITY;
  }

  /** What has not been read yet: an iteration that was broken off can be taken up again. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    while (this.#left > 0) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, this.#left));
      const length = again(() => readSync(0, chunk, 0, chunk.length, null));
      this.#left = length === 0 ? 0 : this.#left - length;
      if (length > 0) yield chunk.subarray(0, length);
    }
  }
}

function write(bytes: Buffer): void {
  let from = 0;
  while (from < bytes.length) from += again(() => writeSync(1, bytes, from));
}

/** Web servers may give us pipes that do not block. */
function again(call: () => number): number {
  for (;;) {
    try {
      return call();
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
