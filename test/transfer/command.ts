/** The command line for tests of moving buses: run to its end, or killed on the way. */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../doors/children.js';
import { temporaryFolder } from '../fixture.js';

const BIN = join(root, 'bin/atommq');
/** Without a configuration file of the machine's, or its variables. */
const elsewhere = temporaryFolder();
export const CLEAN = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ATOMMQ_')));

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `atommq` with these words, synchronously. */
export function atommq(words: string[], env: NodeJS.ProcessEnv = {}, cwd = elsewhere): Ran {
  const options = { cwd, env: { ...CLEAN, ...env }, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync(BIN, words, options);
  return { status, stdout, stderr };
}

/** The result of a command with `--json`. */
export function resultOf({ stdout }: Ran): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Runs `atommq` and kills it as soon as its standard error holds this; it may be done before. */
export async function killedAt(words: string[], sign: RegExp): Promise<void> {
  const child = spawn(BIN, words, { cwd: elsewhere, env: CLEAN, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (sign.test(said)) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.once('exit', resolve));
}
