/** The one table of options: from it come the file's keys, the variables, the flags, the checks and the help. */
import { access } from './access.js';
import { parseDatabase } from './database.js';
import { feeds } from './feeds.js';
import {
  addresses,
  baseUrl,
  bool,
  filledText,
  hostNames,
  hosts,
  jwks,
  level,
  mode,
  mount,
  oneOf,
  optional,
  origins,
  size,
  socket,
  text,
  whole,
} from './values.js';

export interface Option<T> {
  /** As a flag; `page_size` in a file, `ATOMMQ_PAGE_SIZE` in the environment, `pageSize` in a program. */
  name: string;
  default: T;
  help: string;
  /** @throws BadValue */
  parse: (value: unknown) => T;
  /** Neither printed nor quoted in an error. */
  secret?: true;
  /** The flag takes no value. */
  flag?: true;
}

const MIB = 1024 * 1024;

/** Every option but `config`, which says where the file is. */
export const OPTIONS = {
  gateway: { name: 'gateway', default: 'http', help: 'http, fastcgi or cgi', parse: oneOf('http', 'fastcgi', 'cgi') },
  host: { name: 'host', default: '127.0.0.1', help: 'address to listen on (http)', parse: filledText },
  port: { name: 'port', default: 8080, help: 'port to listen on (http); 0 takes a free one', parse: whole(0, 65535) },
  socket: {
    name: 'socket',
    default: undefined,
    help: 'path, port or host:port to listen on (fastcgi)',
    parse: optional(socket),
  },
  socketMode: {
    name: 'socket-mode',
    default: undefined,
    help: 'mode of the socket file, such as 0660',
    parse: optional(mode),
  },
  workers: { name: 'workers', default: 1, help: 'processes that serve', parse: whole(1, 256) },
  mount: { name: 'mount', default: '/atommq', help: 'path that AtomMQ is served under', parse: mount },
  baseUrl: {
    name: 'base-url',
    default: undefined,
    help: 'public address of the mount point, for links',
    parse: optional(baseUrl),
  },
  database: {
    name: 'database',
    default: './atommq.db',
    help: 'a file, better-sqlite3:FILE, a URL (postgres://…, mysql://…), or a DBI name such as dbi:SQLite:dbname=…',
    parse: (value: unknown) => {
      const name = filledText(value);
      parseDatabase(name);
      return name;
    },
  },
  databaseRead: {
    name: 'database-read',
    default: undefined,
    help: 'a replica of the database that pages are read from when it has them, named likewise',
    parse: optional((value: unknown) => {
      const name = filledText(value);
      parseDatabase(name);
      return name;
    }),
  },
  user: { name: 'user', default: undefined, help: 'user of the database', parse: optional(text) },
  password: {
    name: 'password',
    default: undefined,
    help: 'password of the database',
    parse: optional(text),
    secret: true,
  },
  passwordFile: {
    name: 'password-file',
    default: undefined,
    help: 'file whose first line is the password of the database',
    parse: optional(filledText),
  },
  pageSize: { name: 'page-size', default: 100, help: 'most entries of a page', parse: whole(1, 10_000) },
  pageBytes: {
    name: 'page-bytes',
    default: 4 * MIB,
    help: 'most bytes of entries of a page',
    parse: size(1024, 1024 * MIB),
  },
  maxEntryBytes: {
    name: 'max-entry-bytes',
    default: 4 * MIB,
    help: 'most bytes of a published document',
    parse: size(1024, 512 * MIB),
  },
  maxMediaBytes: {
    name: 'max-media-bytes',
    default: 64 * MIB,
    help: 'most bytes of a published file that is not Atom',
    parse: size(1024, 1024 * MIB),
  },
  maxBatchEntries: {
    name: 'max-batch-entries',
    default: 10_000,
    help: 'most entries of a published feed document',
    parse: whole(1, 1_000_000),
  },
  maxXmlDepth: {
    name: 'max-xml-depth',
    default: 200,
    help: 'most levels of elements in a published document',
    parse: whole(2, 200),
  },
  maxXmlAttributes: {
    name: 'max-xml-attributes',
    default: 500,
    help: 'most attributes of an element in a published document',
    parse: whole(1, 10_000),
  },
  maxHeaderBytes: {
    name: 'max-header-bytes',
    default: 16 * 1024,
    help: 'most bytes of the header fields of a request',
    parse: size(1024, MIB),
  },
  maxQueryBytes: {
    name: 'max-query-bytes',
    default: 8 * 1024,
    help: 'most bytes of the query of an address',
    parse: size(256, MIB),
  },
  maxRequests: {
    name: 'max-requests',
    default: 10_000,
    help: 'most requests that a process works on at the same time',
    parse: whole(1, 1_000_000),
  },
  maxConnections: {
    name: 'max-connections',
    default: 30_000,
    help: 'most connections of a process (http)',
    parse: whole(1, 1_000_000),
  },
  maxBodyMemory: {
    name: 'max-body-memory',
    default: 256 * MIB,
    help: 'most bytes of bodies that are arriving at a process',
    parse: size(MIB, 65_536 * MIB),
  },
  maxAnswerMemory: {
    name: 'max-answer-memory',
    default: 256 * MIB,
    help: 'most bytes of answers that clients are slow to read (http)',
    parse: size(MIB, 65_536 * MIB),
  },
  maxQueueBytes: {
    name: 'max-queue-bytes',
    default: 64 * MIB,
    help: 'most bytes of entries that wait for the database',
    parse: size(MIB, 65_536 * MIB),
  },
  headerTimeout: {
    name: 'header-timeout',
    default: 20,
    help: 'seconds that the header of a request may take to arrive (http)',
    parse: whole(1, 3600),
  },
  bodyTimeout: {
    name: 'body-timeout',
    default: 30,
    help: 'seconds in which a body must end, or bring body-rate bytes for each',
    parse: whole(1, 3600),
  },
  bodyRate: {
    name: 'body-rate',
    default: 1024,
    help: 'bytes a second that a body must bring, and that an answer must be read by',
    parse: size(0, 1024 * MIB),
  },
  rate: {
    name: 'rate',
    default: 0,
    help: 'most requests a second of one user or address; 0 is no limit',
    parse: whole(0, 1_000_000),
  },
  rateBurst: {
    name: 'rate-burst',
    default: undefined,
    help: 'most requests of one user or address at once: five times the rate',
    parse: optional(whole(1, 1_000_000)),
  },
  publishRate: {
    name: 'publish-rate',
    default: 0,
    help: 'the same for requests that change something',
    parse: whole(0, 1_000_000),
  },
  publishBurst: {
    name: 'publish-burst',
    default: undefined,
    help: 'most of those at once: five times the rate',
    parse: optional(whole(1, 1_000_000)),
  },
  corsOrigins: {
    name: 'cors-origins',
    default: [],
    help: 'origins whose pages may use the bus from a browser, such as https://app.example.org; * for all, without credentials',
    parse: origins,
  },
  allowedHosts: {
    name: 'allowed-hosts',
    default: [],
    help: "names that clients may call the server by; * for all; on loopback, where nothing is said, its own and base-url's",
    parse: hostNames,
  },
  cacheBytes: {
    name: 'cache-bytes',
    default: 64 * MIB,
    help: 'most bytes of pages kept in memory',
    parse: size(0, 65_536 * MIB),
  },
  maxWait: {
    name: 'max-wait',
    default: 60,
    help: 'most seconds that a client may wait (Prefer: wait)',
    parse: whole(0, 3600),
  },
  maxWaiters: {
    name: 'max-waiters',
    default: 20_000,
    help: 'most clients of a process that wait or stream at the same time',
    parse: whole(0, 1_000_000),
  },
  heartbeat: {
    name: 'heartbeat',
    default: 15,
    help: 'seconds between signs of life on a stream of events',
    parse: whole(1, 300),
  },
  streamLifetime: {
    name: 'stream-lifetime',
    default: 3600,
    help: 'seconds after which a stream ends and its client comes back',
    parse: whole(1, 31_536_000),
  },
  websub: {
    name: 'websub',
    default: undefined,
    help: 'whether to be a WebSub hub: true unless a CGI script runs alone',
    parse: optional(bool),
  },
  websubAllow: {
    name: 'websub-allow',
    default: [],
    help: 'addresses, ranges and hosts that subscribers may have though they are not public',
    parse: hosts,
  },
  websubLease: {
    name: 'websub-lease',
    default: 30 * 86_400,
    help: 'most seconds that a subscription is granted for; ten days where none are asked for',
    parse: whole(1, 31_536_000),
  },
  websubTimeout: {
    name: 'websub-timeout',
    default: 15,
    help: 'seconds that a subscriber may take for an answer',
    parse: whole(1, 300),
  },
  websubAttempts: {
    name: 'websub-attempts',
    default: 20,
    help: 'deliveries that must fail in a row before a subscriber is given up',
    parse: whole(1, 1_000_000),
  },
  websubPatience: {
    name: 'websub-patience',
    default: 86_400,
    help: 'seconds that deliveries must fail before a subscriber is given up',
    parse: whole(0, 31_536_000),
  },
  feeds: {
    name: 'feeds',
    default: [],
    help: 'rules by feed name as a list, or JSON: match, append_only, max_age, max_entries, max_bytes',
    parse: feeds,
  },
  access: {
    name: 'access',
    default: [],
    help: 'rules of who may do what as a list, or JSON: match, allow, to; without any everybody may do everything',
    parse: access,
  },
  pruneInterval: {
    name: 'prune-interval',
    default: 60,
    help: 'seconds between looks for entries beyond their limits',
    parse: whole(1, 86_400),
  },
  title: { name: 'title', default: 'AtomMQ', help: 'title of the service', parse: text },
  author: { name: 'author', default: 'AtomMQ', help: 'author of feeds, and of entries that name none', parse: text },
  busyTimeout: {
    name: 'busy-timeout',
    default: 10,
    help: 'seconds to wait for a lock of SQLite',
    parse: whole(1, 3600),
  },
  poolSize: {
    name: 'pool-size',
    default: 10,
    help: 'most connections of a process to a database server',
    parse: whole(2, 1000),
  },
  connectTimeout: {
    name: 'connect-timeout',
    default: 5,
    help: 'seconds to wait for a connection to a database server',
    parse: whole(1, 3600),
  },
  queryTimeout: {
    name: 'query-timeout',
    default: 30,
    help: 'seconds that a database server may take for one statement',
    parse: whole(1, 3600),
  },
  retryDeadline: {
    name: 'retry-deadline',
    default: 10,
    help: 'seconds that a write is tried again while others are in the way',
    parse: whole(0, 3600),
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
    parse: addresses,
  },
  htpasswdFile: {
    name: 'htpasswd-file',
    default: undefined,
    help: 'names and passwords, as htpasswd -B keeps them',
    parse: optional(filledText),
  },
  groupsFile: {
    name: 'groups-file',
    default: undefined,
    help: 'groups and their members, a line each: editors: joe ann',
    parse: optional(filledText),
  },
  tokens: {
    name: 'tokens',
    default: undefined,
    help: 'whether to take what "atommq token create" makes: true where credentials are asked for in any other way',
    parse: optional(bool),
    flag: true,
  },
  jwtJwks: {
    name: 'jwt-jwks',
    default: undefined,
    help: 'keys that JWTs are verified with (JWKS): a file, or an http or https address',
    parse: optional(jwks),
  },
  jwtIssuer: {
    name: 'jwt-issuer',
    default: undefined,
    help: 'who must have issued a JWT',
    parse: optional(filledText),
  },
  jwtAudience: {
    name: 'jwt-audience',
    default: undefined,
    help: 'whom a JWT must be for',
    parse: optional(filledText),
  },
  jwtClockSkew: {
    name: 'jwt-clock-skew',
    default: 60,
    help: 'seconds that the clock of an issuer may be off',
    parse: whole(0, 3600),
  },
  jwtNameClaim: { name: 'jwt-name-claim', default: 'sub', help: 'claim that holds the name', parse: filledText },
  jwtGroupsClaim: {
    name: 'jwt-groups-claim',
    default: 'groups',
    help: 'claim that holds the groups, such as realm_access.roles',
    parse: filledText,
  },
  trustRemoteUser: {
    name: 'trust-remote-user',
    default: false,
    help: 'believe REMOTE_USER: the web server verified it (fastcgi, cgi)',
    parse: bool,
    flag: true,
  },
  loginFailures: {
    name: 'login-failures',
    default: 5,
    help: 'failed logins of an address in a minute before it must wait; 0 never makes it wait',
    parse: whole(0, 1_000_000),
  },
  allowAnonymous: {
    name: 'allow-anonymous',
    default: false,
    help: 'listen where others can come, and ask nobody for credentials',
    parse: bool,
    flag: true,
  },
  detach: { name: 'detach', default: false, help: 'run in the background', parse: bool, flag: true },
  pidFile: {
    name: 'pid-file',
    default: undefined,
    help: 'file that holds the process id',
    parse: optional(filledText),
  },
  metrics: {
    name: 'metrics',
    default: undefined,
    help: 'whether to count for Prometheus, at metrics below the mount point: true for serve',
    parse: optional(bool),
  },
  metricsFeeds: {
    name: 'metrics-feeds',
    default: 100,
    help: 'most feeds of which metrics tell how far they have come; the oldest, 0 for none',
    parse: whole(0, 10_000),
  },
  log: { name: 'log', default: 'info', help: 'debug, info, warning or error', parse: level },
  logger: { name: 'logger', default: 'console', help: 'console or file', parse: oneOf('console', 'file') },
  logFile: { name: 'log-file', default: 'atommq.log', help: 'where logger: file writes', parse: filledText },
  logFormat: {
    name: 'log-format',
    default: 'text',
    help: 'text, or json: an object a line',
    parse: oneOf('text', 'json'),
  },
  accessLog: {
    name: 'access-log',
    default: undefined,
    help: 'a line of JSON for each request, to stdout, stderr or a file; off for none, even with log: debug',
    parse: optional(filledText),
  },
} as const satisfies Record<string, Option<unknown>>;

export type OptionKey = keyof typeof OPTIONS;

/** The value of every option, by its name in programs. */
export type Values = { [K in OptionKey]: ReturnType<(typeof OPTIONS)[K]['parse']> };

/** The variable that sets an option. */
export function variableOf(name: string): string {
  return `ATOMMQ_${name.toUpperCase().replaceAll('-', '_')}`;
}
