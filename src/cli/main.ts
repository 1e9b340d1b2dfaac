/** The command line: flags made from the table of options, and the commands. */
import { createRequire } from 'node:module';
import yargs from 'yargs';
import { nearest } from '../config/nearest.js';
import { OPTIONS, type Option, variableOf } from '../config/options.js';
import { ConfigError, type Resolved, resolveSettings } from '../config.js';
import { showConfig } from './config.js';

/** Exit code for a command line or a configuration that cannot be used. */
const USAGE = 2;

const COMMANDS = ['serve', 'prune', 'subscriptions', 'config', 'help'];
/** Commands that have `--json`. */
const WITH_JSON = ['prune', 'subscriptions', 'config'];
const TABLE = Object.values(OPTIONS) as Option<unknown>[];
const FLAGS = ['config', 'json', 'help', 'version', ...TABLE.map(({ name }) => name)];

/** Runs a command line, `process.argv` in form, and resolves with the exit code. */
export async function main(argv: string[]): Promise<number> {
  const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string };
  const parser = commandLine(argv.slice(2), version);
  try {
    const { _: words, $0: _name, ...flags } = await parse(parser);
    const command = commandOf(words.map(String));
    if (flags.help === true || command === 'help') {
      process.stdout.write(`${await parser.getHelp()}\n`);
      return 0;
    }
    if (flags.version === true) {
      process.stdout.write(`${version}\n`);
      return 0;
    }
    checkFlags(flags, command);
    const resolved: Resolved = resolveSettings({ env: process.env, flags });
    if (command === 'config') return showConfig(resolved, flags.json === true);
    if (command === 'prune') return (await import('./prune.js')).pruneOnce(resolved, flags.json === true);
    if (command === 'subscriptions') {
      return (await import('./subscriptions.js')).listSubscriptions(resolved, flags.json === true);
    }
    // The bus and its database are loaded for those who serve only.
    const { serve } = await import('./serve.js');
    return await serve(resolved, argv, version);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`atommq: ${error.message}\n`);
    return USAGE;
  }
}

function commandLine(words: string[], version: string) {
  let parser = yargs(words)
    .scriptName('atommq')
    .locale('en')
    .usage('$0 [command] [options]\n\nA message bus over Atom and HTTP.')
    .usage('Commands:\n  serve   serve through a gateway (the default)')
    .usage('  prune   remove what is beyond the limits of feeds now; --json')
    .usage('  subscriptions  list who subscribes by WebSub; --json')
    .usage('  config  print what is in force and where each value came from; --json')
    .usage('  help    print this')
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'duplicate-arguments-array': false,
    })
    .option('config', {
      type: 'string',
      requiresArg: true,
      describe: 'configuration file [ATOMMQ_CONFIG, ./config.yml]',
    })
    .option('json', { type: 'boolean', hidden: true });
  for (const option of TABLE) {
    const fallback = option.default === undefined || option.flag ? '' : `, default ${String(option.default) || 'none'}`;
    const describe = `${option.help} [${variableOf(option.name)}${fallback}]`;
    parser = parser.option(
      option.name,
      option.flag ? { type: 'boolean', describe } : { type: 'string', requiresArg: true, describe },
    );
  }
  return parser
    .epilogue(`AtomMQ ${version}. Order: configuration file, ATOMMQ_* variables, flags; the later wins.`)
    .help(false)
    .version(false)
    .option('help', { type: 'boolean', describe: 'print this' })
    .option('version', { type: 'boolean', describe: 'print the version' })
    .wrap(Math.min(120, process.stdout.columns || 100))
    .exitProcess(false);
}

/** Whatever yargs finds fault with is a usage error. */
async function parse(parser: ReturnType<typeof commandLine>) {
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

function commandOf([command = 'serve', ...more]: string[]): string {
  if (!COMMANDS.includes(command)) {
    throw new ConfigError(
      `unknown command ${JSON.stringify(command)}; the nearest one is ${nearest(command, COMMANDS)}`,
    );
  }
  if (more.length > 0) throw new ConfigError(`${command} takes no ${JSON.stringify(more[0])}`);
  return command;
}

function checkFlags(flags: Record<string, unknown>, command: string): void {
  for (const flag of Object.keys(flags)) {
    if (!FLAGS.includes(flag))
      throw new ConfigError(`unknown flag --${flag}; the nearest one is --${nearest(flag, FLAGS)}`);
  }
  if (flags.json !== undefined && !WITH_JSON.includes(command)) {
    throw new ConfigError(`--json is for the commands ${WITH_JSON.join(' and ')}`);
  }
}
