/** The kinds of values that options have: each reads what a file, a variable, a flag or a program gave. */
import { isIP } from 'node:net';
import { BadValue } from './bad-value.js';

export const text = (value: unknown): string => {
  if (typeof value !== 'string' && typeof value !== 'number') throw new BadValue('must be a text');
  return String(value);
};

export const filledText = (value: unknown): string => {
  const given = text(value);
  if (given === '') throw new BadValue('must not be empty');
  return given;
};

export const optional =
  <T>(read: (value: unknown) => T) =>
  (value: unknown): T | undefined =>
    value === undefined ? undefined : read(value);

export const bool = (value: unknown): boolean => {
  if (value === true || value === false) return value;
  if (/^(1|true|yes|on)$/i.test(String(value))) return true;
  if (/^(0|false|no|off)$/i.test(String(value))) return false;
  throw new BadValue('must be true or false');
};

export const whole =
  (least: number, most: number) =>
  (value: unknown): number => {
    const number = /^\d+$/.test(String(value).trim()) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most)) throw new BadValue(`must be a whole number from ${least} to ${most}`);
    return number;
  };

const UNITS: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Bytes: `4194304`, `4MiB`, `64k`; every unit is a power of 1024. */
export const size =
  (least: number, most: number) =>
  (value: unknown): number => {
    const [, digits, unit = ''] = /^(\d+)\s*([kmg]?)(?:i?b)?$/i.exec(String(value).trim()) ?? [];
    const number = digits === undefined ? Number.NaN : Number(digits) * UNITS[unit.toLowerCase()]!;
    if (!(number >= least && number <= most)) {
      throw new BadValue(`must be a size from ${least} to ${most} bytes, such as 4194304 or 4MiB`);
    }
    return number;
  };

/** One of some words, which the help and the completion of shells name. */
export const choice = <T extends string>(...values: T[]) => ({
  values,
  parse: (value: unknown): T => {
    const found = values.find((name) => name === value);
    if (found === undefined) throw new BadValue(`must be one of ${values.join(', ')}`);
    return found;
  },
});

/** Addresses and CIDR ranges; separated by commas where they come as one text. */
export const addresses = (value: unknown): string[] => {
  const items = listOf(value);
  for (const item of items) {
    const [address = '', bits, ...more] = item.split('/');
    const most = isIP(address) === 6 ? 128 : 32;
    const isRange = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
    if (isIP(address) === 0 || !isRange || more.length > 0) {
      throw new BadValue('must list IP addresses or ranges such as 10.0.0.0/8');
    }
  }
  return items;
};

/** Addresses, CIDR ranges and names of hosts; separated by commas where they come as one text. */
export const hosts = (value: unknown): string[] => {
  const items = listOf(value).map((item) => item.toLowerCase());
  for (const item of items) {
    if (/^(?!-)[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(item) && /[a-z]/.test(item)) continue;
    try {
      addresses(item);
    } catch {
      throw new BadValue('must list IP addresses, ranges such as 10.0.0.0/8, or names of hosts');
    }
  }
  return items;
};

/** Names and addresses that a `Host` may have, without port; `*` is any, `*.example.org` what is below a name. */
export const hostNames = (value: unknown): string[] => {
  const items = listOf(value).map((item) => item.toLowerCase());
  for (const item of items) {
    if (item === '*' || /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(item) || isIP(item.replace(/^\[|\]$/g, '')) === 6) {
      continue;
    }
    throw new BadValue('must list names of hosts without port, such as example.org or *.example.org; or be *');
  }
  return items;
};

/** Origins as browsers send them: scheme, host and port. */
export const origins = (value: unknown): string[] =>
  listOf(value).map((item) => {
    const url = URL.canParse(item) ? new URL(item) : undefined;
    if (item === '*' || url?.origin === item.toLowerCase().replace(/\/$/, '')) return item === '*' ? item : url!.origin;
    throw new BadValue('must list origins such as https://app.example.org, without path and default port; or be *');
  });

function listOf(value: unknown): string[] {
  return (Array.isArray(value) ? value.map(String) : text(value).split(','))
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

export const mount = (value: unknown): string => {
  const path = text(value).replace(/\/+$/, '');
  if (path !== '' && (!/^(\/[\w.~=-]+)+$/.test(path) || /\/\.{1,2}(\/|$)/.test(path))) {
    throw new BadValue('must be a path such as /atommq, or /');
  }
  return path;
};

export const baseUrl = (value: unknown): string => {
  const url = text(value);
  if (!URL.canParse(url) || !/^https?:\/\/[^?#]+$/i.test(url)) {
    throw new BadValue('must be an http or https address without query');
  }
  return url.replace(/\/+$/, '');
};

/** A file, or an http or https address. */
export const jwks = (value: unknown): string => {
  const place = filledText(value);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(place) && !(/^https?:/i.test(place) && URL.canParse(place))) {
    throw new BadValue('must be a file, or an http or https address');
  }
  return place;
};

/** A file's mode; a program gives the number itself, everybody else its octal digits. */
export const mode = (value: unknown): number => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0o777) return value;
  const [, digits] = /^(?:0o|0)?([0-7]{3})$/.exec(String(value)) ?? [];
  if (digits === undefined) throw new BadValue('must be an octal mode such as 0660');
  return Number.parseInt(digits, 8);
};

/** Levels of the log, by our names and by Dancer's. */
const LEVELS = { core: 'debug', debug: 'debug', info: 'info', warning: 'warning', error: 'error' } as const;

export const level = (value: unknown): 'debug' | 'info' | 'warning' | 'error' => {
  const name = text(value)
    .toLowerCase()
    .replace(/s$/, '')
    .replace(/^warn$/, 'warning');
  if (!Object.hasOwn(LEVELS, name)) throw new BadValue('must be one of debug, info, warning, error');
  return LEVELS[name as keyof typeof LEVELS];
};

/** Most bytes of a socket's path: Linux has room for so many, and Node 20 cuts what is longer without a word. */
const MOST_PATH = 107;

/** A path, a port, or a host and a port. */
export const socket = (value: unknown): string => {
  const given = filledText(value);
  const [, port] = /^(?:[^/]*:)?(\d+)$/.exec(given) ?? [];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) {
    throw new BadValue('must be a path, or a port from 1 to 65535');
  }
  if (port === undefined && Buffer.byteLength(given) > MOST_PATH) {
    throw new BadValue(`must be a path of at most ${MOST_PATH} bytes, or a port`);
  }
  return given;
};
