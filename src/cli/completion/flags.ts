/** Which flags a shell offers for a command. */
import { OPTIONS, type Option } from '../../config/options.js';
import { COMMON, type Command, type Flag } from '../command.js';
import { COMMANDS } from '../commands.js';
import { flagOf } from '../parser.js';

/** Every option. */
export const OPTION_FLAGS: Flag[] = (Object.values(OPTIONS) as Option<unknown>[]).map(flagOf);

/** Whether all options have a meaning for a command. */
export function takesAll({ options }: Command): boolean {
  return options === undefined;
}

/** The command's own flags, those of every command, and the options that have a meaning for it where not all have. */
export function flagsFor({ flags = [], options = [] }: Command): Flag[] {
  return [...flags, ...COMMON, ...OPTION_FLAGS.filter(({ name }) => options.includes(name))];
}

/** The flags of any command that take a value, with dashes. */
export function valued(): string[] {
  const flags = [...COMMANDS.flatMap(flagsFor), ...OPTION_FLAGS].filter(({ value }) => value !== undefined);
  return [...new Set(flags.map(({ name }) => `--${name}`))];
}

/** The words that complete a command's name. */
export const NAMES = COMMANDS.map(({ name }) => name);

/** The first sentence of a help, without what stands in brackets. */
export function briefly({ help }: Flag): string {
  return help.replace(/ \[[^\]]*\]$/, '').replace(/;.*$/, '');
}

/** A text in single quotes, as all three shells read it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
