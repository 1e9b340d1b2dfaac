/** Commands: databases, and what is in them, without a server. */
import { type Command, JSON_FLAG } from '../command.js';
import { textFlag } from '../flags.js';

const FAILED = 'the database does not open, or failed';

export const DATABASES: Command[] = [
  {
    name: 'migrate',
    summary: 'make the tables or bring them up to date, as every start does',
    flags: [{ name: 'dry-run', help: 'print the SQL instead' }],
    exits: { 0: 'the tables are as they should be', 1: FAILED },
    run: async ({ resolved, flags }) =>
      (await import('../migrate.js')).migrateOnce(resolved, flags['dry-run'] === true),
  },
  {
    name: 'import',
    summary: 'take over feeds and entries of AtomMQ 1.x or AtomBus',
    flags: [
      { name: 'from', value: 'DATABASE', completes: 'file', help: 'the old database [ATOMMQ_FROM]' },
      { name: 'as-is', help: 'leave texts alone that were encoded in UTF-8 twice' },
      JSON_FLAG,
    ],
    examples: [['atommq import --from dbi:SQLite:dbname=/var/lib/atombus/atombus.db', 'into ./atommq.db']],
    exits: {
      0: 'every row is there',
      1: 'a row was left out or is another entry (a line on standard error for each), or a database failed',
    },
    run: async ({ resolved, flags }) =>
      (await import('../import.js')).importFrom(resolved, {
        from: textFlag(flags.from) ?? process.env.ATOMMQ_FROM,
        asIs: flags['as-is'] === true,
        json: flags.json === true,
      }),
  },
  {
    name: 'copy',
    summary: 'copy a whole bus to another database, and compare them',
    flags: [
      { name: 'from', value: 'DATABASE', completes: 'file', help: 'the old database [ATOMMQ_FROM]' },
      { name: 'to', value: 'DATABASE', completes: 'file', help: 'the new one [ATOMMQ_TO]' },
      JSON_FLAG,
    ],
    examples: [['atommq copy --from ./atommq.db --to postgres://atommq@db/atommq', 'to a server']],
    exits: { 0: 'both are the same', 1: 'they differ (a line for each feed), or one broke off' },
    run: async ({ resolved, flags }) =>
      (await import('../copy.js')).copyAll(resolved, {
        from: textFlag(flags.from) ?? process.env.ATOMMQ_FROM,
        to: textFlag(flags.to) ?? process.env.ATOMMQ_TO,
        json: flags.json === true,
      }),
  },
  {
    name: 'verify',
    summary: 'read feeds from the database, and see whether each entry is as it was stored',
    usage: 'FEED…',
    words: [0, Number.POSITIVE_INFINITY],
    completes: ['feed'],
    flags: [{ name: 'all', help: 'every feed' }, JSON_FLAG],
    notes: `A line on standard output for each thing that is wrong, with the feed, the position and the id: a digest that does not fit, XML that is not well-formed, a position without an entry, a media resource that is not as it was.`,
    exits: { 0: 'all is as it was stored', 1: 'something is not, or a feed is not there' },
    run: async (input) => (await import('../verify.js')).verify(input),
  },
  {
    name: 'prune',
    summary: 'remove what is beyond the limits of feeds now',
    flags: [JSON_FLAG],
    exits: { 0: 'done', 1: FAILED },
    run: async (input) => (await import('../prune.js')).pruneOnce(input),
  },
  {
    name: 'subscriptions',
    summary: 'list who subscribes by WebSub',
    flags: [JSON_FLAG],
    exits: { 0: 'done', 1: FAILED },
    run: async ({ resolved, flags }) =>
      (await import('../subscriptions.js')).listSubscriptions(resolved, flags.json === true),
  },
  {
    name: 'token',
    summary: 'make, list and revoke tokens that callers may show',
    usage: 'create NAME | list | revoke ID',
    words: [1, 3],
    completes: [['create', 'list', 'revoke'], []],
    flags: [
      {
        name: 'permissions',
        value: 'LIST',
        completes: ['read', 'publish', 'edit', 'admin'],
        help: 'what it is good for: read, publish, edit, admin; default read,publish',
      },
      {
        name: 'feeds',
        value: 'PATTERNS',
        completes: 'feed',
        help: 'the feeds that it is good for, such as orders,log-*; default all',
      },
      { name: 'expires', value: 'TIME', help: 'after which it is of no use: 12h, 30d; default never' },
      JSON_FLAG,
    ],
    notes: `Whoever shows a token is known by its NAME, and may do no more than the token is good for. It is printed once and kept as a hash. A token that is revoked is of no use to any server within seconds.`,
    exits: { 0: 'done', 1: 'there is no token with this ID, or the database failed' },
    run: async (input) => (await import('../token.js')).token(input),
  },
];
