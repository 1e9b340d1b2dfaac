/** `--detach`: the same command again, in a session of its own; and the file that names its process. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Settings } from '../config.js';

/** Starts the server in the background; resolves with 0 once it listens, with its own exit code when it does not. */
export async function detach(settings: Settings, argv: string[]): Promise<number> {
  const { pidFile } = settings;
  if (pidFile !== undefined && isRunning(pidFile)) {
    process.stderr.write(`atommq: ${pidFile}: its process is running already\n`);
    return 1;
  }
  const errors = settings.logger === 'file' ? openSync(settings.logFile, 'a') : 'inherit';
  const child = spawn(process.execPath, argv.slice(1), {
    detached: true,
    stdio: ['ignore', 'ignore', errors, 'ipc'],
    env: { ...process.env, ATOMMQ_DETACHED: '1' },
  });
  if (typeof errors === 'number') closeSync(errors);
  const code = await new Promise<number>((resolve) => {
    child.once('message', () => resolve(0));
    child.once('exit', (status) => resolve(status ?? 1));
  });
  if (code === 0) {
    if (pidFile !== undefined) writeFileSync(pidFile, `${child.pid}\n`);
    child.disconnect();
    child.unref();
  }
  return code;
}

/** Whether the process that a file names is there; a file left behind by one that is gone is removed. */
function isRunning(pidFile: string): boolean {
  try {
    process.kill(Number(readFileSync(pidFile, 'utf8')), 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') return true;
    rmSync(pidFile, { force: true });
    return false;
  }
}
