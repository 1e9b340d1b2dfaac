/** A configuration file, with the line of every key: ours, that of AtomMQ 1.x, or that of AtomBus. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { nearest } from './nearest.js';
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
  const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    throw new ConfigError(`${path}:${lines.linePos(error.pos[0]).line}: ${error.message}`);
  }
  const given: Given[] = [];

  const walk = (node: unknown, visit: (key: string, value: unknown, source: string) => void) => {
    if (!yaml.isMap(node)) {
      if (node === null || node === undefined || (yaml.isScalar(node) && node.value === null)) return;
      const at = yaml.isNode(node) ? (node.range?.[0] ?? 0) : 0;
      throw new ConfigError(`${path}:${lines.linePos(at).line}: keys and values are needed here`);
    }
    for (const { key, value } of node.items) {
      const at = yaml.isScalar(key) ? (key.range?.[0] ?? 0) : 0;
      visit(String(key), value, `${path}:${lines.linePos(at).line}`);
    }
  };
  // A plain scalar counts as it is written: a password 0123 is not the number 123, nor a mode 0o660 432.
  const plain = (node: unknown): unknown => {
    const value = yaml.isAlias(node) ? node.resolve(document) : node;
    if (yaml.isSeq(value)) return value.items.map(plain);
    if (yaml.isMap(value)) return Object.fromEntries(value.items.map((pair) => [String(pair.key), plain(pair.value)]));
    if (yaml.isScalar(value)) return typeof value.value === 'string' ? value.value : value.source;
    return yaml.isNode(value) ? value.toJS(document) : value;
  };
  const give = (key: OptionKey, node: unknown, source: string) => {
    const value = plain(node);
    // A key that has nothing behind it, as `password:`, is not set.
    if (value === undefined || value === null || value === '' || value === '~' || value === 'null') return;
    const before = given.find((one) => one.key === key);
    if (before !== undefined)
      throw new ConfigError(`${source}: ${OPTIONS[key].name} is there already (${before.source})`);
    given.push({ key, value, source });
  };
  const perl = (key: string, value: unknown, source: string) => {
    if (!Object.hasOwn(OF_PERL, key)) throw unknownKey(key, source, Object.keys(OF_PERL));
    const ours = OF_PERL[key];
    if (ours !== undefined) give(ours, value, source);
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
        else if (inner === 'page_size') give('pageSize', innerValue, at);
        else throw unknownKey(inner, at, ['page_size', 'db']);
      });
    } else if (KEYS.has(key)) give(KEYS.get(key)!, value, source);
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
  return new ConfigError(
    `${source}: unknown key ${JSON.stringify(key)}; the nearest known one is ${nearest(key, known)}`,
  );
}
