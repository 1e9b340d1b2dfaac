/** The man page, atommq(1), in the language of man(7), made from the tables of commands and options. */
import { GROUPS as OPTION_GROUPS, type Option } from '../config/options.js';
import { COMMON, type Command, exitsOf, type Flag } from './command.js';
import { COMMANDS, GROUPS } from './commands.js';
import { flagOf, ORDER } from './parser.js';

/** @param date as YYYY-MM-DD */
export function manPage(version: string, date: string): string {
  return [
    `.TH ATOMMQ 1 ${date} "AtomMQ ${text(version)}" "User commands"`,
    section('NAME', [`atommq \\- ${text('a message bus over Atom and HTTP')}`]),
    section('SYNOPSIS', COMMANDS.flatMap(synopsis)),
    section('DESCRIPTION', paragraphs(DESCRIPTION)),
    section(
      'COMMANDS',
      GROUPS.flatMap(([heading, commands]) => [`.SS ${quoted(heading)}`, ...commands.flatMap(about)]),
    ),
    section('OPTIONS', [
      ...paragraphs(`${ORDER} A switch takes a value, too: --detach=no, and so does --no-detach.`),
      ...OPTION_GROUPS.flatMap(([heading, options]) => [
        `.SS ${quoted(heading)}`,
        ...(Object.values(options) as Option<unknown>[]).flatMap((option) => item(flagOf(option))),
      ]),
      '.SS "Of every command"',
      ...COMMON.flatMap(item),
    ]),
    section('ENVIRONMENT', [
      ...paragraphs('Every option has a variable of its own, which its entry above names. Besides, there are:'),
      ...ENVIRONMENT.flatMap(([name, what]) => tagged(bold(name), what)),
    ]),
    section(
      'FILES',
      FILES.flatMap(([name, what]) => tagged(italic(name), what)),
    ),
    section('EXIT STATUS', [...paragraphs(EXITS), ...ALL_EXITS.flatMap(([code, what]) => tagged(bold(code), what))]),
    section(
      'EXAMPLES',
      COMMANDS.flatMap(({ examples = [] }) => examples.flatMap(example)),
    ),
    section('SEE ALSO', paragraphs('README.md and deploy/README.md, which come with AtomMQ.')),
  ]
    .flat()
    .map((line) => `${line}\n`)
    .join('');
}

const DESCRIPTION = `Publishers POST Atom entries to a feed; any number of consumers GET it from where they left off. A feed has one order, nobody misses an entry, and nothing is gone once it has been read. atommq serve is the server; the other commands speak to one over HTTP, or look after its database.

atommq alone says what one can do. With flags and no command it serves, and so it does alone where ATOMMQ_* variables configure it, systemd passes a socket, or its gateway is fastcgi or cgi.`;

const ENVIRONMENT: [name: string, what: string][] = [
  ['ATOMMQ_CONFIG', 'the configuration file'],
  ['ATOMMQ_URL', 'the address of the bus that publish, tail, feeds, show and check speak to'],
  ['ATOMMQ_TOKEN', 'a token that they show'],
  ['ATOMMQ_FROM', 'the old database of import and copy, in place of --from'],
  ['ATOMMQ_TO', 'the new database of copy, in place of --to'],
  ['NO_COLOR', 'where it is set and not empty: no colours'],
  ['FORCE_COLOR', 'where it is set and not 0: colours, even where no terminal is'],
];

const FILES: [name: string, what: string][] = [
  ['config.yml', 'the configuration, in the folder in which atommq is started; atommq init writes one'],
  ['atommq.db', 'the database, unless another is configured; with atommq.db-wal and atommq.db-shm while it is open'],
];

const EXITS = 'What a command ends with stands with it above. In general:';
const ALL_EXITS: [code: string, what: string][] = [
  ['0', 'it has done what it was asked'],
  ['1', 'it could not: a line on standard error says why'],
  ['2', 'usage, or a configuration that cannot be used'],
  ['4', 'a server cannot listen'],
  ['130', 'SIGINT ended it in the middle'],
];

function section(heading: string, lines: string[]): string[] {
  return [`.SH ${quoted(heading)}`, ...lines];
}

function synopsis({ name, usage = '' }: Command): string[] {
  // Brackets and bars are said in plain, what stands for something in italics.
  const words = usage.split(/([A-Z]{2,}|[A-Z](?![a-z]))/).map((part, i) => (i % 2 === 1 ? italic(part) : text(part)));
  return ['.br', `${bold(`atommq ${name}`)} ${words.join('')}`.trim()].slice(name === COMMANDS[0]!.name ? 1 : 0);
}

function about(command: Command): string[] {
  const { name, usage = '', summary, notes, flags = [] } = command;
  const exits = exitsOf(command).map(([code, what]) => `${code} ${what}`);
  return [
    ...tagged(`${bold(name)} ${text(usage)}`.trim(), `${summary[0]!.toUpperCase()}${summary.slice(1)}.`),
    ...(flags.length === 0 ? [] : ['.RS', ...flags.flatMap(item), '.RE']),
    ...[...(notes?.split('\n\n') ?? []), `Exit codes: ${exits.join('; ')}.`].flatMap((one) => ['.IP', text(one)]),
  ];
}

function item(flag: Flag): string[] {
  const { name, value, help } = flag;
  return tagged(bold(`--${name}`) + (value === undefined ? '' : ` ${italic(value)}`), help);
}

function tagged(tag: string, what: string): string[] {
  return ['.TP', tag, text(what)];
}

function example([line, what]: [string, string]): string[] {
  return tagged(bold(line), what);
}

function paragraphs(given: string): string[] {
  return given.split('\n\n').flatMap((one, i) => (i === 0 ? [text(one)] : ['.PP', text(one)]));
}

function bold(given: string): string {
  return `\\fB${text(given)}\\fR`;
}

function italic(given: string): string {
  return `\\fI${text(given)}\\fR`;
}

/** Characters that roff reads as something else than they are, or that not every output has. */
const ESCAPES: Record<string, string> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '"': '\\(dq',
  '…': '...',
};

/** A text as roff; a line of it never begins with what would be a request. */
function text(given: string): string {
  const line = given.replace(/[\\\-'`^~"…]/g, (character) => ESCAPES[character]!);
  return /^[.']/.test(line) ? `\\&${line}` : line;
}

function quoted(given: string): string {
  return `"${text(given)}"`;
}
