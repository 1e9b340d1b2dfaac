/** The rules for feeds: which are append-only, and what retention keeps of them. */
import type { FeedPolicy } from '../resource/policy.js';
import { BadValue } from './bad-value.js';
import { nearest } from './nearest.js';
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

/** The keys of a rule: what each becomes, and how it is read. */
const KEYS: Record<string, [keyof FeedPolicy, (value: unknown) => unknown]> = {
  match: ['match', filledText],
  append_only: ['appendOnly', bool],
  max_age: ['maxAge', duration],
  max_entries: ['maxEntries', whole(1, Number.MAX_SAFE_INTEGER)],
  max_bytes: ['maxBytes', size(1024, 1024 * TIB)],
};

/** A list of rules, or the same as JSON. */
export function feeds(value: unknown): FeedPolicy[] {
  const list = typeof value === 'string' ? json(value) : value;
  if (!Array.isArray(list)) throw new BadValue('must be a list of rules such as [{match: "log-*", max_age: 30d}]');
  return list.map((rule, i) => {
    try {
      return policy(rule);
    } catch (error) {
      if (error instanceof BadValue) throw new BadValue(`has a rule ${i + 1} that cannot be used: ${error.message}`);
      throw error;
    }
  });
}

function policy(rule: unknown): FeedPolicy {
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule))
    throw new BadValue('it must have keys and values');
  const made: Record<string, unknown> = { appendOnly: false };
  for (const [key, value] of Object.entries(rule)) {
    // `append_only` in a file, `appendOnly` in a program.
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replaceAll('-', '_');
    if (!Object.hasOwn(KEYS, name)) {
      throw new BadValue(
        `unknown key ${JSON.stringify(key)}; the nearest known one is ${nearest(name, Object.keys(KEYS))}`,
      );
    }
    const [ours, read] = KEYS[name]!;
    try {
      if (value !== undefined && value !== null) made[ours] = read(value);
    } catch (error) {
      throw error instanceof BadValue ? new BadValue(`${name} ${error.message}`) : error;
    }
  }
  if (made.match === undefined) throw new BadValue('it needs a match: a feed name, in which * stands for anything');
  return made as unknown as FeedPolicy;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadValue('must be a list as JSON such as [{"match": "log-*", "max_age": "30d"}]');
  }
}
