/** The file that names the server's process: one server at a time holds it. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Another server holds the file, or it cannot be written. */
export class PidFileError extends Error {}

/**
 * Writes this process's id, and removes the file when the process exits. A file whose process is gone is replaced.
 * @throws PidFileError
 */
export function holdPidFile(path: string): void {
  const file = resolve(path);
  const own = `${file}.${process.pid}`;
  try {
    // Linking fails where the file is there, and shows it with its content in it from the start.
    writeFileSync(own, `${process.pid}\n`);
    for (let tries = 0; !link(own, file); tries += 1) {
      const holder = read(file);
      if (holder !== undefined && isRunning(holder)) throw new PidFileError(`${path}: process ${holder} runs already`);
      if (tries === 5) throw new PidFileError(`${path}: others keep writing it`);
      removeStale(file, `${own}.stale`);
    }
  } catch (error) {
    if (error instanceof PidFileError) throw error;
    throw new PidFileError(`${path}: cannot be written (${(error as NodeJS.ErrnoException).code})`);
  } finally {
    rmSync(own, { force: true });
  }
  process.on('exit', () => {
    if (read(file) === process.pid) rmSync(file, { force: true });
  });
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Only one of several can move the file away; who moved a fresh one by mistake puts it back. */
function removeStale(file: string, aside: string): void {
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const holder = read(aside);
  if (holder !== undefined && isRunning(holder)) link(aside, file);
  rmSync(aside, { force: true });
}

function read(file: string): number | undefined {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

/** A container that starts again gives us the id that is in the file: our own is nobody else's. */
function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** One that has ended is there until its parent asks after it; in a container that may be never. */
function isZombie(pid: number): boolean {
  try {
    return /^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
