/** One request to a callback: to addresses that are allowed, in bounded time, and without following a redirect. */
import { request as plainRequest, type RequestOptions } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { CallbackGuard } from './guard.js';

/** What a callback answered. */
export interface Answer {
  status: number;
  /** No more than {@link MOST_BODY} bytes; undefined where it was longer, or did not come to its end. */
  body: Buffer | undefined;
  retryAfter: string | undefined;
}

export interface Message {
  method: 'GET' | 'POST';
  url: URL;
  headers: Record<string, string>;
  body?: Buffer;
  /** Seconds for all of it. */
  timeout: number;
  /** Aborts when the hub stops. */
  signal: AbortSignal;
}

/** Answers are challenges at most; whoever sends more is not listened to. */
const MOST_BODY = 16 * 1024;

/**
 * @returns the answer, whatever its status
 * @throws Error when there is none: no connection, no answer in time, an address that is not allowed, a stop
 */
export async function send(guard: CallbackGuard, message: Message): Promise<Answer> {
  const { method, url, headers, body, timeout, signal } = message;
  guard.checkLiteral(url);
  const request = url.protocol === 'https:' ? secureRequest : plainRequest;
  const options: RequestOptions = {
    method,
    headers: {
      'user-agent': 'AtomMQ (WebSub hub)',
      'accept-encoding': 'identity',
      ...headers,
      ...(body === undefined ? {} : { 'content-length': String(body.length) }),
    },
    lookup: guard.lookup,
    // A connection of its own: one that is kept would have to be looked at again.
    agent: false,
    signal,
  };
  return new Promise((resolve, reject) => {
    let answer: Answer | undefined;
    const outgoing = request(url, options);
    const timer = setTimeout(() => outgoing.destroy(new Error(`no answer in ${timeout} s`)), timeout * 1000);
    const done = (error?: Error) => {
      clearTimeout(timer);
      if (answer === undefined) reject(error ?? new Error('the connection was closed without an answer'));
      else resolve(answer);
      outgoing.destroy();
    };
    outgoing.on('response', (incoming) => {
      answer = { status: incoming.statusCode ?? 0, body: undefined, retryAfter: incoming.headers['retry-after'] };
      const chunks: Buffer[] = [];
      let length = 0;
      incoming.on('data', (chunk: Buffer) => {
        length += chunk.length;
        chunks.push(chunk);
        if (length > MOST_BODY) done();
      });
      incoming.on('end', () => {
        answer!.body = Buffer.concat(chunks, length);
        done();
      });
      incoming.on('error', done);
    });
    outgoing.on('error', done);
    outgoing.on('close', () => done());
    outgoing.end(body);
  });
}
