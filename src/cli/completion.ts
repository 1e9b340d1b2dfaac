/** `atommq completion`: a script for a shell, made from the tables of commands and options. */
import { near } from '../config/nearest.js';
import { ConfigError } from '../config.js';
import type { Input } from './command.js';
import { bash } from './completion/bash.js';
import { fish } from './completion/fish.js';
import { zsh } from './completion/zsh.js';
import { clientOf } from './target.js';

const SCRIPTS: Record<string, () => string> = { bash, zsh, fish };
/** What the scripts ask for the names of feeds; nobody else needs to know. */
const FEEDS = 'feeds';
/** Nobody who presses a key waits longer, in milliseconds. */
const PATIENCE = 2000;

/** @returns the exit code */
export async function completion(input: Input): Promise<number> {
  const [shell = ''] = input.words;
  if (shell === FEEDS) return printFeeds(input);
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined) {
    const known = Object.keys(SCRIPTS);
    const [meant] = near(shell, known);
    const advice = meant === undefined ? '' : `; the nearest one is ${meant}`;
    throw new ConfigError(`completion is for ${known.join(', ')}, not for ${JSON.stringify(shell)}${advice}`);
  }
  process.stdout.write(script());
  return 0;
}

/** Names that a shell may offer; where they cannot be had it offers none, and says nothing. */
async function printFeeds({ resolved: { settings }, flags }: Input): Promise<number> {
  try {
    const names = await clientOf(flags.url, settings, 0).feeds({ signal: AbortSignal.timeout(PATIENCE) });
    process.stdout.write(names.map((name) => `${name}\n`).join(''));
    return 0;
  } catch {
    return 1;
  }
}
