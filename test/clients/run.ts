/** Programs of others that end by themselves: run beside this process, which may be their server's proxy. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PATH, root } from '../doors/children.js';

export interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
  /** Both, in the order in which they came. */
  output: string;
}

/** A script or grammar that stands beside these tests; it is not compiled, so it is not beside the code that runs. */
export function beside(file: string): string {
  return join(root, 'test/clients', file);
}

/** Runs a program to its end; no proxy of this machine's stands between it and our servers. */
export function run(command: string, argv: string[], environment: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, argv, {
      env: { PATH, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', no_proxy: '127.0.0.1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
    });
    const ended: Ended = { status: null, stdout: '', stderr: '', output: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        ended[name] += text;
        ended.output += text;
      });
    }
    child.on('error', reject);
    child.on('close', (status) => resolve({ ...ended, status }));
  });
}
