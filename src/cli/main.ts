/** The command line: flags made from the table of options, and the commands. */
import { createRequire } from 'node:module';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { OPTIONS, type Option, variableOf } from '../config/options.js';
import { ConfigError, type Resolved, resolveSettings } from '../config.js';
import { showConfig } from './config.js';
import { serve } from './serve.js';

/** Exit code for a command line or a configuration that cannot be used. */
const USAGE = 2;

/** Runs a command line, and resolves with the exit code. */
export async function main(argv: string[]): Promise<number> {
  const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string };
  let code = 0;
  const run =
    (command: (resolved: Resolved, flags: Record<string, unknown>) => Promise<number>) => async (flags: object) => {
      const given = flags as Record<string, unknown>;
      code = await command(resolveSettings({ env: process.env, flags: given }), given);
    };
  let parser = yargs(hideBin(argv))
    .scriptName('atommq')
    .usage('$0 [command] [options]\n\nA message bus over Atom and HTTP.')
    .parserConfiguration({ 'camel-case-expansion': false, 'parse-numbers': false, 'duplicate-arguments-array': false })
    .option('config', {
      type: 'string',
      requiresArg: true,
      describe: 'configuration file [ATOMMQ_CONFIG, ./config.yml]',
    });
  for (const option of Object.values(OPTIONS) as Option<unknown>[]) {
    const fallback = option.default === undefined || option.flag ? '' : `, default ${String(option.default) || 'none'}`;
    const describe = `${option.help} [${variableOf(option.name)}${fallback}]`;
    parser = parser.option(
      option.name,
      option.flag ? { type: 'boolean', describe } : { type: 'string', requiresArg: true, describe },
    );
  }
  try {
    await parser
      .command(
        ['serve', '$0'],
        'serve through a gateway',
        {},
        run((resolved) => serve(resolved.settings, argv, version)),
      )
      .command(
        'config',
        'print what is in force, and where each value came from',
        (y) => y.option('json', { type: 'boolean', describe: 'as JSON' }),
        run(async (resolved, flags) => showConfig(resolved, flags.json === true)),
      )
      .strict()
      .version(version)
      .help()
      .wrap(Math.min(120, process.stdout.columns || 100))
      .fail((message, error) => {
        throw error ?? new ConfigError(message);
      })
      .parseAsync();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`atommq: ${error.message}\n`);
    return USAGE;
  }
  return code;
}
