/** The command line: flags made from the table of options, and the commands. */
import { createRequire } from 'node:module';
import yargs from 'yargs';
import { nearest } from '../config/nearest.js';
import { OPTIONS, type Option, variableOf } from '../config/options.js';
import { ConfigError, type Resolved, resolveSettings } from '../config.js';
import { showConfig } from './config.js';
import { Failed } from './failed.js';

/** Exit code for what a command was asked and could not do. */
const FAILED = 1;
/** Exit code for a command line or a configuration that cannot be used. */
const USAGE = 2;

const COMMANDS = ['serve', 'migrate', 'prune', 'import', 'copy', 'config', 'help'];
/** Flags that are not options, and the commands that have them. */
const OF_COMMANDS = new Map([
  ['json', ['prune', 'import', 'copy', 'config']],
  ['from', ['import', 'copy']],
  ['to', ['copy']],
  ['as-is', ['import']],
  ['dry-run', ['migrate']],
]);
const TABLE = Object.values(OPTIONS) as Option<unknown>[];
const SWITCHES = TABLE.filter(({ flag }) => flag).map(({ name }) => name);
const FLAGS = ['config', 'help', 'version', ...OF_COMMANDS.keys(), ...TABLE.map(({ name }) => name)];

/** Runs a command line, `process.argv` in form, and resolves with the exit code. */
export async function main(argv: string[]): Promise<number> {
  const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string };
  const { words: rest, switches } = takeSwitches(argv.slice(2));
  const parser = commandLine(rest, version);
  try {
    const { _: words, $0: _name, ...parsed } = await parse(parser);
    const flags: Record<string, unknown> = { ...parsed, ...switches };
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
    if (command === 'migrate')
      return await (await import('./migrate.js')).migrateOnce(resolved, flags['dry-run'] === true);
    if (command === 'prune') return (await import('./prune.js')).pruneOnce(resolved, flags.json === true);
    if (command === 'import') {
      const from = text(flags.from) ?? process.env.ATOMMQ_FROM;
      const { importFrom } = await import('./import.js');
      return await importFrom(resolved, { from, asIs: flags['as-is'] === true, json: flags.json === true });
    }
    if (command === 'copy') {
      const from = text(flags.from) ?? process.env.ATOMMQ_FROM;
      const to = text(flags.to) ?? process.env.ATOMMQ_TO;
      return await (await import('./copy.js')).copyAll(resolved, { from, to, json: flags.json === true });
    }
    // The bus and its database are loaded for those who serve only.
    const { serve } = await import('./serve.js');
    return await serve(resolved, argv, version);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof Failed)) throw error;
    process.stderr.write(`atommq: ${error.message}\n`);
    return error instanceof Failed ? FAILED : USAGE;
  }
}

/** Takes `--detach=no` out: of a switch's value yargs takes everything but `true` for false, without a word. */
function takeSwitches(words: string[]): { words: string[]; switches: Record<string, string> } {
  const switches: Record<string, string> = {};
  const others = words.filter((word) => {
    const [, name = '', value = ''] = /^--([^=]+)=(.*)$/s.exec(word) ?? [];
    if (!SWITCHES.includes(name)) return true;
    switches[name] = value;
    return false;
  });
  return { words: others, switches };
}

function text(flag: unknown): string | undefined {
  return flag === undefined ? undefined : String(flag);
}

function commandLine(words: string[], version: string) {
  let parser = yargs(words)
    .scriptName('atommq')
    .locale('en')
    .usage('$0 [command] [options]\n\nA message bus over Atom and HTTP.')
    .usage('Commands:\n  serve   serve through a gateway (the default)')
    .usage('  migrate make the tables or bring them up to date, as every start does; --dry-run prints the SQL')
    .usage('  prune   remove what is beyond the limits of feeds now; --json')
    .usage('  import  take over feeds and entries of AtomMQ 1.x or AtomBus; --from DATABASE, --as-is, --json')
    .usage('  copy    copy a whole bus to another database; --from DATABASE, --to DATABASE, --json')
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
    .option('json', { type: 'boolean', hidden: true })
    .option('from', { type: 'string', requiresArg: true, hidden: true })
    .option('to', { type: 'string', requiresArg: true, hidden: true })
    .option('as-is', { type: 'boolean', hidden: true })
    .option('dry-run', { type: 'boolean', hidden: true });
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
    const commands = OF_COMMANDS.get(flag);
    if (commands === undefined ? FLAGS.includes(flag) : commands.includes(command)) continue;
    if (commands !== undefined) throw new ConfigError(`--${flag} is for ${commands.join(', ')}`);
    const known = FLAGS.filter((one) => OF_COMMANDS.get(one)?.includes(command) ?? true);
    throw new ConfigError(`unknown flag --${flag}; the nearest one is --${nearest(flag, known)}`);
  }
}
