/** Programs on a terminal of their own, made by Python: what they write there, and keys that are pressed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { until } from '../client/server.js';
import { root } from '../doors/children.js';
import { CLEAN } from '../transfer/command.js';

export const BIN = join(root, 'bin/atommq');

const children = new Set<ChildProcess>();

/** Ends every terminal that is still there. */
export function closeAll(): void {
  for (const child of children) child.kill('SIGKILL');
}

/** What a program has on its terminal. */
export class Terminal {
  /** All that was written, with what steers the terminal. */
  shown = '';
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(command: string[], { env = {}, cwd, size = [100, 24] }: TerminalOptions = {}) {
    const arguments_ = [join(root, 'test/cli/terminal.py'), ...size.map(String), ...command];
    const child = spawn('python3', arguments_, {
      cwd,
      env: { ...CLEAN, TERM: 'xterm', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child = child;
    children.add(child);
    child.stdin.on('error', () => {});
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.shown += text;
    });
    this.ended = new Promise((resolve) => {
      child.once('close', (code) => {
        children.delete(child);
        resolve(code);
      });
    });
  }

  type(keys: string): void {
    this.#child.stdin!.write(keys);
  }

  /** Resolves when this is to be seen in what has come since a place. */
  async until(sign: RegExp, from = 0): Promise<void> {
    await until(() => sign.test(this.shown.slice(from)), `${sign} is not in ${JSON.stringify(this.shown)}`).catch(
      (error) => {
        throw new Error(`${sign} is not in ${JSON.stringify(this.shown)}`, { cause: error });
      },
    );
  }
}

interface TerminalOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Columns and rows. */
  size?: [number, number];
}
