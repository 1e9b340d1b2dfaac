/** `atommq feeds`: what flows through a bus, as a table, once or again and again. */
import { patternOf } from '../access/pattern.js';
import type { Activity, Client, Progress } from '../client/client.js';
import { sleep } from '../client/retry.js';
import type { Settings } from '../config.js';
import { count, size } from '../web/parts.js';
import { type Paint, paintFor } from './colour.js';
import type { Input } from './command.js';
import { Failed } from './failed.js';
import { Output } from './output.js';
import { Screen } from './screen.js';
import { ago, type Column, cut, plain, sparkline, table } from './table.js';
import { clientOf, explainAny, nearestTo } from './target.js';

/** Milliseconds between two looks, and how many looks go by until feeds that are new are looked for. */
const PAUSE = 1000;
const LOOKS = 5;

/** @returns the exit code */
export async function feeds({ resolved: { settings }, words, flags }: Input): Promise<number> {
  const client = clientOf(flags.url, settings, 0);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const output = new Output(process.stdout, interrupt);
  const looking = new Looking(client, words, stop.signal);
  const json = flags.json === true;
  const paint = paintFor(process.stdout, flags.color);
  try {
    if (flags.watch === true && !json && process.stdout.isTTY) await watchScreen(looking, stop, paint, settings);
    else {
      for (let first = true; first || (flags.watch === true && !stop.signal.aborted); first = false) {
        const { activity, rates } = await looking.look();
        if (json) await output.write(`${JSON.stringify(activity)}\n`);
        else await output.write(`${linesOf(activity, rates, paint).join('\n')}\n${flags.watch === true ? '\n' : ''}`);
        if (flags.watch === true) await sleep(PAUSE, stop.signal);
      }
    }
  } catch (error) {
    if (stop.signal.aborted) return 0;
    throw explainAny(error, client.url);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
  return 0;
}

/** What one look has seen. */
interface Look {
  activity: Activity;
  /** Entries a second since the look before, by feed; undefined at the first. */
  rates: Map<string, number> | undefined;
  /** How many feeds there are, those that have no room included. */
  total: number;
}

/** Looks at the feeds that are meant, one after the other. */
class Looking {
  readonly #client: Client;
  readonly #words: string[];
  readonly #signal: AbortSignal;
  #names: string[] = [];
  #looks = 0;
  #before: { at: number; heads: Map<string, number> } | undefined;

  constructor(client: Client, words: string[], signal: AbortSignal) {
    this.#client = client;
    this.#words = words;
    this.#signal = signal;
  }

  /**
   * @param most of how many feeds something is to be seen
   * @throws Failed where the names match no feed
   */
  async look(most = Number.POSITIVE_INFINITY): Promise<Look> {
    const options = { signal: this.#signal };
    if (this.#looks % LOOKS === 0) this.#names = await this.#meant(await this.#client.feeds(options));
    this.#looks += 1;
    const activity = await this.#client.activity(this.#names.slice(0, most), options);
    const at = Date.parse(activity.at);
    const heads = new Map(activity.feeds.map(({ feed, head }) => [feed, head]));
    const before = this.#before;
    this.#before = { at, heads };
    const rate = (feed: string) => {
      const came = heads.get(feed)! - (before!.heads.get(feed) ?? 0);
      return (Math.max(0, came) * 1000) / Math.max(1, at - before!.at);
    };
    const rates = before && new Map([...heads.keys()].map((feed) => [feed, rate(feed)]));
    return { activity, rates, total: this.#names.length };
  }

  async #meant(names: string[]): Promise<string[]> {
    if (this.#words.length === 0) return names;
    const patterns = this.#words.map(patternOf);
    const found = names.filter((name) => patterns.some((pattern) => pattern.test(name)));
    if (found.length > 0 || this.#looks > 0) return found;
    const [word] = this.#words;
    const meant = await nearestTo(this.#client, word!);
    throw new Failed(`no feed is named ${this.#words.map((one) => JSON.stringify(one)).join(' or ')}.${meant}`);
  }
}

/** The table on a screen of its own, until a key or a signal ends it; a server that is away for a while is told of. */
async function watchScreen(looking: Looking, stop: AbortController, paint: Paint, settings: Settings): Promise<void> {
  // What is wrong from the start is told where it stays to be read.
  let seen = await looking.look();
  const screen = new Screen(() => stop.abort());
  let trouble = '';
  try {
    while (!stop.signal.aborted) {
      const lines = linesOf(seen.activity, seen.rates, paint, { columns: screen.columns, watching: true });
      const hidden = seen.total - seen.activity.feeds.length;
      const more = hidden > 0 ? `… and ${hidden} more; atommq feeds PATTERN chooses` : '';
      const below = trouble === '' ? paint('dim', cut(`${more || settings.title}  (q ends)`, screen.columns)) : trouble;
      screen.draw([...lines.slice(0, screen.rows - 2), '', below].slice(0, screen.rows));
      await sleep(PAUSE, stop.signal);
      try {
        seen = await looking.look(Math.max(1, screen.rows - 3));
        trouble = '';
      } catch (error) {
        trouble = paint('red', cut((error as Error).message, screen.columns));
      }
    }
  } finally {
    screen.close();
  }
}

const COLUMNS: Column[] = [
  { heading: 'FEED' },
  { heading: 'ENTRIES', right: true },
  { heading: 'SIZE', right: true },
  { heading: 'LAST HOUR', right: true },
  { heading: 'LAST ENTRY', right: true },
];

/** The table, with what only people at a terminal want to see: bars, and how many come in a second. */
function linesOf(
  { feeds: all, at }: Activity,
  rates: Look['rates'],
  paint: Paint,
  terminal: { columns: number; watching: boolean } | undefined = process.stdout.isTTY
    ? { columns: process.stdout.columns, watching: false }
    : undefined,
): string[] {
  if (all.length === 0) return ['There are no feeds yet; publishing makes them: atommq publish FEED FILE'];
  const columns = [...COLUMNS];
  if (terminal?.watching) columns.splice(3, 0, { heading: 'NOW', right: true });
  if (terminal !== undefined) columns.push({ heading: '' });
  const rows = all.map((one) => {
    const cells = cellsOf(one, at);
    if (terminal?.watching) cells.splice(3, 0, rateOf(rates?.get(one.feed)));
    return terminal === undefined ? cells : [...cells, sparkline(one.hour)];
  });
  const lines = table(columns, rows).map((line) => (terminal === undefined ? line : cut(line, terminal.columns)));
  return lines.map((line, i) => (i === 0 ? paint('bold', line) : line));
}

function cellsOf({ feed, entries, bytes, hour, last }: Progress, at: string): string[] {
  const came = Math.round(hour.reduce((sum, one) => sum + one, 0));
  return [plain(feed), count(entries), size(bytes), count(came), ago(last, at)];
}

function rateOf(rate: number | undefined): string {
  if (rate === undefined) return '';
  return rate === 0 ? '-' : `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`;
}
