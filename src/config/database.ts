/** Names of databases — files, URLs, and the DBI names of Perl — as Knex wants them. */
import type { DatabaseSettings } from '../store/store.js';
import { BadValue } from './bad-value.js';

/** Perl's drivers, ours, and what their parameters are called here. */
const DRIVERS: Record<string, { client: string; parameters: Record<string, string> }> = {
  sqlite: { client: 'sqlite3', parameters: { dbname: 'filename', database: 'filename', db: 'filename' } },
  pg: {
    client: 'pg',
    parameters: {
      dbname: 'database',
      database: 'database',
      db: 'database',
      host: 'host',
      port: 'port',
      user: 'user',
      username: 'user',
      password: 'password',
      sslmode: 'sslmode',
    },
  },
  mysql: {
    client: 'mysql2',
    parameters: {
      database: 'database',
      dbname: 'database',
      db: 'database',
      host: 'host',
      hostname: 'host',
      port: 'port',
      user: 'user',
      password: 'password',
      mysql_socket: 'socketPath',
    },
  },
};
DRIVERS.mariadb = DRIVERS.mysql!;

const SCHEMES: Record<string, string> = { postgres: 'pg', postgresql: 'pg', mysql: 'mysql2', mariadb: 'mysql2' };

/**
 * @param name `bus.db`, `sqlite:bus.db`, `postgres://user@host/bus`, `dbi:SQLite:dbname=bus.db`…
 * @throws BadValue
 */
export function parseDatabase(name: string, user?: string, password?: string): DatabaseSettings {
  const credentials = { ...(user === undefined ? {} : { user }), ...(password === undefined ? {} : { password }) };
  if (/^dbi:/i.test(name)) return parseDbi(name, credentials);
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(name)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'sqlite' && scheme !== 'file') return parseUrl(name, scheme, credentials);
  const filename = name.replace(/^(sqlite|file):(\/\/)?/i, '');
  if (filename === '') throw new BadValue('names no file');
  return { client: 'sqlite3', connection: { filename } };
}

function parseUrl(name: string, scheme: string, credentials: object): DatabaseSettings {
  const client = SCHEMES[scheme];
  if (client === undefined)
    throw new BadValue(`has the unknown scheme ${scheme}:// (known: sqlite, ${Object.keys(SCHEMES).join(', ')})`);
  if (!URL.canParse(name)) throw new BadValue('is not a URL');
  const url = new URL(name);
  const part = (key: string, value: string) => (value === '' ? {} : { [key]: decodeURIComponent(value) });
  return {
    client,
    connection: {
      ...part('host', url.hostname),
      ...(url.port === '' ? {} : { port: Number(url.port) }),
      ...part('user', url.username),
      ...part('password', url.password),
      ...part('database', url.pathname.slice(1)),
      ...Object.fromEntries(url.searchParams),
      ...credentials,
    },
  };
}

function parseDbi(name: string, credentials: object): DatabaseSettings {
  const [, driverName = '', rest = ''] = /^dbi:([^:(]*)(?:\([^)]*\))?:(.*)$/i.exec(name) ?? [];
  const driver = Object.hasOwn(DRIVERS, driverName.toLowerCase()) ? DRIVERS[driverName.toLowerCase()] : undefined;
  if (driver === undefined)
    throw new BadValue(
      `names the unknown DBI driver ${JSON.stringify(driverName)} (known: SQLite, Pg, mysql, MariaDB)`,
    );
  const connection: Record<string, unknown> = {};
  for (const pair of rest.split(';').filter((piece) => piece !== '')) {
    const [key = '', value] = pair.split(/=(.*)/s);
    // `dbi:SQLite:file.db` and `dbi:mysql:name` name the database alone.
    const parameter = value === undefined ? 'dbname' : key.trim().toLowerCase();
    const ours = Object.hasOwn(driver.parameters, parameter) ? driver.parameters[parameter]! : undefined;
    if (ours === undefined) {
      throw new BadValue(
        `has the unknown DBI parameter ${JSON.stringify(key)} (known: ${Object.keys(driver.parameters).join(', ')})`,
      );
    }
    connection[ours] = ours === 'port' ? Number(value) : (value ?? key);
  }
  if (driver.client === 'sqlite3') {
    if (!connection.filename) throw new BadValue('names no file');
    return { client: 'sqlite3', connection };
  }
  return { client: driver.client, connection: { ...connection, ...credentials } };
}

/** A database's name with its password hidden. */
export function maskDatabase(name: string): string {
  return name.replace(/(\/\/[^:/@]*:)[^@]*@/, '$1***@').replace(/(password=)[^;&]*/gi, '$1***');
}
