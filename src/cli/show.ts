/** `atommq show`: one entry, or what a feed says of itself. */
import type { DeletedEntry, Entry } from '../client/client.js';
import { Refused } from '../client/client.js';
import { ConfigError } from '../config.js';
import { count, size } from '../web/parts.js';
import { type Paint, paintFor } from './colour.js';
import type { Input } from './command.js';
import { Failed } from './failed.js';
import { oneOfFlag } from './flags.js';
import { plain, widthOf } from './table.js';
import { formatter } from './tail-format.js';
import { explain, type Target, targetOf } from './target.js';

const FORMATS = ['text', 'json', 'ndjson', 'atom'] as const;
type Format = (typeof FORMATS)[number];

/** Fields of a head: what has no value is left out. */
type Fields = [name: string, value: string | undefined][];

/** @returns the exit code */
export async function show({ resolved: { settings }, words: [word, which], flags }: Input): Promise<number> {
  if (flags.json === true && flags.format !== undefined)
    throw new ConfigError('--json and --format exclude each other');
  const format = flags.json === true ? 'json' : (oneOfFlag('format', flags.format, [...FORMATS]) ?? 'text');
  const paint = paintFor(process.stdout, flags.color);
  const target = targetOf(word!, flags.url, settings, 0);
  try {
    const text =
      which === undefined ? await feedText(target, format, paint) : await entryText(target, which, format, paint);
    process.stdout.write(text);
  } catch (error) {
    if (error instanceof Refused && error.status === 410) throw new Failed(`${which}: ${error.message}`);
    throw await explain(error, target);
  }
  return 0;
}

async function entryText({ feed }: Target, which: string, format: Format, paint: Paint): Promise<string> {
  const id = await idOf(feed, which);
  if (format === 'atom') return `${(await feed.xml(id)).trimEnd()}\n`;
  const entry = await feed.entry(id);
  return format === 'text' ? readable(entry, paint) : (await formatter(format))(entry);
}

/** @throws Failed where a feed has no entry */
async function idOf(feed: Target['feed'], which: string): Promise<string> {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(which)) return `urn:uuid:${which}`;
  if (which !== 'first' && which !== 'last') return which;
  const found = (await feed.about())[which];
  if (found === undefined) throw new Failed(`the feed ${JSON.stringify(feed.name)} has no entries`);
  return found.id;
}

async function readable(entry: Entry, paint: Paint): Promise<string> {
  const { id, url, title, content, summary, published, updated, edited, authors, categories, links, item } = entry;
  const { textOfHtml } = await import('../atom/text.js');
  const text = content.type === 'html' ? textOfHtml(content.value ?? '') : (content.value ?? '');
  const fields: Fields = [
    ['Title', title],
    ['Id', id],
    ['Address', url],
    ['Published', published],
    ['Updated', updated],
    ['Edited', edited],
    ['Draft', entry.draft ? 'yes' : undefined],
    ['Authors', authors.map(({ name, url: home }) => name ?? home ?? '').join(', ')],
    [
      'Categories',
      categories.map(({ term, scheme }) => (scheme === undefined ? term : `${term} (${scheme})`)).join(', '),
    ],
    ...links.map(({ rel, href }): Fields[number] => [`Link ${rel}`, href]),
    ...(item.attachments ?? []).map((one): Fields[number] => [
      'File',
      `${one.url} (${one.mime_type}${one.size_in_bytes === undefined ? '' : `, ${size(one.size_in_bytes)}`})`,
    ]),
    ['Content', content.src ?? content.type],
    ['Summary', summary],
  ];
  return `${head(fields, paint)}${text === '' ? '' : `\n${withoutControls(text).trimEnd()}\n`}`;
}

async function feedText({ client, feed }: Target, format: Format, paint: Paint): Promise<string> {
  if (format === 'atom' || format === 'ndjson') {
    throw new ConfigError(`--format ${format} is for one entry: ID, first or last`);
  }
  const about = await feed.about();
  const { feeds } = await client.activity([feed.name]);
  const { entries = 0, bytes = 0, hour = [] } = feeds[0] ?? {};
  const lastHour = Math.round(hour.reduce((sum, one) => sum + one, 0));
  const { first, last, ...rest } = about;
  if (format === 'json') {
    const ends = { first: first?.item, last: last?.item };
    return `${JSON.stringify({ feed: feed.name, url: feed.url, ...rest, entries, bytes, lastHour, ...ends }, null, 2)}\n`;
  }
  return head(
    [
      ['Feed', feed.name],
      ['Title', about.title === feed.name ? undefined : about.title],
      ['Subtitle', about.subtitle],
      ['Address', feed.url],
      ['Id', about.id],
      ['Authors', about.authors.map(({ name, url }) => name ?? url ?? '').join(', ')],
      ['Rights', about.rights],
      ['Entries', `${count(entries)} (${size(bytes)}), ${count(lastHour)} in the last hour`],
      ['First', lineOf(first)],
      ['Last', lineOf(last)],
      ['Updated', about.updated],
      ['ETag', about.etag],
    ],
    paint,
  );
}

function lineOf(entry: Entry | DeletedEntry | undefined): string | undefined {
  if (entry === undefined) return undefined;
  if (entry.deleted) return `${entry.id} (deleted ${entry.at ?? ''})`;
  return [entry.id, entry.published ?? entry.updated, JSON.stringify(plain(entry.title))].join('  ');
}

function head(fields: Fields, paint: Paint): string {
  const some = fields.filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(...some.map(([name]) => widthOf(plain(name))));
  const line = ([name, value]: Fields[number]) => {
    const label = `${plain(name)}:`;
    return `${paint('cyan', label)}${' '.repeat(width + 2 - widthOf(label))}${plain(value!)}\n`;
  };
  return some.map(line).join('');
}

/** A text of others with its lines and tabs, and nothing else that would steer a terminal. */
function withoutControls(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/[^\P{Cc}\n\t]/gu, ' ');
}
