/** `atommq prune`: retention once, for cron where nothing but a CGI script runs. */
import type { Input } from './command.js';
import { Count } from './progress.js';
import { withBus } from './with-bus.js';

/** @returns the exit code */
export function pruneOnce({ resolved: { settings }, flags }: Input): Promise<number> {
  const json = flags.json === true;
  return withBus(settings, async (bus) => {
    const count = new Count('prune', 'entries removed');
    let removed = 0;
    const pruned = await bus
      .prune(
        ({ feed, entries }) => {
          if (!json) count.above(() => process.stdout.write(`${feed}: ${entries} removed\n`));
        },
        (entries) => {
          removed += entries;
          count.show(removed);
        },
      )
      .finally(() => count.end());
    if (json) process.stdout.write(`${JSON.stringify(pruned)}\n`);
    return 0;
  });
}
