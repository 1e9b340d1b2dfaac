/** `atommq publish`: files and standard input to a feed, in order, with many entries in a request. */
import { accessSync, constants, statSync } from 'node:fs';
import { Refused } from '../client/client.js';
import type { Feed, Published } from '../client/feed.js';
import { ConfigError } from '../config.js';
import type { Input } from './command.js';
import { Failed } from './failed.js';
import { textFlag, wholeNumber } from './flags.js';
import { type Message, messagesOf } from './messages.js';
import { type Shown, shownOn } from './publish-progress.js';
import { explain, targetOf } from './target.js';
import { Window } from './window.js';

const INTERRUPTED = 130;
/** Lines about single messages are many where something is wrong with all; these are enough to see what. */
const MOST_NOTES = 20;

interface Result {
  feed: string;
  /** Stored, with those that were there already. */
  published: number;
  /** Those that were there already. */
  replayed: number;
  refused: number;
  /** The id of the last one. */
  last: string | undefined;
}

/** @returns the exit code */
export async function publish({ resolved: { settings }, words: [word, ...files], flags }: Input): Promise<number> {
  const given = filesOf(files);
  const target = targetOf(word!, flags.url, settings, wholeNumber('retry', flags.retry, 0));
  const { feed } = target;
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const shown = shownOn(process.stderr, sizeOfFiles(given));
  const options = {
    lines: flags.lines === true,
    type: textFlag(flags.type),
    slug: textFlag(flags.slug),
    onBytes: shown.bytes,
  };
  if (options.lines && options.type !== undefined) throw new ConfigError('--lines and --type exclude each other');
  const all = async function* () {
    for (const file of given) yield* messagesOf(file, options);
  };
  const result: Result = { feed: feed.url, published: 0, replayed: 0, refused: 0, last: undefined };
  try {
    await publishAll(feed, all(), result, stop.signal, shown);
  } catch (error) {
    throw await explain(error, target);
  } finally {
    shown.end();
    process.stdout.write(flags.json === true ? `${JSON.stringify(result)}\n` : summary(result));
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
  if (stop.signal.aborted) {
    process.stderr.write('atommq: interrupted; what comes after the last one was not published\n');
    return INTERRUPTED;
  }
  return result.refused === 0 ? 0 : 1;
}

async function publishAll(
  feed: Feed,
  messages: AsyncIterable<Message>,
  result: Result,
  signal: AbortSignal,
  shown: Shown,
): Promise<void> {
  const window = new Window();
  const refuse = ({ place }: Message, why: string) => {
    result.refused += 1;
    if (result.refused <= MOST_NOTES) shown.note(`atommq: ${place}: ${why}`);
    else if (result.refused === MOST_NOTES + 1) shown.note('atommq: … and more like these');
  };
  const one = async (message: Message) => {
    if ('error' in message) return refuse(message, message.error);
    try {
      const { id, replayed } = await send(feed, message);
      result.published += 1;
      result.last = id;
      if (replayed) result.replayed += 1;
      shown.stored(result.published);
    } catch (error) {
      // Without leave to publish all that follows would be refused as well.
      if (!(error instanceof Refused) || [401, 403, 404, 405].includes(error.status)) throw error;
      refuse(message, `${error.status} ${error.message}`);
    }
  };
  const iterator = messages[Symbol.asyncIterator]();
  const stopped = new Promise<undefined>((resolve) =>
    signal.addEventListener('abort', () => resolve(undefined), { once: true }),
  );
  for (;;) {
    // Standard input may have nothing to say for ever.
    const next = await Promise.race([iterator.next(), stopped]);
    if (next === undefined || next.done || signal.aborted) break;
    await window.run(sizeOf(next.value), () => one(next.value));
  }
  await window.empty();
}

function send(feed: Feed, message: Exclude<Message, { error: string }>): Promise<Published> {
  if ('entry' in message) return feed.publish(message.entry);
  const { media, type, slug } = message;
  return feed.publishMedia(media, { type, ...(slug === undefined ? {} : { slug }) });
}

function sizeOf(message: Message): number {
  if ('media' in message) return message.media.size;
  if ('error' in message) return 0;
  const { entry } = message;
  if (typeof entry === 'string') return entry.length;
  const value = typeof entry.content === 'string' ? entry.content : entry.content?.value;
  return 200 + (value?.length ?? 0) + (entry.summary?.length ?? 0);
}

/** @throws before anything is published, when a file is not there */
function filesOf(files: string[]): string[] {
  if (files.length === 0) {
    if (process.stdin.isTTY) throw new ConfigError('what is to be published? FILE, or - for standard input');
    return ['-'];
  }
  for (const file of files) {
    if (file === '-') continue;
    try {
      accessSync(file, constants.R_OK);
      if (statSync(file).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    } catch (error) {
      throw new Failed(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code}); nothing was published`);
    }
  }
  return files;
}

/** Undefined where a pipe is among them. */
function sizeOfFiles(files: string[]): number | undefined {
  return files.includes('-') ? undefined : files.reduce((sum, file) => sum + statSync(file).size, 0);
}

function summary({ feed, published, replayed, refused }: Result): string {
  const more = [
    ...(replayed > 0 ? [`${replayed} of them there already`] : []),
    ...(refused > 0 ? [`${refused} refused`] : []),
  ];
  return `${[`${published} published to ${feed}`, ...more].join(', ')}\n`;
}
