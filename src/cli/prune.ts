/** `atommq prune`: retention once, for cron where nothing but a CGI script runs. */
import { AtomMQ } from '../bus.js';
import type { Resolved } from '../config.js';

/** @returns the exit code */
export async function pruneOnce({ settings }: Resolved, json: boolean): Promise<number> {
  const bus = await AtomMQ.from(settings, console.error, { runOnce: true });
  try {
    const pruned = await bus.prune(({ feed, entries }) => {
      if (!json) process.stdout.write(`${feed}: ${entries} removed\n`);
    });
    if (json) process.stdout.write(`${JSON.stringify(pruned)}\n`);
  } finally {
    await bus.close();
  }
  return 0;
}
