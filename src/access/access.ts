/** Authorization: the rules of the configuration, by feed names and callers. */
import type { Caller, Permission } from './caller.js';
import { patternOf } from './pattern.js';

/** One rule; the first that matches a feed and names a caller decides what this caller may do there. */
export interface AccessRule {
  /** A name in lower case, in which `*` stands for any characters and `?` for one. */
  match: string;
  /** What it allows; whatever it does not list is denied. `admin` is all of them. */
  allow: Permission[];
  /** `anyone`, `authenticated`, `@GROUP` or `group:GROUP`, and users by their names or as `user:NAME`. */
  to: string[];
}

/** Nobody who is known. */
export const ANYONE: Caller = Object.freeze({ name: undefined, groups: Object.freeze([]) });

/** What holds where callers say who they are and the configuration has no rules. */
export const AUTHENTICATED_ONLY: AccessRule[] = [{ match: '*', allow: ['admin'], to: ['authenticated'] }];

export interface AccessOptions {
  /** Whether there are credentials by which somebody unknown could become somebody who may. */
  credentials: boolean;
}

/** Whom a rule is for. */
interface Subjects {
  anyone: boolean;
  authenticated: boolean;
  users: Set<string>;
  groups: Set<string>;
}

interface Rule {
  match: string;
  pattern: RegExp;
  allow: Permission[];
  subjects: Subjects;
}

/** So many patterns of credentials are kept compiled. */
const MOST_PATTERNS = 1000;

export class Access {
  /** Whether there are credentials by which somebody unknown could become somebody who may. */
  readonly credentials: boolean;
  readonly #rules: Rule[];
  readonly #patterns = new Map<string, RegExp>();

  constructor(rules: AccessRule[], { credentials }: AccessOptions) {
    this.credentials = credentials;
    this.#rules = rules.map(({ match, allow, to }) => ({
      match,
      pattern: patternOf(match),
      allow,
      subjects: subjectsOf(to),
    }));
  }

  /**
   * Whether a caller may do something with a feed, be it there or not.
   * @param caller undefined is a program's own call, which may do everything
   * @param feed its name in lower case
   */
  may(caller: Caller | undefined, permission: Permission, feed: string): boolean {
    if (caller === undefined) return true;
    if (!this.#withinScope(caller, permission, feed)) return false;
    const rule = this.#rules.find(({ pattern, subjects }) => pattern.test(feed) && names(subjects, caller));
    return rule !== undefined && includes(rule.allow, permission);
  }

  /** Whether anyone at all may read a feed, so that its pages are the same for all. */
  isOpen(feed: string): boolean {
    return this.may(ANYONE, 'read', feed);
  }

  /** Whether there may be feeds with which a caller may do something; which ones is for {@link may} to say. */
  maySomewhere(caller: Caller | undefined, permission: Permission): boolean {
    if (caller === undefined) return true;
    if (caller.scope !== undefined && !includes(caller.scope.permissions, permission)) return false;
    return this.#rules.some(({ allow, subjects }) => includes(allow, permission) && names(subjects, caller));
  }

  /** Whether a caller administers the whole server: the first rule for `*` that names them says `admin`. */
  mayAdmin(caller: Caller | undefined): boolean {
    if (caller === undefined) return true;
    if (caller.scope !== undefined) {
      const { permissions, feeds } = caller.scope;
      if (!permissions.includes('admin') || feeds?.includes('*') === false) return false;
    }
    const rule = this.#rules.find(({ match, subjects }) => match === '*' && names(subjects, caller));
    return rule?.allow.includes('admin') === true;
  }

  #withinScope({ scope }: Caller, permission: Permission, feed: string): boolean {
    if (scope === undefined) return true;
    if (!includes(scope.permissions, permission)) return false;
    return scope.feeds === undefined || scope.feeds.some((pattern) => this.#pattern(pattern).test(feed));
  }

  #pattern(match: string): RegExp {
    let pattern = this.#patterns.get(match);
    if (pattern === undefined) {
      pattern = patternOf(match);
      if (this.#patterns.size >= MOST_PATTERNS) this.#patterns.clear();
      this.#patterns.set(match, pattern);
    }
    return pattern;
  }
}

function includes(permissions: readonly Permission[], wanted: Permission): boolean {
  return permissions.includes(wanted) || permissions.includes('admin');
}

/** Whoever has not said who they are is in no group. */
function names({ anyone, authenticated, users, groups }: Subjects, { name, groups: ofCaller }: Caller): boolean {
  if (anyone) return true;
  if (name === undefined) return false;
  return authenticated || users.has(name) || (groups.size > 0 && ofCaller.some((group) => groups.has(group)));
}

function subjectsOf(to: string[]): Subjects {
  const subjects: Subjects = { anyone: false, authenticated: false, users: new Set(), groups: new Set() };
  for (const one of to) {
    const [, kind, name = one] = /^(@|group:|user:)(.*)$/s.exec(one) ?? [];
    if (kind === 'user:') subjects.users.add(name);
    else if (kind !== undefined) subjects.groups.add(name);
    else if (one === 'anyone' || one === 'authenticated') subjects[one] = true;
    else subjects.users.add(one);
  }
  return subjects;
}
