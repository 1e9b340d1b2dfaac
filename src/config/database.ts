/** Names of databases — files, URLs, and the DBI names of Perl — as Knex wants them. */
import { readFileSync } from 'node:fs';
import type { DatabaseSettings } from '../store/store.js';
import { BadValue } from './bad-value.js';

/** A parameter's name for Knex, and how its value is read. */
type Parameter = [name: string, read?: (value: string) => unknown];
type Parameters = Record<string, Parameter>;

const port = (value: string): number => {
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535) throw new BadValue(`has the port ${JSON.stringify(value)}`);
  return Number(value);
};
const milliseconds = (value: string): number => {
  if (!/^\d{1,5}$/.test(value)) throw new BadValue('has a timeout that is not a number of seconds');
  return Number(value) * 1000;
};

/** What node-postgres wants for each of libpq's modes; it cannot try TLS first and then do without. */
const SSL_MODES: Record<string, unknown> = {
  disable: false,
  allow: false,
  prefer: false,
  require: { rejectUnauthorized: false },
  // The certificate must be of a known authority, whatever name is in it.
  'verify-ca': { rejectUnauthorized: true, checkServerIdentity: () => undefined },
  'verify-full': { rejectUnauthorized: true },
};
const sslMode = (value: string): unknown => {
  if (!Object.hasOwn(SSL_MODES, value)) {
    throw new BadValue(`has the sslmode ${JSON.stringify(value)} (known: ${Object.keys(SSL_MODES).join(', ')})`);
  }
  return SSL_MODES[value];
};
/** Certificates of authorities; see {@link withAuthority} for what becomes of them. */
const certificates = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new BadValue(`names the certificates ${JSON.stringify(file)}, which cannot be read (${code})`);
  }
};
const mysqlSsl = (value: string): unknown => (value === '1' ? { rejectUnauthorized: false } : undefined);

const DATABASE: Parameters = { dbname: ['database'], database: ['database'], db: ['database'] };
const PERSON: Parameters = { user: ['user'], username: ['user'], password: ['password'] };

const SQLITE: Parameters = { dbname: ['filename'], database: ['filename'], db: ['filename'] };
const PG: Parameters = {
  ...DATABASE,
  ...PERSON,
  host: ['host'],
  hostaddr: ['host'],
  port: ['port', port],
  sslmode: ['ssl', sslMode],
  sslrootcert: ['ca', certificates],
  connect_timeout: ['connectionTimeoutMillis', milliseconds],
  application_name: ['application_name'],
};
const MYSQL: Parameters = {
  ...DATABASE,
  ...PERSON,
  host: ['host'],
  hostname: ['host'],
  port: ['port', port],
  mysql_socket: ['socketPath'],
  mariadb_socket: ['socketPath'],
  mysql_ssl: ['ssl', mysqlSsl],
  mysql_ssl_ca_file: ['ca', certificates],
  mysql_connect_timeout: ['connectTimeout', milliseconds],
  // Text is UTF-8 here in any case.
  mysql_enable_utf8: ['', () => undefined],
  mysql_enable_utf8mb4: ['', () => undefined],
};

/** Of URLs alone: DBI's drivers for these take their names in other ways. */
const MSSQL: Parameters = { ...DATABASE, ...PERSON, host: ['server'], port: ['port', port] };
const ORACLE: Parameters = { ...DATABASE, ...PERSON, host: ['host'], port: ['port', port] };

/** DBI's drivers by their names in lower case; also the schemes of URLs. */
const DRIVERS: Record<string, { client: string; parameters: Parameters }> = {
  sqlite: { client: 'sqlite3', parameters: SQLITE },
  pg: { client: 'pg', parameters: PG },
  mysql: { client: 'mysql2', parameters: MYSQL },
  mariadb: { client: 'mysql2', parameters: MYSQL },
};
const SCHEMES: Record<string, { client: string; parameters: Parameters }> = {
  postgres: DRIVERS.pg!,
  postgresql: DRIVERS.pg!,
  mysql: DRIVERS.mysql!,
  mariadb: DRIVERS.mariadb!,
  cockroachdb: { client: 'cockroachdb', parameters: PG },
  yugabytedb: { client: 'cockroachdb', parameters: PG },
  mssql: { client: 'mssql', parameters: MSSQL },
  oracledb: { client: 'oracledb', parameters: ORACLE },
};

/**
 * @param name `bus.db`, `sqlite:bus.db`, `better-sqlite3:bus.db`, `postgres://user@host/bus`, `dbi:SQLite:dbname=bus.db`…
 * @param user and `password`: count before those in the name
 * @throws BadValue, which never quotes the whole name: it may hold a password
 */
export function parseDatabase(name: string, user?: string, password?: string): DatabaseSettings {
  const credentials = { ...(user === undefined ? {} : { user }), ...(password === undefined ? {} : { password }) };
  if (/^dbi:/i.test(name)) return parseDbi(name, credentials);
  const better = /^better-sqlite3:(?:\/\/)?(.*)$/is.exec(name)?.[1];
  if (better === '') throw new BadValue('names no file');
  if (better !== undefined) return { client: 'better-sqlite3', connection: { filename: better } };
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(name)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'sqlite' && scheme !== 'file') return parseUrl(name, scheme, credentials);
  const filename = name.replace(/^(sqlite|file):(\/\/)?/i, '');
  if (filename === '') throw new BadValue('names no file');
  return { client: 'sqlite3', connection: { filename } };
}

function parseUrl(name: string, scheme: string, credentials: object): DatabaseSettings {
  const driver = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  if (driver === undefined) {
    const known = ['sqlite', 'better-sqlite3', ...Object.keys(SCHEMES)].join(', ');
    throw new BadValue(`has the unknown scheme ${scheme}:// (known: ${known})`);
  }
  const connection: Record<string, unknown> = {};
  try {
    const url = new URL(name);
    const parts = {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      user: url.username,
      password: url.password,
      database: url.pathname.slice(1),
    };
    for (const [key, value] of Object.entries(parts)) if (value !== '') connection[key] = decodeURIComponent(value);
    if (url.port !== '') connection.port = Number(url.port);
    for (const [key, value] of url.searchParams) set(connection, driver.parameters, 'URL', key, value);
  } catch (error) {
    throw error instanceof BadValue ? error : new BadValue('is not a URL');
  }
  const { client } = driver;
  if (client === 'mssql') renameHost(connection);
  if (client === 'oracledb') connectString(connection);
  return { client, connection: { ...withAuthority(connection), ...credentials } };
}

/** The driver of SQL Server has a name of its own for the host. */
function renameHost(connection: Record<string, unknown>): void {
  connection.server = connection.host;
  delete connection.host;
}

/** Oracle's driver wants host, port and database as one. */
function connectString(connection: Record<string, unknown>): void {
  const { host = 'localhost', port: number = 1521, database = '' } = connection;
  connection.connectString = `${host}:${number}/${database}`;
  for (const key of ['host', 'port', 'database']) delete connection[key];
}

/** Whoever names authorities wants the server's certificate to be from one; only `verify-full` looks at the name in it. */
function withAuthority({ ca, ssl, ...connection }: Record<string, unknown>): Record<string, unknown> {
  if (ca === undefined) return ssl === undefined ? connection : { ...connection, ssl };
  if (ssl === false) throw new BadValue('names certificates, yet wants no TLS');
  const mode = ssl as { rejectUnauthorized?: boolean } | undefined;
  return {
    ...connection,
    ssl: { ...(mode?.rejectUnauthorized === true ? mode : (SSL_MODES['verify-ca'] as object)), ca },
  };
}

function parseDbi(name: string, credentials: object): DatabaseSettings {
  const [, driverName = '', rest = ''] = /^dbi:([^:(]*)(?:\([^)]*\))?:(.*)$/is.exec(name) ?? [];
  const driver = Object.hasOwn(DRIVERS, driverName.toLowerCase()) ? DRIVERS[driverName.toLowerCase()] : undefined;
  if (driver === undefined) {
    throw new BadValue(
      `names the unknown DBI driver ${JSON.stringify(driverName)} (known: SQLite, Pg, mysql, MariaDB)`,
    );
  }
  const connection: Record<string, unknown> = {};
  for (const pair of rest.split(';').filter((piece) => piece.trim() !== '')) {
    const [key = '', value] = pair.split(/=(.*)/s);
    // `dbi:SQLite:file.db` and `dbi:mysql:name` name the database alone.
    if (value === undefined) set(connection, driver.parameters, 'DBI', 'dbname', key.trim());
    else set(connection, driver.parameters, 'DBI', key.trim().toLowerCase(), value.trim());
  }
  if (driver.client !== 'sqlite3') {
    return { client: driver.client, connection: { ...withAuthority(connection), ...credentials } };
  }
  if (!connection.filename) throw new BadValue('names no file');
  return { client: driver.client, connection };
}

function set(connection: Record<string, unknown>, known: Parameters, kind: string, key: string, value: string): void {
  if (!Object.hasOwn(known, key)) {
    throw new BadValue(
      `has the unknown ${kind} parameter ${JSON.stringify(key)} (known: ${Object.keys(known).join(', ')})`,
    );
  }
  const [ours, read] = known[key]!;
  const made = read === undefined ? value : read(value);
  if (made !== undefined) connection[ours] = made;
}

/** A database's name with its password hidden. */
export function maskDatabase(name: string): string {
  // A password that was not encoded may hold an at sign or a slash: the last at sign is the host's.
  return name.replace(/^([a-z0-9+.-]+:\/\/[^:/@]*:).*@/is, '$1***@').replace(/(passw(?:or)?d=)[^;&]*/gi, '$1***');
}
