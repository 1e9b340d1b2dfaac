/** `atommq tail`: the entries of a feed, printed or handed to a command, with a position that is kept. */
import type { AtomEntry, DeletedEntry, Entry, Mode, Positions } from '../client/client.js';
import { memoryPositions } from '../client/client.js';
import { filePositions } from '../client/node.js';
import type { Input } from './command.js';
import { execFor } from './exec.js';
import { Failed } from './failed.js';
import { oneOfFlag, textFlag, wholeNumber } from './flags.js';
import { lazily } from './lazily.js';
import { Output } from './output.js';
import { formatter } from './tail-format.js';
import { explain, nearestTo, type Target, targetOf } from './target.js';

const FORMATS = ['text', 'json', 'ndjson', 'atom'] as const;
const MODES: Mode[] = ['auto', 'sse', 'poll'];

/** @returns the exit code */
export async function tail({ resolved: { settings }, words: [word], flags }: Input): Promise<number> {
  const command = textFlag(flags.exec);
  const format = oneOfFlag('format', flags.format, [...FORMATS]) ?? (command === undefined ? 'text' : 'atom');
  const mode = oneOfFlag('mode', flags.mode, MODES) ?? 'auto';
  const count = wholeNumber('count', flags.count, 1) ?? Number.POSITIVE_INFINITY;
  const file = textFlag(flags.position);
  const target = targetOf(word!, flags.url, settings);
  const { feed } = target;

  const stop = new AbortController();
  const interrupt = () => stop.abort();
  // A second one ends it at once, as it would have without us.
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const output = new Output(process.stdout, interrupt);
  const write = await formatter(format);
  const exec = command === undefined ? undefined : execFor(command, feed.name, stop.signal);
  let handled = 0;
  const handler = async (entry: Entry | DeletedEntry | AtomEntry) => {
    if (exec !== undefined) await exec(entry, write(entry));
    else if (!(await output.write(write(entry)))) throw stop.signal.reason;
    handled += 1;
    if (handled === count) stop.abort();
  };

  const kept = positionsIn(file);
  // A command is not run again for what it has done; printing again is no harm, and the disk need not be asked for each line.
  const positions = exec === undefined ? lazily(kept) : { ...kept, flush: async () => {} };
  const options = {
    positions,
    key: feed.name,
    from: textFlag(flags.from) ?? 'earliest',
    live: flags.follow !== false,
    mode,
    signal: stop.signal,
    handler,
    deleted: flags.deleted === true,
  };
  if (options.live) tellIfMissing(target, stop.signal);
  try {
    await (format === 'atom' ? feed.consume({ ...options, as: 'xml' }) : feed.consume(options));
  } catch (error) {
    throw await explain(error, target, file);
  } finally {
    await positions.flush();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
  return 0;
}

/** Whoever waits for a feed that is not there, and may have mistyped its name, is told so; nothing waits for this. */
function tellIfMissing({ client, feed }: Target, signal: AbortSignal): void {
  const look = async () => {
    const { etag } = await feed.end({ signal });
    if (etag !== undefined) return;
    const meant = await nearestTo(client, feed.name);
    process.stderr.write(`atommq: there is no feed named ${JSON.stringify(feed.name)} yet; waiting for it.${meant}\n`);
  };
  look().catch(() => {});
}

function positionsIn(file: string | undefined): Positions {
  if (file === undefined) return memoryPositions();
  const positions = filePositions(file);
  const failing = (error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Failed(code === undefined ? message : `${file}: the position cannot be kept there (${code})`);
  };
  return {
    get: async (key) => {
      try {
        return await positions.get(key);
      } catch (error) {
        return failing(error);
      }
    },
    set: async (key, id) => {
      try {
        await positions.set(key, id);
      } catch (error) {
        failing(error);
      }
    },
  };
}
