/** The one table of options: from it come the file's keys, the variables, the flags, the checks and the help. */
import { CALLERS } from './options/callers.js';
import { DATABASE } from './options/database.js';
import { FEEDS } from './options/feeds.js';
import { LIMITS } from './options/limits.js';
import type { Options } from './options/option.js';
import { RECORDS } from './options/records.js';
import { SERVING } from './options/serving.js';
import { WAITING } from './options/waiting.js';
import { WEBSUB } from './options/websub.js';

export type { Option } from './options/option.js';

/** Every option but `config`, which says where the file is. */
export const OPTIONS = {
  ...SERVING,
  ...DATABASE,
  ...FEEDS,
  ...CALLERS,
  ...LIMITS,
  ...WAITING,
  ...WEBSUB,
  ...RECORDS,
};

/** Options that belong together, in the order of the table, under the headings that people see. */
export const GROUPS: [heading: string, options: Options][] = [
  ['Where it serves', SERVING],
  ['Database', DATABASE],
  ['Feeds', FEEDS],
  ['Who may come in', CALLERS],
  ['Limits', LIMITS],
  ['Waiting and streaming', WAITING],
  ['WebSub', WEBSUB],
  ['Log and metrics', RECORDS],
];

export type OptionKey = keyof typeof OPTIONS;

/** The value of every option, by its name in programs. */
export type Values = { [K in OptionKey]: ReturnType<(typeof OPTIONS)[K]['parse']> };

/** The variable that sets an option. */
export function variableOf(name: string): string {
  return `ATOMMQ_${keyOf(name).toUpperCase()}`;
}

/** The key that sets an option in a file. */
export function keyOf(name: string): string {
  return name.replaceAll('-', '_');
}
