/** The configuration: file, environment, flags, and a program's own settings, the later before the earlier. */
import { existsSync, readFileSync } from 'node:fs';
import { BadValue } from './config/bad-value.js';
import { maskDatabase, parseDatabase } from './config/database.js';
import { ConfigError, type Given, readConfigFile } from './config/file.js';
import { nearest } from './config/nearest.js';
import { OPTIONS, type OptionKey, type Values, variableOf } from './config/options.js';
import type { DatabaseSettings } from './store/store.js';

export { ConfigError } from './config/file.js';

/** All values, the databases' names resolved into what Knex wants. */
export type Settings = Omit<Values, 'database' | 'databaseRead'> & {
  database: DatabaseSettings;
  databaseName: string;
  databaseRead: DatabaseSettings | undefined;
  databaseReadName: string | undefined;
};

/** Where values may come from. */
export interface Sources {
  /** The configuration file; false for none, whatever else names one. By default `config`, or `./config.yml` if it is there. */
  file?: string | false;
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
  /** Lines about what was given but has no effect. */
  warnings: string[];
}

const DEFAULT_FILE = 'config.yml';
const KEYS = Object.keys(OPTIONS) as OptionKey[];

/** Variables that are not options: `config` comes before them, some are of commands, the others are for our own processes and tests. */
const OTHER_VARIABLES =
  /^ATOMMQ_(CONFIG|FROM|TO|URL|TOKEN|ID|FEED|TITLE|DETACHED|SEED|(TEST|FUZZ|FAULT|BENCH|SOAK|CLUSTER)_.*)$/;

/**
 * Relative file names in any of the sources count from the working directory.
 * @throws ConfigError with one line that says which value of which source cannot be used
 */
export function resolveSettings({ file, env = {}, flags = {}, set = {} }: Sources): Resolved {
  const values: Record<string, unknown> = {};
  const sources = {} as Record<OptionKey, string>;
  // How late each value came: a password in a file must not go with one that a flag gave.
  const ranks: Partial<Record<OptionKey, number>> = {};
  for (const key of KEYS) {
    values[key] = OPTIONS[key].default;
    sources[key] = 'default';
  }
  const layers = [fromFile(file, env, flags), fromEnvironment(env), fromFlags(flags), fromProgram(set)];
  for (const [rank, layer] of layers.entries()) {
    for (const given of layer) {
      values[given.key] = parse(given);
      sources[given.key] = given.source;
      ranks[given.key] = rank;
    }
  }
  const { database: databaseName, databaseRead: databaseReadName, ...rest } = values as unknown as Values;
  const password = passwordOf(rest, sources, ranks);
  // A URL with credentials of its own is not undone by those of an earlier source.
  const isLate = (key: OptionKey) => (ranks[key] ?? -1) >= (ranks.database ?? -1);
  const inName = parseDatabase(databaseName).connection;
  const user = isLate('user') || inName.user === undefined ? rest.user : undefined;
  const late = isLate('password') || isLate('passwordFile') || inName.password === undefined;
  const database = parseDatabase(databaseName, user, late ? password : undefined);
  const names = { databaseName, databaseReadName };
  const databaseRead = replicaOf(databaseReadName, database);
  return {
    settings: { ...rest, ...names, password, database, databaseRead },
    sources,
    warnings: [...unknownVariables(env), ...unknownCallers(rest)],
  };
}

/** A replica has the same users, so it takes the database's where its name has none. */
function replicaOf(name: string | undefined, { connection }: DatabaseSettings): DatabaseSettings | undefined {
  if (name === undefined) return undefined;
  const { user, password } = parseDatabase(name).connection;
  const credentials = user === undefined && password === undefined ? connection : { user, password };
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return parseDatabase(name, text(credentials.user), text(credentials.password));
}

function fromFile(file: Sources['file'], env: NodeJS.ProcessEnv, flags: Record<string, unknown>): Given[] {
  if (file === false) return [];
  const named = file ?? flags.config ?? (env.ATOMMQ_CONFIG || undefined);
  if (named !== undefined) return readConfigFile(String(named));
  return existsSync(DEFAULT_FILE) ? readConfigFile(DEFAULT_FILE) : [];
}

/** An empty variable is as good as none: shells and unit files have no other way to take one back. */
function fromEnvironment(env: NodeJS.ProcessEnv): Given[] {
  return KEYS.flatMap((key) => {
    const source = variableOf(OPTIONS[key].name);
    const value = env[source];
    return value === undefined || value === '' ? [] : [{ key, value, source }];
  });
}

function fromFlags(flags: Record<string, unknown>): Given[] {
  return KEYS.flatMap((key) => {
    const { name } = OPTIONS[key];
    return flags[name] === undefined ? [] : [{ key, value: flags[name], source: `--${name}` }];
  });
}

function fromProgram(set: Record<string, unknown>): Given[] {
  return Object.entries(set).flatMap(([key, value]) => {
    if (!Object.hasOwn(OPTIONS, key)) {
      throw new ConfigError(`unknown option ${JSON.stringify(key)}; the nearest known one is ${nearest(key, KEYS)}`);
    }
    return value === undefined ? [] : [{ key: key as OptionKey, value, source: 'set' }];
  });
}

function parse({ key, value, source }: Given): unknown {
  try {
    return OPTIONS[key].parse(value);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    const quoted = key === 'database' || key === 'databaseRead' ? maskDatabase(String(value)) : value;
    const shown = 'secret' in OPTIONS[key] ? '' : ` ${JSON.stringify(quoted)}`;
    throw new ConfigError(`${source}: ${OPTIONS[key].name}${shown} ${error.message}`);
  }
}

/** The password itself or the one in the file, whichever was said later. */
function passwordOf(
  { password, passwordFile }: Pick<Values, 'password' | 'passwordFile'>,
  sources: Resolved['sources'],
  ranks: Partial<Record<OptionKey, number>>,
): string | undefined {
  if (passwordFile === undefined) return password;
  if (ranks.password === ranks.passwordFile) {
    throw new ConfigError(`${sources.passwordFile}: either password or password-file, not both (${sources.password})`);
  }
  if ((ranks.password ?? -1) > ranks.passwordFile!) return password;
  try {
    return readFileSync(passwordFile, 'utf8').split(/\r?\n/, 1)[0];
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new ConfigError(`${sources.passwordFile}: password-file ${passwordFile} cannot be read (${code})`);
  }
}

type Asking = Pick<Values, 'access' | 'htpasswdFile' | 'jwtJwks' | 'tokens' | 'trustRemoteUser'>;

/** Rules for callers whom nobody asks who they are. */
function unknownCallers({ access, htpasswdFile, jwtJwks, tokens, trustRemoteUser }: Asking): string[] {
  if (htpasswdFile !== undefined || jwtJwks !== undefined || tokens === true || trustRemoteUser) return [];
  const named = access.flatMap(({ to }) => to).find((one) => one !== 'anyone');
  if (named === undefined) return [];
  return [
    `access has a rule for ${JSON.stringify(named)}, and nobody is asked who they are: that takes htpasswd-file, tokens, jwt-jwks or trust-remote-user`,
  ];
}

function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const known = KEYS.map((key) => variableOf(OPTIONS[key].name));
  return Object.keys(env)
    .filter((name) => name.startsWith('ATOMMQ_') && !known.includes(name) && !OTHER_VARIABLES.test(name))
    .map((name) => `${name} is not a variable of AtomMQ's; the nearest one is ${nearest(name, known)}`);
}
