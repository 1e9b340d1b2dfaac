/** Patterns of feed names, as rules of the configuration and credentials have them. */

/** @param match a name in which `*` stands for any characters and `?` for one; upper and lower case are the same */
export function patternOf(match: string): RegExp {
  return compiled(match, '.');
}

/** Whether every name that the later pattern matches is one that the earlier matches; never true where that is not so. */
export function covers(earlier: string, later: string): boolean {
  // A pattern is like a name of its own kind, but that no `?` may stand for its `*`, which is many names.
  return compiled(earlier, '[^*]').test(later.toLowerCase());
}

function compiled(match: string, one: string): RegExp {
  const escaped = match.toLowerCase().replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('?', one).replaceAll('*', '.*')}$`, 'su');
}
