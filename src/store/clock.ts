/** Whether another machine's clock goes as ours does. */
import type { Remark } from './dialect.js';

/** Milliseconds that clocks may differ before it is said, and before it is a problem. */
const SAID = 1000;
const TOO_MUCH = 60_000;

/**
 * @param ask answers with the other clock's milliseconds since 1970
 * @param whose of whose clock it is
 * @param grain how exact the answer is, in milliseconds
 */
export async function clock(ask: () => Promise<number>, whose = "the database server's", grain = 0): Promise<Remark> {
  const before = Date.now();
  const theirs = await ask();
  const after = Date.now();
  return judged(theirs - (before + after) / 2, (after - before) / 2 + grain, whose);
}

/**
 * @param difference milliseconds that their clock is before ours
 * @param doubt how wrong that may be
 */
export function judged(difference: number, doubt: number, whose: string): Remark {
  const off = Math.max(0, Math.abs(difference) - doubt);
  if (off <= SAID) return { name: 'clock', level: 'ok', text: `${whose} clock and ours are the same` };
  const direction = difference > 0 ? 'fast' : 'slow';
  return {
    name: 'clock',
    level: off > TOO_MUCH ? 'problem' : 'warning',
    text: `${whose} clock is ${Math.round(off / 1000)} s ${direction} of ours: times of entries, leases and ages of entries are wrong by that`,
    fix: 'Let chrony or systemd-timesyncd set the clocks of all machines.',
  };
}
