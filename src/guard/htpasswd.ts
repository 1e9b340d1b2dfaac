/** Apache's files of users and groups: `htpasswd`, of which bcrypt alone is taken, and `htgroup`. */
import { BadValue } from '../config/bad-value.js';

const BCRYPT = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;

/** What a hash is when it is not bcrypt, by how it begins. */
const OTHERS: [RegExp, string][] = [
  [/^\{SHA\}/, 'SHA-1'],
  [/^\$apr1\$/, 'MD5 (apr1)'],
  [/^\$1\$/, 'MD5'],
  [/^\$5\$/, 'SHA-256'],
  [/^\$6\$/, 'SHA-512'],
  [/^\$2/, 'not whole, or a bcrypt that is not known'],
];

/**
 * The users of an htpasswd file with their hashes; of several lines for one user the first counts, as with Apache.
 * @throws BadValue naming the line, never what is in its second field
 */
export function parseHtpasswd(text: string): Map<string, string> {
  const users = new Map<string, string>();
  for (const [line, content] of linesOf(text)) {
    const colon = content.indexOf(':');
    if (colon <= 0) throw new BadValue(`line ${line} is not a user and a hash with a colon between them`);
    const name = content.slice(0, colon);
    const hash = content.slice(colon + 1).replace(/:.*$/s, '');
    if (!BCRYPT.test(hash)) {
      const kind = OTHERS.find(([begin]) => begin.test(hash))?.[1] ?? 'crypt or plain text';
      throw new BadValue(
        `the hash of ${JSON.stringify(name)} (line ${line}) is ${kind}; only bcrypt is taken: htpasswd -B FILE ${name}`,
      );
    }
    if (!users.has(name)) users.set(name, hash);
  }
  return users;
}

/**
 * The groups of each user, by an htgroup file: `group: user user …`; several lines for one group add up.
 * @throws BadValue naming the line
 */
export function parseHtgroup(text: string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [line, content] of linesOf(text)) {
    const [, group, users] = /^([^:\s]+)\s*:(.*)$/.exec(content) ?? [];
    if (group === undefined || users === undefined) {
      throw new BadValue(`line ${line} is not a group, a colon, and users with spaces between them`);
    }
    for (const user of users.split(/\s+/).filter((name) => name !== '')) {
      const known = groups.get(user);
      if (known === undefined) groups.set(user, [group]);
      else if (!known.includes(group)) known.push(group);
    }
  }
  return groups;
}

/** Lines with their numbers, without those that are empty or comments. */
function linesOf(text: string): [number, string][] {
  return text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((content, i): [number, string] => [i + 1, content.trim()])
    .filter(([, content]) => content !== '' && !content.startsWith('#'));
}
