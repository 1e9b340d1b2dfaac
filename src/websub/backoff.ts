/** How long to wait after a delivery that failed, and when to give up. */

/** The pause after the first failure, doubled after each, up to the last, in milliseconds. */
const FIRST = 500;
const LAST = 3_600_000;

/** When a subscriber is given up: after so many failures in a row, over so many seconds. */
export interface Limits {
  attempts: number;
  patience: number;
}

/**
 * @param failures in a row, from 1
 * @param asked what the subscriber asks for by `Retry-After`
 * @param random from 0 to 1: those who failed together do not come back together
 * @returns milliseconds
 */
export function pauseAfter(failures: number, asked: string | undefined, random = Math.random()): number {
  const pause = Math.min(LAST, FIRST * 2 ** Math.min(failures - 1, 30)) * (0.5 + random / 2);
  return Math.max(pause, Math.min(LAST, retryAfter(asked)));
}

/** @param time and `since` in microseconds */
export function isGivenUp(failures: number, since: number, time: number, { attempts, patience }: Limits): boolean {
  return failures >= attempts && time - since >= patience * 1e6;
}

/** `Retry-After` (RFC 9110 §10.2.3) in milliseconds; 0 where it says nothing. */
function retryAfter(field: string | undefined): number {
  if (field === undefined) return 0;
  if (/^\d{1,9}$/.test(field)) return Number(field) * 1000;
  const time = Date.parse(field);
  return Number.isNaN(time) ? 0 : Math.max(0, time - Date.now());
}
