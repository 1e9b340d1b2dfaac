/** `--detach`: the same command again, in a session of its own, with a line to us until it listens. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Settings } from '../config.js';

/** Set in the process that runs detached. */
const MARK = 'ATOMMQ_DETACHED';

/** What the detached process says: that it listens, or a line about what is in the way. */
type Message = { ready: true } | { line: string };

/** How the detached process speaks to the one that started it; undefined in a process that is not detached. */
export interface Starter {
  tell(line: string): void;
  ready(): void;
}

/** Starts the server in the background; resolves with 0 once it listens, with its own exit code when it does not. */
export async function detach(settings: Settings, argv: string[]): Promise<number> {
  // Whoever waits for the end of our output must not wait for the server's.
  const errors = settings.logger === 'file' ? openSync(settings.logFile, 'a') : 'ignore';
  const child = spawn(process.execPath, [...process.execArgv, ...argv.slice(1)], {
    detached: true,
    stdio: ['ignore', 'ignore', errors, 'ipc'],
    env: { ...process.env, [MARK]: '1' },
  });
  if (typeof errors === 'number') closeSync(errors);
  const code = await new Promise<number>((resolve) => {
    child.on('message', (message: Message) => {
      if ('ready' in message) resolve(0);
      else process.stderr.write(`${message.line}\n`);
    });
    child.once('error', () => resolve(1));
    child.once('exit', (status) => resolve(status || 1));
  });
  if (code === 0) {
    child.disconnect();
    child.unref();
  }
  return code;
}

/** Takes the mark away: our own workers are not detached from us. */
export function starter(): Starter | undefined {
  if (process.env[MARK] === undefined) return undefined;
  delete process.env[MARK];
  const send = (message: Message) => {
    // The one that started us may be gone, which is no reason to stop.
    if (process.connected) process.send?.(message, undefined, {}, () => {});
  };
  return { tell: (line) => send({ line }), ready: () => send({ ready: true }) };
}
