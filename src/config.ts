/** The configuration: file, environment, flags, and a program's own settings, the later before the earlier. */
import { existsSync } from 'node:fs';
import { BadValue } from './config/bad-value.js';
import { parseDatabase } from './config/database.js';
import { ConfigError, type Given, readConfigFile } from './config/file.js';
import { OPTIONS, type OptionKey, type Values, variableOf } from './config/options.js';
import type { DatabaseSettings } from './store/store.js';

export { ConfigError } from './config/file.js';

/** All values, the database's name resolved into what Knex wants. */
export type Settings = Omit<Values, 'database'> & { database: DatabaseSettings; databaseName: string };

/** Where values may come from. */
export interface Sources {
  env?: NodeJS.ProcessEnv;
  /** By flag name without dashes; `config` names the file. */
  flags?: Record<string, unknown>;
  /** A program's own, by `pageSize` and so on. */
  set?: Partial<Record<OptionKey, unknown>>;
}

export interface Resolved {
  settings: Settings;
  /** Where each value came from: `default`, `config.yml:3`, `ATOMMQ_PORT`, `--port`, `set`. */
  sources: Record<OptionKey, string>;
}

const DEFAULT_FILE = 'config.yml';

/** @throws ConfigError with one line that says which value of which source cannot be used */
export function resolveSettings({ env = {}, flags = {}, set = {} }: Sources): Resolved {
  const keys = Object.keys(OPTIONS) as OptionKey[];
  const given: Given[] = [];
  const file = flags.config ?? env.ATOMMQ_CONFIG ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  if (file !== undefined) given.push(...readConfigFile(String(file)));
  for (const key of keys) {
    const name = OPTIONS[key].name;
    const variable = variableOf(name);
    const fromEnv = env[variable];
    if (fromEnv !== undefined && fromEnv !== '') given.push({ key, value: fromEnv, source: variable });
    if (flags[name] !== undefined) given.push({ key, value: flags[name], source: `--${name}` });
  }
  for (const key of Object.keys(set)) {
    if (!Object.hasOwn(OPTIONS, key)) throw new ConfigError(`unknown option ${JSON.stringify(key)}`);
    const value = set[key as OptionKey];
    if (value !== undefined) given.push({ key: key as OptionKey, value, source: 'set' });
  }
  const values: Record<string, unknown> = Object.fromEntries(keys.map((key) => [key, OPTIONS[key].default]));
  const sources = Object.fromEntries(keys.map((key) => [key, 'default'])) as Record<OptionKey, string>;
  for (const { key, value, source } of given) {
    try {
      values[key] = OPTIONS[key].parse(value);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      const shown = 'secret' in OPTIONS[key] ? '' : ` ${JSON.stringify(value)}`;
      throw new ConfigError(`${source}: ${OPTIONS[key].name}${shown} ${error.message}`);
    }
    sources[key] = source;
  }
  const { database, ...rest } = values as unknown as Values;
  return {
    settings: { ...rest, databaseName: database, database: parseDatabase(database, rest.user, rest.password) },
    sources,
  };
}
