/** Loaded into a process (`node --import`): on SIGUSR2 it writes what it holds into the file that `ATOMMQ_TEST_PROBE` names. */
import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import { queryObjects, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What a process holds, after a collection of garbage. */
export interface Held {
  /** Bytes. */
  heap: number;
  /** Bytes. */
  resident: number;
  descriptors: number;
  /** Live objects that listeners are hung upon. */
  signals: number;
  timers: number;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Measures this process. */
export async function held(): Promise<Held> {
  collect();
  // What was found to be garbage may hold more, which is let go by and by.
  await new Promise((resolve) => setTimeout(resolve, 100));
  collect();
  const { heapUsed, rss } = process.memoryUsage();
  return {
    heap: heapUsed,
    resident: rss,
    descriptors: readdirSync('/proc/self/fd').length,
    signals: queryObjects(AbortSignal, { format: 'count' }),
    timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
  };
}

const file = process.env.ATOMMQ_TEST_PROBE;
if (file !== undefined) {
  process.on('SIGUSR2', () => {
    void held().then((all) => {
      writeFileSync(`${file}.new`, JSON.stringify(all));
      renameSync(`${file}.new`, file);
    });
  });
}
