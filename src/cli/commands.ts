/** The commands: what each takes, what its help says, and where it is. */
import type { Resolved } from '../config.js';

/** A flag of a command's own. */
export interface Flag {
  name: string;
  /** What stands for its value in the help; undefined where it has none. */
  value?: string;
  help: string;
}

/** What a command is run with. */
export interface Input {
  resolved: Resolved;
  /** What stands after the command's name. */
  words: string[];
  /** By name, without dashes. */
  flags: Record<string, unknown>;
  argv: string[];
  version: string;
}

export interface Command {
  name: string;
  /** One line. */
  summary: string;
  /** How its words are written. */
  usage?: string;
  /** How many words it takes at least and at most; none unless given. */
  words?: [number, number];
  flags?: Flag[];
  /** The options that have a meaning for it; all unless given. */
  options?: string[];
  /** What its help ends in. */
  notes?: string;
  /** Its module is loaded when it is run, and not before. */
  run(input: Input): Promise<number> | number;
}

const JSON_FLAG: Flag = { name: 'json', help: 'print the result as JSON' };
/** The options that say where a server is. */
const SERVER = ['gateway', 'host', 'port', 'mount', 'base-url'];
const URL_FLAG: Flag = {
  name: 'url',
  value: 'URL',
  help: 'address of the bus [ATOMMQ_URL, default http://host:port/mount as configured]',
};
const SECRETS = 'Credentials: user:password@ in the address, or a token in ATOMMQ_TOKEN.';
const CREDENTIALS = `FEED is a name, or the whole address of a feed. ${SECRETS}`;

export const COMMANDS: Command[] = [
  {
    name: 'serve',
    summary: 'serve through a gateway (the default)',
    // The bus and its database are loaded for those who serve only.
    run: async ({ resolved, argv, version }) => (await import('./serve.js')).serve(resolved, argv, version),
  },
  {
    name: 'tail',
    summary: 'print the entries of a feed as they come, or run a command for each',
    usage: 'FEED',
    words: [1, 1],
    flags: [
      {
        name: 'from',
        value: 'WHERE',
        help: 'where to begin: earliest (the default), now, or after the entry with this id',
      },
      {
        name: 'position',
        value: 'FILE',
        help: 'go on where the last run ended, which FILE keeps; --from is for the first run',
      },
      { name: 'exec', value: 'CMD', help: 'run CMD by the shell for each entry, with the entry on its standard input' },
      { name: 'format', value: 'FORM', help: 'text, json, ndjson or atom; default text, for --exec atom' },
      { name: 'count', value: 'N', help: 'end after so many entries' },
      { name: 'follow', help: 'wait for more at the end (the default); --no-follow ends there' },
      { name: 'deleted', help: 'what is left of deleted entries, too, in json, ndjson and atom' },
      { name: 'mode', value: 'MODE', help: 'sse, poll, or auto (the default): events where they come through' },
      URL_FLAG,
    ],
    options: SERVER,
    notes: `${CREDENTIALS}

CMD gets ATOMMQ_ID, ATOMMQ_FEED and ATOMMQ_TITLE in its environment. When it ends with anything but 0 it is run again for the same entry, after a while. The position moves when an entry was printed, or when CMD ended with 0: an entry may come twice when tail is killed, and never not at all.

Exit codes: 0 the end was reached, or SIGINT, SIGTERM or a closed pipe ended it; 1 the server refused, or the position is gone; 2 usage.`,
    run: async (input) => (await import('./tail.js')).tail(input),
  },
  {
    name: 'publish',
    summary: 'publish files, or standard input',
    usage: 'FEED [FILE…|-]',
    words: [1, Number.POSITIVE_INFINITY],
    flags: [
      { name: 'lines', help: 'each line is a message' },
      { name: 'type', value: 'TYPE', help: 'media type: the files are stored as they are' },
      { name: 'slug', value: 'TEXT', help: "what a media file's title is made of; default its name" },
      { name: 'retry', value: 'SECONDS', help: 'how long to try again when the server does not answer; default 60' },
      URL_FLAG,
      JSON_FLAG,
    ],
    options: SERVER,
    notes: `${CREDENTIALS}

Files by name: .atom and .xml are Atom entries, or feeds of entries; .ndjson and .jsonl have a line of JSON for each entry, as tail --format ndjson prints it, with what there is of id, title, content_text, content_html, summary, authors, tags, date_published, date_modified; others are media. Standard input is Atom when it begins with <, NDJSON when it begins with {.

Entries are stored in their order, many in one request. One without an id gets one before it is sent, so that nothing is stored twice when an answer is lost.

Exit codes: 0 all is stored; 1 something was refused or not readable (a line on standard error for each), or the server did not answer; 2 usage; 130 SIGINT ended it.`,
    run: async (input) => (await import('./publish.js')).publish(input),
  },
  {
    name: 'migrate',
    summary: 'make the tables or bring them up to date, as every start does',
    flags: [{ name: 'dry-run', help: 'print the SQL instead' }],
    run: async ({ resolved, flags }) => (await import('./migrate.js')).migrateOnce(resolved, flags['dry-run'] === true),
  },
  {
    name: 'import',
    summary: 'take over feeds and entries of AtomMQ 1.x or AtomBus',
    flags: [
      { name: 'from', value: 'DATABASE', help: 'the old database [ATOMMQ_FROM]' },
      { name: 'as-is', help: 'leave texts alone that were encoded in UTF-8 twice' },
      JSON_FLAG,
    ],
    notes:
      'Exit codes: 0 every row is there; 1 a row was left out or is another entry (a line on standard error for each); 2 usage.',
    run: async ({ resolved, flags }) =>
      (await import('./import.js')).importFrom(resolved, {
        from: textOf(flags.from) ?? process.env.ATOMMQ_FROM,
        asIs: flags['as-is'] === true,
        json: flags.json === true,
      }),
  },
  {
    name: 'copy',
    summary: 'copy a whole bus to another database, and compare them',
    flags: [
      { name: 'from', value: 'DATABASE', help: 'the old database [ATOMMQ_FROM]' },
      { name: 'to', value: 'DATABASE', help: 'the new one [ATOMMQ_TO]' },
      JSON_FLAG,
    ],
    notes: 'Exit codes: 0 both are the same; 1 they differ (a line for each feed), or one broke off; 2 usage.',
    run: async ({ resolved, flags }) =>
      (await import('./copy.js')).copyAll(resolved, {
        from: textOf(flags.from) ?? process.env.ATOMMQ_FROM,
        to: textOf(flags.to) ?? process.env.ATOMMQ_TO,
        json: flags.json === true,
      }),
  },
  {
    name: 'check',
    summary: 'look for what is wrong with the database, the server and the web server before it',
    flags: [
      URL_FLAG,
      { name: 'read-only', help: 'leave out all that publishes' },
      { name: 'wait', value: 'SECONDS', help: 'how long an answer is held back by Prefer: wait; default 3' },
      JSON_FLAG,
    ],
    notes: `A line for each thing: ok, warning or problem, with what to do about it. What publishes does so to a feed of its own, atommq-check-…, which is removed at the end. ${SECRETS} A server that does not run is a warning.

Exit codes: 0 there is no problem; 1 there is one; 2 usage.`,
    run: async (input) => (await import('./check.js')).check(input),
  },
  {
    name: 'verify',
    summary: 'read feeds from the database, and see whether each entry is as it was stored',
    usage: 'FEED…',
    words: [0, Number.POSITIVE_INFINITY],
    flags: [{ name: 'all', help: 'every feed' }, JSON_FLAG],
    notes: `A line on standard output for each thing that is wrong, with the feed, the position and the id: a digest that does not fit, XML that is not well-formed, a position without an entry, a media resource that is not as it was.

Exit codes: 0 all is as it was stored; 1 something is not, or a feed is not there; 2 usage.`,
    run: async (input) => (await import('./verify.js')).verify(input),
  },
  {
    name: 'prune',
    summary: 'remove what is beyond the limits of feeds now',
    flags: [JSON_FLAG],
    run: async ({ resolved, flags }) => (await import('./prune.js')).pruneOnce(resolved, flags.json === true),
  },
  {
    name: 'subscriptions',
    summary: 'list who subscribes by WebSub',
    flags: [JSON_FLAG],
    run: async ({ resolved, flags }) =>
      (await import('./subscriptions.js')).listSubscriptions(resolved, flags.json === true),
  },
  {
    name: 'token',
    summary: 'make, list and revoke tokens that callers may show',
    usage: 'create NAME | list | revoke ID',
    words: [1, 3],
    flags: [
      {
        name: 'permissions',
        value: 'LIST',
        help: 'what it is good for: read, publish, edit, admin; default read,publish',
      },
      { name: 'feeds', value: 'PATTERNS', help: 'the feeds that it is good for, such as orders,log-*; default all' },
      { name: 'expires', value: 'TIME', help: 'after which it is of no use: 12h, 30d; default never' },
      JSON_FLAG,
    ],
    notes: `Whoever shows a token is known by its NAME, and may do no more than the token is good for. It is printed once and kept as a hash. A token that is revoked is of no use to any server within seconds.

Exit codes: 0 done; 1 there is no token with this ID, or the database failed; 2 usage.`,
    run: async (input) => (await import('./token.js')).token(input),
  },
  {
    name: 'config',
    summary: 'print what is in force and where each value came from',
    flags: [JSON_FLAG],
    run: async ({ resolved, flags }) => (await import('./config.js')).showConfig(resolved, flags.json === true),
  },
  {
    name: 'help',
    summary: 'print this, or the help of a command',
    usage: '[COMMAND]',
    words: [0, 1],
    run: () => 0,
  },
];

function textOf(flag: unknown): string | undefined {
  return flag === undefined ? undefined : String(flag);
}
