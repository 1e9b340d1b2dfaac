/** The one table of options: from it come the file's keys, the variables, the flags, the checks and the help. */
import { BadValue } from './bad-value.js';
import { parseDatabase } from './database.js';

export interface Option<T> {
  /** As a flag; `page_size` in a file, `ATOMMQ_PAGE_SIZE` in the environment, `pageSize` in a program. */
  name: string;
  default: T;
  help: string;
  /** @throws BadValue */
  parse: (value: unknown) => T;
  secret?: true;
  /** The flag takes no value. */
  flag?: true;
}

const text = (value: unknown): string => {
  if (typeof value !== 'string' && typeof value !== 'number') throw new BadValue('must be a text');
  return String(value);
};

const optionalText = (value: unknown): string | undefined => (value === undefined ? undefined : text(value));

const bool = (value: unknown): boolean => {
  if (value === true || value === false) return value;
  if (/^(1|true|yes|on)$/i.test(String(value))) return true;
  if (/^(0|false|no|off)$/i.test(String(value))) return false;
  throw new BadValue('must be true or false');
};

const UNITS: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

const whole =
  (least: number, most: number, size = false) =>
  (value: unknown): number => {
    const match = /^(\d+)\s*(?:([kmg]?)(?:i?b)?)?$/i.exec(String(value).trim());
    const unit = match?.[2]?.toLowerCase() ?? '';
    const number = match === null || (unit !== '' && !size) ? Number.NaN : Number(match[1]) * UNITS[unit]!;
    if (!(number >= least && number <= most)) throw new BadValue(`must be a whole number from ${least} to ${most}`);
    return number;
  };

const oneOf =
  <T extends string>(...names: T[]) =>
  (value: unknown): T => {
    const found = names.find((name) => name === value);
    if (found === undefined) throw new BadValue(`must be one of ${names.join(', ')}`);
    return found;
  };

const list = (value: unknown): string[] => {
  const items = Array.isArray(value) ? value.map(String) : text(value).split(',');
  return items.map((item) => item.trim()).filter((item) => item !== '');
};

const mount = (value: unknown): string => {
  const path = text(value).replace(/\/+$/, '');
  if (path !== '' && !/^(\/[\w.~=-]+)+$/.test(path)) throw new BadValue('must be a path such as /atommq, or /');
  return path;
};

const baseUrl = (value: unknown): string | undefined => {
  if (value === undefined) return undefined;
  const url = text(value);
  if (!URL.canParse(url) || !/^https?:\/\/[^?#]+$/.test(url)) {
    throw new BadValue('must be an http or https address without query');
  }
  return url.replace(/\/+$/, '');
};

const mode = (value: unknown): number | undefined => {
  if (value === undefined) return undefined;
  if (!/^0?[0-7]{3}$/.test(String(value))) throw new BadValue('must be an octal mode such as 0660');
  return Number.parseInt(String(value), 8);
};

const level = (value: unknown): 'debug' | 'info' | 'warning' | 'error' => {
  const name = text(value).toLowerCase();
  if (name === 'errors' || name === 'core') return 'error';
  return oneOf('debug', 'info', 'warning', 'error')(name);
};

const MIB = 1024 * 1024;

/** Every option but `config`, which says where the file is. */
export const OPTIONS = {
  gateway: { name: 'gateway', default: 'http', help: 'http, fastcgi or cgi', parse: oneOf('http', 'fastcgi', 'cgi') },
  host: { name: 'host', default: '127.0.0.1', help: 'address to listen on (http)', parse: text },
  port: { name: 'port', default: 8080, help: 'port to listen on (http); 0 takes a free one', parse: whole(0, 65535) },
  socket: {
    name: 'socket',
    default: undefined,
    help: 'path, port or host:port to listen on (fastcgi)',
    parse: optionalText,
  },
  socketMode: { name: 'socket-mode', default: undefined, help: 'mode of the socket file, such as 0660', parse: mode },
  workers: { name: 'workers', default: 1, help: 'processes that serve', parse: whole(1, 256) },
  mount: { name: 'mount', default: '/atommq', help: 'path that AtomMQ is served under', parse: mount },
  baseUrl: {
    name: 'base-url',
    default: undefined,
    help: 'public address of the mount point, for links',
    parse: baseUrl,
  },
  database: {
    name: 'database',
    default: './atommq.db',
    help: 'a file, a URL such as postgres://…, or a DBI name such as dbi:SQLite:dbname=…',
    parse: (value: unknown) => {
      const name = text(value);
      parseDatabase(name);
      return name;
    },
  },
  user: { name: 'user', default: undefined, help: 'user of the database', parse: optionalText },
  password: {
    name: 'password',
    default: undefined,
    help: 'password of the database',
    parse: optionalText,
    secret: true,
  },
  pageSize: { name: 'page-size', default: 100, help: 'most entries of a page', parse: whole(1, 10_000) },
  pageBytes: {
    name: 'page-bytes',
    default: 4 * MIB,
    help: 'most bytes of entries of a page',
    parse: whole(1024, 1024 * MIB, true),
  },
  maxEntryBytes: {
    name: 'max-entry-bytes',
    default: 4 * MIB,
    help: 'most bytes of a published document',
    parse: whole(1024, 512 * MIB, true),
  },
  cacheBytes: {
    name: 'cache-bytes',
    default: 64 * MIB,
    help: 'most bytes of pages kept in memory',
    parse: whole(0, 65_536 * MIB, true),
  },
  title: { name: 'title', default: 'AtomMQ', help: 'title of the service', parse: text },
  author: { name: 'author', default: 'AtomMQ', help: 'author of feeds, and of entries that name none', parse: text },
  busyTimeout: {
    name: 'busy-timeout',
    default: 10,
    help: 'seconds to wait for a lock of SQLite',
    parse: whole(1, 3600),
  },
  drainTimeout: {
    name: 'drain-timeout',
    default: 30,
    help: 'seconds that running requests get to finish on a stop',
    parse: whole(0, 3600),
  },
  trustedProxies: {
    name: 'trusted-proxies',
    default: [],
    help: 'addresses whose Forwarded fields are believed',
    parse: list,
  },
  trustRemoteUser: {
    name: 'trust-remote-user',
    default: false,
    help: 'believe REMOTE_USER: the web server verified it',
    parse: bool,
    flag: true,
  },
  detach: { name: 'detach', default: false, help: 'run in the background', parse: bool, flag: true },
  pidFile: { name: 'pid-file', default: undefined, help: 'file that holds the process id', parse: optionalText },
  log: { name: 'log', default: 'info', help: 'debug, info, warning or error', parse: level },
  logger: { name: 'logger', default: 'console', help: 'console or file', parse: oneOf('console', 'file') },
  logFile: { name: 'log-file', default: 'atommq.log', help: 'where logger: file writes', parse: text },
} as const satisfies Record<string, Option<unknown>>;

export type OptionKey = keyof typeof OPTIONS;

/** The value of every option, by its name in programs. */
export type Values = { [K in OptionKey]: ReturnType<(typeof OPTIONS)[K]['parse']> };

/** The variable that sets an option. */
export function variableOf(name: string): string {
  return `ATOMMQ_${name.toUpperCase().replaceAll('-', '_')}`;
}
