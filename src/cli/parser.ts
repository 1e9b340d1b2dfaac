/** What yargs is told: every flag there is, and which of them a help shows. */
import yargs from 'yargs';
import { OPTIONS, type Option, variableOf } from '../config/options.js';
import { ConfigError } from '../config.js';
import { COMMANDS, type Command } from './commands.js';

const TABLE = Object.values(OPTIONS) as Option<unknown>[];

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
    const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(15)}${summary}`);
    parser = parser.usage(`Commands, each with a help of its own (atommq help tail):\n${lines.join('\n')}`);
  } else {
    const { name, usage = '', summary } = command;
    parser = parser.usage(`$0 ${[name, usage].join(' ').trim()} [options]\n\n${summary}`);
  }
  for (const { name, value, help, hidden } of flagsOf(command)) {
    const about = { describe: help, hidden };
    parser = parser.option(
      name,
      value === undefined ? { type: 'boolean', ...about } : { type: 'string', requiresArg: true, ...about },
    );
  }
  return parser
    .epilogue(
      command?.notes ?? `AtomMQ ${version}. Order: configuration file, ATOMMQ_* variables, flags; the later wins.`,
    )
    .wrap(Math.min(120, process.stdout.columns || 100))
    .exitProcess(false);
}

/** Each flag once, the command's own before the options. */
function flagsOf(command: Command | undefined): { name: string; value?: string; help: string; hidden: boolean }[] {
  const own = (command?.flags ?? []).map((flag) => ({ ...flag, hidden: false }));
  const others = COMMANDS.flatMap(({ flags = [] }) => flags).map((flag) => ({ ...flag, hidden: true }));
  const options = TABLE.map((option) => ({
    name: option.name,
    ...(option.flag ? {} : { value: 'VALUE' }),
    help: helpOf(option),
    hidden: !(command?.options?.includes(option.name) ?? true),
  }));
  const all = [
    ...own,
    { name: 'config', value: 'FILE', help: 'configuration file [ATOMMQ_CONFIG, ./config.yml]', hidden: false },
    ...options,
    { name: 'help', help: 'print this', hidden: false },
    { name: 'version', help: 'print the version', hidden: command !== undefined },
    ...others,
  ];
  return all.filter((flag, i) => all.findIndex(({ name }) => name === flag.name) === i);
}

function helpOf({ name, help, default: value, flag }: Option<unknown>): string {
  const fallback = value === undefined || flag ? '' : `, default ${String(value) || 'none'}`;
  return `${help} [${variableOf(name)}${fallback}]`;
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
