/** Options: which database, and how patient with it. */
import { parseDatabase } from '../database.js';
import { filledText, optional, text, whole } from '../values.js';
import type { Options } from './option.js';

export const DATABASE = {
  database: {
    name: 'database',
    default: './atommq.db',
    help: 'a file, better-sqlite3:FILE, a URL (postgres://…, mysql://…), or a DBI name such as dbi:SQLite:dbname=…',
    parse: (value: unknown) => {
      const name = filledText(value);
      parseDatabase(name);
      return name;
    },
    file: true,
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
    file: true,
  },
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
} as const satisfies Options;
