/** `--exec`: a command of the user's for each entry, until it has succeeded. */
import { spawn } from 'node:child_process';
import { type AtomEntry, type DeletedEntry, type Entry, pauseAfter } from '../client/client.js';
import { sleep } from '../client/retry.js';

/** Times in milliseconds. */
const RETRY = { first: 1000, most: 60_000 };
/** A longer title would not fit into the environment of a process. */
const MOST_TITLE = 10_000;

/** @returns runs the command for an entry; throws the signal's reason when it is aborted before the command has succeeded */
export function execFor(command: string, feed: string, signal: AbortSignal) {
  return async (entry: Entry | DeletedEntry | AtomEntry, input: string): Promise<void> => {
    const env = {
      ...process.env,
      ATOMMQ_ID: entry.id,
      ATOMMQ_FEED: feed,
      ATOMMQ_TITLE: (await titleOf(entry)).slice(0, MOST_TITLE),
    };
    for (let failures = 1; ; failures += 1) {
      const how = await run(command, env, input);
      if (how === 0) return;
      if (signal.aborted) throw signal.reason;
      const pause = pauseAfter(failures, { ...RETRY, limit: 0 });
      process.stderr.write(
        `atommq: ${command}: ended with ${how} for ${entry.id}; again in ${(pause / 1000).toFixed(1)} s\n`,
      );
      await sleep(pause, signal);
    }
  };
}

/** Resolves with the exit code, the signal's name, or what is in the way of a start. */
function run(command: string, env: NodeJS.ProcessEnv, input: string): Promise<number | string> {
  return new Promise((resolve) => {
    const child = spawn(command, { shell: true, stdio: ['pipe', 'inherit', 'inherit'], env });
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? code ?? 0));
    // A command need not read what it is given.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

async function titleOf(entry: Entry | DeletedEntry | AtomEntry): Promise<string> {
  if (entry.deleted) return '';
  if ('title' in entry) return entry.title;
  return (await import('../atom/object.js')).viewEntry((entry as AtomEntry).xml).title;
}
