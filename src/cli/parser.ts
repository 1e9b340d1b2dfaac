/** What yargs is told: every flag there is, and which of them a help shows. */
import yargs from 'yargs';
import { GROUPS as OPTION_GROUPS, OPTIONS, type Option, variableOf } from '../config/options.js';
import { ConfigError } from '../config.js';
import { COMMON, type Command, exitsOf, type Flag } from './command.js';
import { GROUPS, OWN_FLAGS } from './commands.js';

const TABLE = Object.values(OPTIONS) as Option<unknown>[];

/** Order in which sources count, for people. */
export const ORDER = 'Order: configuration file, ATOMMQ_* variables, flags; the later wins.';

/** @param command whose help is wanted; undefined for the help of all */
export function commandLine(words: string[], version: string, command?: Command) {
  let parser = yargs(words).scriptName('atommq').locale('en').help(false).version(false).parserConfiguration({
    'camel-case-expansion': false,
    'dot-notation': false,
    'parse-numbers': false,
    'parse-positional-numbers': false,
    'duplicate-arguments-array': false,
  });
  if (command === undefined) {
    parser = parser.usage('$0 [command] [options]\n\nA message bus over Atom and HTTP.');
    const lines = GROUPS.map(([heading, commands]) =>
      [`${heading}:`, ...commands.map(({ name, summary }) => `  ${name.padEnd(15)}${summary}`)].join('\n'),
    );
    parser = parser.usage(`\n${lines.join('\n\n')}\n\nEach command has a help of its own: atommq help tail.`);
  } else {
    const { name, usage = '', summary } = command;
    parser = parser.usage(`$0 ${[name, usage].join(' ').trim()} [options]\n\n${summary}`);
  }
  for (const [group, flags] of flagsOf(command)) {
    for (const { name, value, help, hidden } of flags) {
      const about = { describe: help, hidden, group: `${group}:` };
      parser = parser.option(
        name,
        value === undefined ? { type: 'boolean', ...about } : { type: 'string', requiresArg: true, ...about },
      );
    }
  }
  return parser
    .epilogue(command === undefined ? `AtomMQ ${version}. ${ORDER}` : endOf(command))
    .wrap(Math.min(120, process.stdout.columns || 100))
    .exitProcess(false);
}

/** What more there is to say, examples, and what the command ends with. */
function endOf(command: Command): string {
  const { notes, examples = [] } = command;
  const lines = examples.map(([line, what]) => `  ${line}\n      ${what}`);
  const exits = exitsOf(command).map(([code, what]) => `${code} ${what}`);
  return [
    ...(notes === undefined ? [] : [notes]),
    ...(lines.length === 0 ? [] : [`Examples:\n${lines.join('\n')}`]),
    `Exit codes: ${exits.join('; ')}.`,
  ].join('\n\n');
}

type Shown = Flag & { hidden: boolean };

/** Each flag once under its heading, the command's own before the options. */
function flagsOf(command: Command | undefined): [heading: string, flags: Shown[]][] {
  const own = (command?.flags ?? []).map((flag) => ({ ...flag, hidden: false }));
  const common = COMMON.map((flag) => ({ ...flag, hidden: flag.name === 'version' && command !== undefined }));
  const isHidden = ({ name }: Option<unknown>) => command?.options?.includes(name) === false;
  const groups: [string, Shown[]][] = [
    ['Options', [...own, ...common]],
    ...OPTION_GROUPS.map(([heading, options]): [string, Shown[]] => [
      heading,
      Object.values(options).map((option) => ({ ...flagOf(option), hidden: isHidden(option) })),
    ]),
    ['Others', OWN_FLAGS.map((flag) => ({ ...flag, hidden: true }))],
  ];
  const seen = new Set<string>();
  const isNew = ({ name }: Flag) => !seen.has(name) && seen.add(name).has(name);
  return groups.map(([heading, flags]) => [heading, flags.filter(isNew)]);
}

/** An option as the flag that it is. */
export function flagOf({ name, help, default: value, flag, values, file }: Option<unknown>): Flag {
  const fallback = value === undefined || flag ? '' : `, default ${String(value) || 'none'}`;
  const completes = file === true ? 'file' : values;
  return {
    name,
    ...(flag ? {} : { value: 'VALUE' }),
    ...(completes === undefined ? {} : { completes }),
    help: `${help} [${variableOf(name)}${fallback}]`,
  };
}

/** Takes `--detach=no` out: of a switch's value yargs takes everything but `true` for false, without a word. */
export function takeSwitches(words: string[]): { words: string[]; switches: Record<string, string> } {
  const known = TABLE.filter(({ flag }) => flag).map(({ name }) => name);
  const switches: Record<string, string> = {};
  const others = words.filter((word) => {
    const [, name = '', value = ''] = /^--([^=]+)=(.*)$/s.exec(word) ?? [];
    if (!known.includes(name)) return true;
    switches[name] = value;
    return false;
  });
  return { words: others, switches };
}

/** Whatever yargs finds fault with is a usage error. */
export async function parse(parser: ReturnType<typeof commandLine>) {
  try {
    return await parser
      .fail((message, error) => {
        throw error ?? new ConfigError(message);
      })
      .parseAsync();
  } catch (error) {
    throw new ConfigError((error as Error).message.split('\n')[0]);
  }
}
