/** A configuration file, with the line of every key: ours, that of AtomMQ 1.x, or that of AtomBus. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { OPTIONS, type OptionKey } from './options.js';

/** A setting as some source gave it. */
export interface Given {
  key: OptionKey;
  value: unknown;
  /** Where it stands, for people: `config.yml:3`, `ATOMMQ_PORT`, `--port`. */
  source: string;
}

/** A configuration that cannot be used: one line that says what is wrong and where. */
export class ConfigError extends Error {}

/** Keys that a Dancer application's file may have and that mean nothing here. */
const OF_DANCER = new Set(
  (
    'appname apphandler charset layout template engines session warnings show_errors auto_page startup_info serializer ' +
    'environment views public confdir appdir import_warnings access_log daemon server traces strict_config'
  ).split(' '),
);

const KEYS = new Map<string, OptionKey>(
  (Object.keys(OPTIONS) as OptionKey[]).flatMap((key) => [
    [OPTIONS[key].name, key],
    [OPTIONS[key].name.replaceAll('-', '_'), key],
  ]),
);
/** What the two Perl programs called what we call otherwise. */
const OF_PERL: Record<string, OptionKey | undefined> = {
  dsn: 'database',
  user: 'user',
  pass: 'password',
  password: 'password',
  schema_class: undefined,
};

/**
 * Reads a file.
 * @throws ConfigError naming file and line
 */
export function readConfigFile(path: string): Given[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  // Loaded only where there is a file: a CGI process without one does not pay for it.
  const yaml = createRequire(import.meta.url)('yaml') as typeof import('yaml');
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    throw new ConfigError(`${path}:${lines.linePos(error.pos[0]).line}: ${error.message.split('\n')[0]}`);
  }
  const given: Given[] = [];

  const walk = (node: unknown, visit: (key: string, value: unknown, source: string) => void) => {
    if (!yaml.isMap(node)) {
      if (node !== null && node !== undefined) throw new ConfigError(`${path}: keys and values are needed here`);
      return;
    }
    for (const { key, value } of node.items) {
      const at = yaml.isScalar(key) ? (key.range?.[0] ?? 0) : 0;
      visit(String(key), value, `${path}:${lines.linePos(at).line}`);
    }
  };
  const plain = (value: unknown) => (yaml.isNode(value) ? value.toJS(document) : value);
  const perl = (key: string, value: unknown, source: string) => {
    if (!Object.hasOwn(OF_PERL, key)) throw unknownKey(key, source, Object.keys(OF_PERL));
    const ours = OF_PERL[key];
    if (ours !== undefined) given.push({ key: ours, value: plain(value), source });
  };
  const plugin = (wanted: string, inner: typeof perl) => (key: string, value: unknown, source: string) => {
    if (key !== wanted) throw unknownKey(key, source, [wanted]);
    walk(value, inner);
  };

  walk(document.contents, (key, value, source) => {
    if (key === 'plugins') walk(value, plugin('DBIC', plugin('atommq', perl)));
    else if (key === 'atombus') {
      walk(value, (inner, innerValue, at) => {
        if (inner === 'db') walk(innerValue, perl);
        else if (inner === 'page_size') given.push({ key: 'pageSize', value: plain(innerValue), source: at });
        else throw unknownKey(inner, at, ['page_size', 'db']);
      });
    } else if (KEYS.has(key)) given.push({ key: KEYS.get(key)!, value: plain(value), source });
    else if (!OF_DANCER.has(key))
      throw unknownKey(
        key,
        source,
        [...KEYS.keys()].filter((name) => !name.includes('-')),
      );
  });
  return given;
}

function unknownKey(key: string, source: string, known: string[]): ConfigError {
  const [nearest] = known
    .map((name) => ({ name, distance: editDistance(key, name) }))
    .sort((a, b) => a.distance - b.distance);
  return new ConfigError(`${source}: unknown key ${JSON.stringify(key)}; the nearest known one is ${nearest?.name}`);
}

/** Levenshtein's distance. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
