/** The access log: one record for each request, when its answer is complete. */
import { closeSync, openSync } from 'node:fs';
import type { Guard, HttpRequest, HttpResponse } from '../http.js';
import { segmentsOf } from '../resource/address.js';
import { feedAt } from '../resource/feed-address.js';
import { maskedAddress, oneLine } from './plain.js';
import { traceOf } from './trace.js';

/** What is known of a request; whatever is not has no member. */
export interface AccessRecord {
  method: string;
  /** Below the mount point, with the query; parameters that look like secrets are masked. */
  path: string;
  status: number;
  /** Of the answer's body, before a gateway puts it into chunks. */
  bytes: number;
  /** Milliseconds until the answer was complete. */
  duration: number;
  remote?: string;
  user?: string;
  /** The request's id. */
  id: string;
  /** The trace that it is a part of, and the client's part of that. */
  trace?: string;
  parent?: string;
  feed?: string;
}

/** Where records go. */
export type Recorder = (record: AccessRecord) => void;

/** A log of its own. */
export interface AccessLog {
  write: Recorder;
  /** Its file was moved away: the next record goes to a new one. */
  reopen(): void;
  /** Writes what is still in memory. */
  close(): void;
}

/** The file of the log cannot be written to. */
export class CannotLog extends Error {}

/** Most bytes that wait for a slow disk, or a reader of a pipe that hangs; more records are lost. */
const MOST_WAITING = 16 * 1024 * 1024;

/** @param write is called once for each request, and never throws */
export function accessLog(write: Recorder): Guard {
  return (app) => async (request) => {
    const began = performance.now();
    const done = (status: number, bytes: number) => write(recordOf(request, status, bytes, performance.now() - began));
    try {
      const response = await app(request);
      return recorded(response, request.method, done);
    } catch (error) {
      done(500, 0);
      throw error;
    }
  };
}

function recorded(response: HttpResponse, method: string, done: (status: number, bytes: number) => void): HttpResponse {
  const { status, body } = response;
  const bare = method === 'HEAD' || body === undefined || status === 204 || status === 304;
  if (bare) done(status, 0);
  else if (typeof body === 'string') done(status, Buffer.byteLength(body));
  else if (body instanceof Uint8Array) done(status, body.length);
  else return { ...response, body: counted(body, (bytes) => done(status, bytes)) };
  return response;
}

async function* counted(
  body: AsyncIterable<string | Uint8Array>,
  done: (bytes: number) => void,
): AsyncGenerator<string | Uint8Array> {
  let bytes = 0;
  try {
    for await (const piece of body) {
      bytes += typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length;
      yield piece;
    }
  } finally {
    // Also when the client has gone.
    done(bytes);
  }
}

function recordOf(request: HttpRequest, status: number, bytes: number, duration: number): AccessRecord {
  const { method, path, search, headers, remoteAddress, id } = request;
  const user = request.caller?.name ?? request.user;
  const trace = traceOf(headers.traceparent);
  const feed = feedOf(path);
  return {
    method: oneLine(method.slice(0, 40)),
    path: maskedAddress(path, search),
    status,
    bytes,
    duration: Math.round(duration * 1000) / 1000,
    ...(remoteAddress === undefined ? {} : { remote: oneLine(remoteAddress) }),
    ...(user === undefined ? {} : { user: oneLine(user.slice(0, 256)) }),
    id,
    ...(trace === undefined ? {} : { trace: trace.traceId, parent: trace.parentId }),
    ...(feed === undefined ? {} : { feed: oneLine(feed) }),
  };
}

function feedOf(path: string): string | undefined {
  try {
    const [first, ...rest] = segmentsOf(path);
    return first === undefined ? undefined : feedAt('', first, rest)[0];
  } catch {
    return undefined;
  }
}

/** A record as a line for people. */
export function lineOf({ method, path, status, bytes, duration, remote, user, id, trace }: AccessRecord): string {
  const who = `${remote ?? '-'} ${user === undefined ? '-' : JSON.stringify(user)}`;
  return `${who} ${method} ${path} ${status} ${bytes} ${duration}ms request=${id}${trace === undefined ? '' : ` trace=${trace}`}`;
}

/**
 * A log of lines of JSON.
 * @param target `stdout`, `stderr`, or the name of a file, which is added to
 * @throws CannotLog when the file cannot be opened
 */
export async function openAccessLog(target: string): Promise<AccessLog> {
  const { pino } = await import('pino');
  const standard = target === 'stdout' ? 1 : target === 'stderr' ? 2 : undefined;
  if (standard === undefined) check(target);
  const destination = pino.destination({
    dest: standard ?? target,
    sync: false,
    append: true,
    maxLength: MOST_WAITING,
  });
  // A full disk, or a reader that has gone, is no reason to stop serving.
  destination.on('error', () => {});
  const log = pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  return {
    write: (record) => log.info(record, 'request'),
    reopen: () => {
      if (standard === undefined) destination.reopen();
    },
    close: () => {
      try {
        destination.flushSync();
      } catch {
        // It was not opened yet, or the disk is full.
      }
    },
  };
}

function check(file: string): void {
  try {
    closeSync(openSync(file, 'a'));
  } catch (error) {
    throw new CannotLog(`cannot write the access log: ${(error as Error).message}`);
  }
}
