/** Trying again: how long to wait, and for what errors. */
import { Unavailable } from './errors.js';

/** Times in milliseconds. */
export interface RetryOptions {
  /** The longest first wait; each is about twice the one before, up to a fourth less so that clients come apart. */
  first: number;
  /** The longest of all waits. */
  most: number;
  /** After this time nothing is tried again. */
  limit: number;
}

export const RETRY: RetryOptions = { first: 100, most: 10_000, limit: 60_000 };

/** How long to wait after so many failures in a row, no shorter than the server asked for. */
export function pauseAfter(failures: number, { first, most }: RetryOptions, asked = 0): number {
  const pause = Math.min(most, first * 2 ** Math.min(failures - 1, 30)) * (0.75 + Math.random() * 0.25);
  return Math.max(pause, asked * (1 + Math.random() * 0.1));
}

/** `Retry-After` (RFC 9110 §10.2.3) in milliseconds: seconds, or a date. */
export function retryAfterOf(field: string | null): number | undefined {
  if (field === null) return undefined;
  if (/^\d{1,9}$/.test(field.trim())) return Number(field) * 1000;
  const date = Date.parse(field);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/**
 * Resolves after a time.
 * @throws the signal's reason as soon as it is aborted
 */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** Is told of a failure that will be tried again, and after how many milliseconds. */
export type OnRetry = (error: Unavailable, pause: number) => void;

/**
 * The first attempt that is not {@link Unavailable}.
 * @throws what an attempt throws; the last `Unavailable` when the time is over
 */
export async function retrying<T>(
  attempt: () => Promise<T>,
  options: RetryOptions,
  signal: AbortSignal | undefined,
  onRetry: OnRetry | undefined,
): Promise<T> {
  const until = Date.now() + options.limit;
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      const pause = pauseAfter(failures, options, error.retryAfter);
      if (Date.now() + pause > until) throw error;
      onRetry?.(error, pause);
      await sleep(pause, signal);
    }
  }
}
