/** `atommq init`: a configuration file that explains every option, made from the table of options. */

import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { GROUPS, keyOf, type Option, variableOf } from '../config/options.js';
import type { Input } from './command.js';
import { Failed } from './failed.js';

/** Most characters of a line. */
const WIDTH = 100;
const MIB = 1024 * 1024;

const TOP = `AtomMQ's configuration. Lines that begin with "# " explain; "#" right before a key switches an option off, which then
has the value that stands there. Take the # away to set it. This file comes first, then ATOMMQ_* variables, then flags:
the later wins. "atommq config" prints what is in force and where each value came from.

The database comes first. Unless you say so it is the SQLite file atommq.db in the folder in which atommq is started: an
absolute path is better where that may change. A server is a URL, and its driver is installed beside AtomMQ:
    database: /var/lib/atommq/atommq.db
    database: postgres://atommq@db.example.org/atommq       (npm install pg)
    database: mysql://atommq@db.example.org/atommq          (npm install mysql2)
A password belongs in password_file, or in the variable ATOMMQ_PASSWORD, and not in here.

On 127.0.0.1 nobody else is let in. Before host is set to another address, see "Who may come in" below.

Where to go on: "atommq serve" starts it, "atommq check" looks for what is wrong, "atommq help" lists what else there is.`;

/** What an option may look like where its default shows nothing, or not enough. */
const EXAMPLES: Record<string, string> = {
  feeds: '{ match: "log-*", append_only: true, max_age: 30d, max_entries: 1000000, max_bytes: 10GiB }',
  access: '{ match: "news-*", allow: [read], to: [anyone] }',
};

/** @returns the exit code */
export function init({ words: [file = 'config.yml'], flags }: Input): number {
  const text = configuration();
  try {
    writeFileSync(file, text, { flag: flags.force === true ? 'w' : 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new Failed(`${file} is there already; --force writes over it`);
    throw new Failed(`${file}: cannot be written (${code})`);
  }
  const given = file === 'config.yml' ? '' : ` --config ${file}`;
  const next = [
    [`edit ${file}`, 'take the # away where you want something else'],
    [`atommq config${given}`, 'see what is in force, and from where'],
    [`atommq serve${given}`, 'serve; the address that it prints is for browsers, too'],
  ] as const;
  const width = Math.max(...next.map(([line]) => line.length));
  process.stdout.write(`${file} is written: every option with its default, commented out.\n\nNext:\n`);
  for (const [line, what] of next) process.stdout.write(`  ${line.padEnd(width)}  ${what}\n`);
  return 0;
}

/** The file. Lines of options are `#key: value`, all others begin with `# ` or are empty. */
export function configuration(): string {
  const parts = GROUPS.map(([heading, options]) =>
    [`# ---- ${heading} ----`, ...Object.values(options).map(lineOf)].join('\n\n'),
  );
  return `${[comment(TOP), ...parts].join('\n\n')}\n`;
}

function lineOf(option: Option<unknown>): string {
  const { name, help, values } = option;
  const known = values === undefined || values.every((word) => help.includes(word)) ? '' : ` (${values.join(', ')})`;
  const example = EXAMPLES[name];
  const lines = wrap(`${help}${known} [${variableOf(name)}]`);
  if (example !== undefined) lines.push(`    - ${example}`);
  return `${comment(lines.join('\n'))}\n#${keyOf(name)}:${defaultOf(option)}`;
}

/** The default as YAML, with a space before it; nothing where the option is not set, or is an empty list of rules. */
function defaultOf({ default: value, parse, name }: Option<unknown>): string {
  if (value === undefined || name in EXAMPLES) return '';
  if (typeof value === 'number' && value > 0 && value % 1024 === 0) {
    const text = value % MIB === 0 ? `${value / MIB}MiB` : `${value / 1024}KiB`;
    if (isSame(parse, text, value)) return ` ${text}`;
  }
  const { stringify } = createRequire(import.meta.url)('yaml') as typeof import('yaml');
  return ` ${stringify(value).trim()}`;
}

/** Whether an option takes a text for this value. */
function isSame(parse: Option<unknown>['parse'], text: string, value: unknown): boolean {
  try {
    return parse(text) === value;
  } catch {
    return false;
  }
}

function wrap(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!;
    if (last !== '' && last.length + word.length + 3 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

function comment(text: string): string {
  return text
    .split('\n')
    .map((line) => `# ${line}`.trimEnd())
    .join('\n');
}
