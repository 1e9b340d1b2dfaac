/** What `atommq` alone says: what this is, and what one can do. */
import { existsSync } from 'node:fs';
import type { Paint } from './colour.js';
import { COMMANDS } from './commands.js';

/** Ten lines. */
export function overview(version: string, paint: Paint): string {
  const usages = COMMANDS.filter(({ first }) => first).map(({ name, usage = '', summary }) => ({
    line: `atommq ${name} ${usage}`.trim(),
    summary,
  }));
  const width = Math.max(...usages.map(({ line }) => line.length));
  const others = COMMANDS.filter(({ first, name }) => !first && name !== 'help').map(({ name }) => name);
  const begin = existsSync('config.yml') ? 'atommq serve, by the config.yml that is here' : 'atommq serve';
  return `${[
    `${paint('bold', `AtomMQ ${version}`)}, a message bus over Atom and HTTP.`,
    ...usages.map(({ line, summary }) => `  ${paint('cyan', line.padEnd(width))}  ${summary}`),
    `  ${paint('dim', `also: ${others.join(', ')}`)}`,
    `To begin: ${begin}, and then the address that it prints, in a browser.`,
    'atommq help COMMAND says how each is used, atommq help lists all options.',
  ].join('\n')}\n`;
}
