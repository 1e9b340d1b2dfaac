/** The command line: flags made from the tables of options and commands, checked, and the command run. */
import { createRequire } from 'node:module';
import { nearest } from '../config/nearest.js';
import { OPTIONS, variableOf } from '../config/options.js';
import { ConfigError, type Resolved, resolveSettings } from '../config.js';
import { paintFor } from './colour.js';
import { COMMON, type Command, USAGE } from './command.js';
import { COMMANDS } from './commands.js';
import { Failed } from './failed.js';
import { commandLine, parse, takeSwitches } from './parser.js';

/** Exit code for what a command was asked and could not do. */
const FAILED = 1;

const OPTION_NAMES: string[] = Object.values(OPTIONS).map(({ name }) => name);

/** Runs a command line, `process.argv` in form, and resolves with the exit code. */
export async function main(argv: string[]): Promise<number> {
  const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string };
  const given = argv.slice(2);
  try {
    if (given.length === 0 && !isConfigured(process.env)) {
      endQuietly();
      process.stdout.write((await import('./overview.js')).overview(version, paintFor(process.stdout)));
      return 0;
    }
    const { words: rest, switches } = takeSwitches(given);
    const { _: all, $0: _name, ...parsed } = await parse(commandLine(rest, version));
    const flags: Record<string, unknown> = { ...parsed, ...switches };
    const [name, ...words] = all.map(String);
    const command = commandNamed(name ?? 'serve');
    if (command.ownOutput !== true) endQuietly();
    if (flags.help === true || command.name === 'help') {
      checkWords(words, command.name === 'help' ? command : { ...command, words: [0, Number.POSITIVE_INFINITY] });
      const about = command.name === 'help' ? words[0] : name;
      const parser = commandLine([], version, about === undefined ? undefined : commandNamed(about));
      process.stdout.write(`${await parser.getHelp()}\n`);
      return 0;
    }
    if (flags.version === true) {
      process.stdout.write(`${version}\n`);
      return 0;
    }
    checkWords(words, command);
    checkFlags(Object.keys(flags), command);
    let resolved: Resolved | undefined;
    return await command.run({
      get resolved() {
        resolved ??= resolveSettings({ env: process.env, flags: optionsAmong(flags, command) });
        return resolved;
      },
      words,
      flags,
      argv,
      version,
    });
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof Failed)) throw error;
    process.stderr.write(`${paintFor(process.stderr, colourAmong(given))('red', 'atommq:')} ${error.message}\n`);
    return error instanceof Failed ? FAILED : USAGE;
  }
}

/**
 * Whether `atommq` alone is how somebody runs a server: by variables, as unit files and containers have them, on a socket
 * of systemd's, or by a gateway that serves nobody at a terminal. Whoever only looks what this is has none of them.
 * @throws ConfigError
 */
function isConfigured(env: NodeJS.ProcessEnv): boolean {
  const variables = ['ATOMMQ_CONFIG', ...OPTION_NAMES.map(variableOf)];
  if (variables.some((name) => env[name])) return true;
  // A worker of ours has the variables of the process that started it.
  if ([process.pid, process.ppid].map(String).includes(env.LISTEN_PID ?? '')) return true;
  return resolveSettings({ env }).settings.gateway !== 'http';
}

/** Whoever reads our output may have read enough. */
function endQuietly(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`atommq: cannot write the output (${error.code ?? error.message})\n`);
    process.exit(FAILED);
  });
}

/** What was said of colours, where the command line itself may be what is wrong. */
function colourAmong(words: string[]): boolean | undefined {
  const last = words.findLast((word) => /^--(no-)?color$/.test(word));
  return last === undefined ? undefined : last === '--color';
}

function commandNamed(name: string): Command {
  const command = COMMANDS.find((one) => one.name === name);
  if (command !== undefined) return command;
  const names = COMMANDS.map((one) => one.name);
  throw new ConfigError(
    `unknown command ${JSON.stringify(name)}; the nearest one is ${nearest(name, names)}, and atommq help lists them`,
  );
}

/** A command's own flag may have the name of an option: `token create --feeds` is none of the rules for feeds. */
function optionsAmong(flags: Record<string, unknown>, { flags: own = [] }: Command): Record<string, unknown> {
  return Object.fromEntries(Object.entries(flags).filter(([name]) => !own.some((flag) => flag.name === name)));
}

function checkWords(words: string[], { name, usage = '', words: [least, most] = [0, 0] }: Command): void {
  if (words.length > most) throw new ConfigError(`${name} takes no ${JSON.stringify(words[most])}`);
  if (words.length < least) throw new ConfigError(`${name} needs more: atommq ${name} ${usage}`);
}

function checkFlags(flags: string[], { name, flags: own = [], options = OPTION_NAMES }: Command): void {
  const known = [...[...COMMON, ...own].map((flag) => flag.name), ...options];
  for (const flag of flags) {
    if (known.includes(flag)) continue;
    const others = COMMANDS.filter((one) => one.flags?.some((other) => other.name === flag));
    if (others.length > 0) throw new ConfigError(`--${flag} is for ${others.map((one) => one.name).join(', ')}`);
    if (OPTION_NAMES.includes(flag)) throw new ConfigError(`--${flag} is not for ${name}`);
    throw new ConfigError(`unknown flag --${flag}; the nearest one is --${nearest(flag, known)}`);
  }
}
