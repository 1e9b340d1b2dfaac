/** `atommq check`: what is wrong with the database, the server and what stands before it, a line for each thing. */
import { Web } from '../check/ask.js';
import { runChecks } from '../check/checks.js';
import { maskDatabase } from '../config/database.js';
import { ConfigError, type Settings } from '../config.js';
import type { Remark } from '../store/dialect.js';
import { type Paint, paintFor, type Style } from './colour.js';
import type { Input } from './command.js';
import { wholeNumber } from './flags.js';
import { addressOf } from './target.js';

const DEFAULT_WAIT = 3;
const STYLES: Record<Remark['level'], Style> = { ok: 'green', warning: 'yellow', problem: 'red' };

/** @returns the exit code: 1 when there is a problem */
export async function check({ resolved: { settings }, flags }: Input): Promise<number> {
  const wait = wholeNumber('wait', flags.wait, 1) ?? DEFAULT_WAIT;
  const web = webOf(flags.url === undefined ? process.env.ATOMMQ_URL || undefined : String(flags.url), settings);
  const json = flags.json === true;
  const paint = paintFor(process.stdout, flags.color);
  const remarks: Remark[] = [];
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  // The feed of the check is removed all the same; a second one ends it at once.
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const options = { web, open: settings, readOnly: flags['read-only'] === true, wait, signal: stop.signal };
  await runChecks({ ...settings, databaseName: maskDatabase(settings.databaseName) }, options, (remark) => {
    remarks.push(remark);
    if (!json) process.stdout.write(linesOf(remark, paint));
  });
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  const count = (level: Remark['level']) => remarks.filter((remark) => remark.level === level).length;
  const counts = { ok: count('ok'), warnings: count('warning'), problems: count('problem') };
  if (json) process.stdout.write(`${JSON.stringify({ ...counts, remarks }, null, 2)}\n`);
  else process.stdout.write(`${counts.ok} ok, ${counts.warnings} warnings, ${counts.problems} problems\n`);
  return counts.problems > 0 || stop.signal.aborted ? 1 : 0;
}

/** @throws ConfigError for what is no address */
function webOf(url: string | undefined, settings: Settings): Web | undefined {
  let address = url;
  if (address === undefined) {
    try {
      address = addressOf(settings);
    } catch {
      return undefined;
    }
  }
  try {
    return new Web(address, process.env.ATOMMQ_TOKEN || undefined);
  } catch {
    throw new ConfigError(`${JSON.stringify(address)} is not the address of a bus, such as http://host/atommq`);
  }
}

function linesOf({ name, level, text, fix }: Remark, paint: Paint): string {
  const shown = paint(STYLES[level], level.padEnd(8));
  // What comes from a server must not steer the terminal.
  const plain = (line: string) => line.replace(/\p{Cc}/gu, ' ');
  const advice = fix === undefined ? '' : `         ${plain(fix)}\n`;
  return `${shown} ${name}: ${plain(text)}\n${advice}`;
}
