/** The CGI gateway: one request from the environment and standard input, one answer to standard output. */
import { readFileSync, readSync, writeSync } from 'node:fs';
import type { App, HttpResponse } from '../http.js';
import { problem } from '../problem.js';
import { Addresses } from './address.js';
import { answerTo, type CgiOptions, cgiAnswer, measured, type Params, streams } from './cgi-request.js';

const CHUNK = 65_536;
/** Most of a body that is read only to be thrown away, so that the web server gets round to our answer. */
const MOST_DRAINED = 256 * 1024 * 1024;

/** Serves the one request; the caller then ends the process with code 0. */
export async function serveCgi(app: App, options: CgiOptions): Promise<void> {
  const params = environment(process.env);
  const method = params.REQUEST_METHOD || 'GET';
  const length = params.CONTENT_LENGTH ? Number(params.CONTENT_LENGTH) : undefined;
  const input = new StandardInput(length, method);
  let response: HttpResponse;
  try {
    const body = measured(input, length);
    const nature = { runOnce: true, multiprocess: true };
    response = await answerTo(app, { params, body, nature }, new Addresses(options), options);
  } catch (error) {
    response = problem(error);
  }
  try {
    input.drain();
    for (const bytes of cgiAnswer(response, method)) write(bytes);
    // What breaks off here leaves half an answer: nothing that a web server would take could follow it.
    if (streams(response, method)) for await (const chunk of response.body) write(Buffer.from(chunk));
  } catch {
    // Nobody reads any more (EPIPE), or the body failed.
  }
}

/** Standard input up to the announced length, or to its end where none is (a chunked request under Apache). */
class StandardInput implements AsyncIterable<Uint8Array> {
  #left: number;

  constructor(announced: number | undefined, method: string) {
    // Without a length a web server may leave standard input open on a request that has no body.
    const bodiless = /^(GET|HEAD|DELETE|OPTIONS)$/.test(method);
    const most = announced ?? (bodiless ? 0 : Number.POSITIVE_INFINITY);
    this.#left = Number.isNaN(most) ? 0 : most;
  }

  /** What has not been read yet: an iteration that was broken off can be taken up again. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (let chunk = this.#read(); chunk !== undefined; chunk = this.#read()) yield chunk;
  }

  /** Reads what nobody wanted: Apache loses an answer that comes before it has passed on the whole body. */
  drain(): void {
    let drained = 0;
    for (let chunk = this.#read(); chunk !== undefined && drained < MOST_DRAINED; chunk = this.#read()) {
      drained += chunk.length;
    }
  }

  #read(): Buffer | undefined {
    if (this.#left <= 0) return undefined;
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, this.#left));
    const length = again(() => {
      try {
        return readSync(0, chunk, 0, chunk.length, null);
      } catch (error) {
        if (isCode(error, 'EOF', 'ECONNRESET')) return 0;
        throw error;
      }
    });
    this.#left = length === 0 ? 0 : this.#left - length;
    return length === 0 ? undefined : chunk.subarray(0, length);
  }
}

/**
 * The variables with one character for each byte, as the other gateways have them. Node decodes them as UTF-8, and what
 * is not UTF-8 is lost then; only Linux lets us have a second look.
 */
function environment(env: NodeJS.ProcessEnv): Params {
  const params: Params = { ...env };
  let lost = false;
  for (const name in params) {
    const value = params[name]!;
    if (/[^\0-\x7f]/.test(value)) params[name] = Buffer.from(value).toString('latin1');
    if (value.includes('\ufffd')) lost = true;
  }
  return lost ? { ...params, ...rawEnvironment() } : params;
}

function rawEnvironment(): Params {
  const params: Params = {};
  try {
    for (const pair of readFileSync('/proc/self/environ', 'latin1').split('\0')) {
      const at = pair.indexOf('=');
      if (at > 0) params[pair.slice(0, at)] = pair.slice(at + 1);
    }
  } catch {
    // Not Linux: the values stay as Node has them.
  }
  return params;
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
      if (!isCode(error, 'EAGAIN')) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
