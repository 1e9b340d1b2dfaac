/** Writes to an SQLite file by other processes, seen by what they do to the files beside it. */
import { watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

/** Several events of one commit are one hint, in milliseconds. */
const GATHER = 1;

/**
 * @param onHint is called soon after a commit, and often just before it can be seen; also for commits of our own
 * @returns what ends it
 */
export function watchFile(filename: string, onHint: () => void): () => void {
  if (filename === ':memory:') return () => {};
  const path = resolve(filename);
  const wal = `${basename(path)}-wal`;
  let timer: NodeJS.Timeout | undefined;
  try {
    // The folder, since the log is removed and made again when nobody has the database open.
    const watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
      if (name !== null && name !== wal) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        onHint();
      }, GATHER).unref();
    });
    watcher.on('error', () => watcher.close());
    return () => {
      clearTimeout(timer);
      watcher.close();
    };
  } catch {
    // No watch is to be had (all are taken, or the file system has none): the slow look is behind it.
    return () => {};
  }
}
