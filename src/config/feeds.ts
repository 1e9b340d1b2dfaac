/** The rules for feeds: which are append-only, and what retention keeps of them. */
import type { FeedPolicy } from '../resource/policy.js';
import { BadValue } from './bad-value.js';
import { type RuleKeys, rules } from './rules.js';
import { bool, filledText, size, whole } from './values.js';

const YEAR = 366 * 86_400;
const UNITS: Record<string, number> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 7 * 86_400, y: YEAR };

/** Seconds: `90`, `90s`, `15m`, `12h`, `30d`, `2w`, `1y`. */
export function duration(value: unknown): number {
  const [, digits, unit = ''] = /^(\d+)\s*([smhdwy]?)$/i.exec(String(value).trim()) ?? [];
  const seconds = digits === undefined ? Number.NaN : Number(digits) * UNITS[unit.toLowerCase()]!;
  if (!(seconds >= 1 && seconds <= 1000 * YEAR)) throw new BadValue('must be a time such as 12h or 30d');
  return seconds;
}

const TIB = 1024 ** 4;

const KEYS: RuleKeys<FeedPolicy> = {
  match: ['match', filledText],
  append_only: ['appendOnly', bool],
  max_age: ['maxAge', duration],
  max_entries: ['maxEntries', whole(1, Number.MAX_SAFE_INTEGER)],
  max_bytes: ['maxBytes', size(1024, 1024 * TIB)],
};

/** A list of rules, or the same as JSON. */
export function feeds(value: unknown): FeedPolicy[] {
  return rules(value, KEYS, { match: 'log-*', max_age: '30d' }, ({ match, ...rest }): FeedPolicy => {
    if (match === undefined) throw new BadValue('it needs a match: a feed name, in which * stands for anything');
    return { match, appendOnly: false, ...rest };
  });
}
