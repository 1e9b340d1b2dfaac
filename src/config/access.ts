/** The rules of access: who may do what with which feeds. */
import type { AccessRule } from '../access/access.js';
import type { Permission } from '../access/caller.js';
import { covers } from '../access/pattern.js';
import { BadValue } from './bad-value.js';
import { nearest } from './nearest.js';
import { type RuleKeys, rules } from './rules.js';
import { filledText } from './values.js';

const PERMISSIONS: Permission[] = ['read', 'publish', 'edit', 'admin'];
/** Nothing is allowed by the word, so that an empty list is never taken for one that was forgotten. */
const NOTHING = 'nothing';

const KEYS: RuleKeys<AccessRule> = {
  match: ['match', filledText],
  allow: ['allow', permissions],
  to: ['to', subjects],
};

const EXAMPLE = { match: 'log-*', allow: ['read', 'publish'], to: ['alice', '@staff'] };

/** A list of rules, or the same as JSON. */
export function access(value: unknown): AccessRule[] {
  const list = rules(value, KEYS, EXAMPLE, ({ match, allow, to }): AccessRule => {
    if (match === undefined) throw new BadValue('it needs a match: a feed name, in which * stands for anything');
    if (allow === undefined) throw new BadValue(`it needs an allow: some of ${PERMISSIONS.join(', ')}, or ${NOTHING}`);
    if (to === undefined) throw new BadValue('it needs a to: users, @groups, authenticated or anyone');
    return { match, allow, to };
  });
  // Whoever wrote an empty list did not mean that everybody may do everything.
  if (list.length === 0) throw new BadValue('has no rules; leave it out to let everybody in');
  for (const [i, rule] of list.entries()) {
    const first = list.slice(0, i).findIndex((earlier) => decidesFor(earlier, rule));
    if (first >= 0) {
      throw new BadValue(
        `has a rule ${i + 1} that never counts: rule ${first + 1} comes first and decides for all of its feeds and callers`,
      );
    }
  }
  return list;
}

/** Whether an earlier rule leaves nothing for a later one to decide. */
function decidesFor(earlier: AccessRule, later: AccessRule): boolean {
  if (!covers(earlier.match, later.match)) return false;
  if (earlier.to.includes('anyone')) return true;
  const known = earlier.to.includes('authenticated');
  return later.to.every((one) => earlier.to.includes(one) || (known && one !== 'anyone'));
}

/** Items of a list, or of a text in which commas or spaces stand between them. */
function items(value: unknown): string[] {
  const list = Array.isArray(value) ? value : filledText(value).split(/[\s,]+/);
  return list.map((item) => filledText(item).trim()).filter((item) => item !== '');
}

function permissions(value: unknown): Permission[] {
  const given = items(value);
  if (given.length === 0) throw new BadValue(`must list some of ${PERMISSIONS.join(', ')}, or be ${NOTHING}`);
  if (given.length === 1 && given[0] === NOTHING) return [];
  return given.map((one) => {
    const found = PERMISSIONS.find((permission) => permission === one.toLowerCase());
    if (found !== undefined) return found;
    throw new BadValue(
      `has ${JSON.stringify(one)}; the nearest permission is ${nearest(one, [...PERMISSIONS, NOTHING])}`,
    );
  });
}

function subjects(value: unknown): string[] {
  const given = items(value);
  if (given.length === 0) throw new BadValue('must name users, @groups, authenticated or anyone');
  return given.map((one) => {
    // Both spellings of a group are one, so that rules can be compared.
    const subject = one.replace(/^group:/, '@');
    if (/^(@|user:)?$/.test(subject)) throw new BadValue(`has ${JSON.stringify(one)}, which names nobody`);
    return subject;
  });
}
