/** What `atommq publish` is given, as messages: lines, items of JSON, Atom, or files as they are. */
import { createReadStream, openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { decodeXml } from '../atom/decode.js';
import { parseDocument } from '../atom/parse.js';
import { Places } from '../atom/place.js';
import { type Draft, draftOf, type Item } from '../client/client.js';
import { HttpError } from '../http.js';
import { Failed } from './failed.js';
import { linesOf } from './lines.js';

/** Something to be published, and where it stood: `log.ndjson:3`. */
export type Message =
  | { place: string; entry: string | Draft }
  | { place: string; media: Blob; type: string; slug: string | undefined }
  /** It cannot be published, and this is why. */
  | { place: string; error: string };

export interface MessageOptions {
  /** Each line is a message. */
  lines: boolean;
  /** Files are media of this type. */
  type: string | undefined;
  slug: string | undefined;
  onBytes: (bytes: number) => void;
}

type Kind = 'lines' | 'items' | 'atom' | 'media';

const KINDS: Record<string, Kind> = { '.atom': 'atom', '.xml': 'atom', '.ndjson': 'items', '.jsonl': 'items' };

/** Media types by the ends of names, for what people publish; `--type` is for others. */
const TYPES: Record<string, string> = {
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.json': 'application/json',
  '.pdf': 'application/pdf',
  '.zip': 'application/zip',
  '.gz': 'application/gzip',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.svg': 'image/svg+xml',
  '.mp3': 'audio/mpeg',
  '.ogg': 'audio/ogg',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
};

/** The messages of a file; `-` is standard input. */
export async function* messagesOf(file: string, options: MessageOptions): AsyncGenerator<Message> {
  const { lines, type, onBytes } = options;
  const name = file === '-' ? 'standard input' : file;
  const extension = extname(file).toLowerCase();
  let kind: Kind | undefined = lines ? 'lines' : type === undefined ? (KINDS[extension] ?? 'media') : 'media';
  let source: AsyncIterable<Uint8Array> = file === '-' ? process.stdin : createReadStream(file);
  if (kind === 'media' && file === '-' && type === undefined) ({ kind, source } = await sniff(source));
  if (kind === 'lines') {
    let number = 0;
    for await (const line of linesOf(source, onBytes)) {
      number += 1;
      yield { place: `${name}:${number}`, entry: { content: line } };
    }
  } else if (kind === 'items') yield* itemsOf(name, linesOf(source, onBytes));
  else if (kind === 'atom')
    yield* entriesIn(name, file === '-' ? await gathered(source) : await readFile(file), onBytes);
  else {
    const media = file === '-' ? new Blob([await gathered(source)]) : await openAsBlob(file);
    onBytes(media.size);
    const slug = options.slug ?? (file === '-' ? undefined : basename(file));
    yield { place: name, media, type: type ?? TYPES[extension] ?? 'application/octet-stream', slug };
  }
}

/** What standard input is, by its first character. */
async function sniff(source: AsyncIterable<Uint8Array>): Promise<{ kind: Kind; source: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const begun: Uint8Array[] = [];
  let first = '';
  while (first === '') {
    const { done, value } = await iterator.next();
    if (done) break;
    begun.push(value);
    first = new TextDecoder('latin1')
      .decode(value)
      .replace(/^\u00ef\u00bb\u00bf|[\s\0\u00fe\u00ff]+/g, '')
      .slice(0, 1);
  }
  if (first !== '' && first !== '<' && first !== '{') {
    throw new Failed(
      'standard input is neither Atom nor NDJSON: --lines publishes each line, --type TYPE all of it as it is',
    );
  }
  async function* whole() {
    yield* begun;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  }
  return { kind: first === '<' ? 'atom' : 'items', source: whole() };
}

async function gathered(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Items of JSON Feed, one a line; blank lines are none, and deleted items neither. */
async function* itemsOf(name: string, lines: AsyncIterable<string>): AsyncGenerator<Message> {
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() === '') continue;
    const place = `${name}:${number}`;
    let item: Partial<Item> | undefined;
    try {
      item = asItem(JSON.parse(line));
    } catch (error) {
      yield { place, error: `not JSON: ${(error as Error).message}` };
      continue;
    }
    if (item === undefined) yield { place, error: 'not an item of JSON Feed: an object with texts is needed' };
    else if (item._atommq?.deleted === undefined) yield { place, entry: draftOf(item) };
  }
}

const TEXTS = [
  'title',
  'summary',
  'content_text',
  'content_html',
  'date_published',
  'date_modified',
  'language',
  'external_url',
];

function asItem(value: unknown): Partial<Item> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const item = value as Record<string, unknown>;
  const isText = (name: string) => item[name] === undefined || typeof item[name] === 'string';
  const isList = (name: string, type: string) => {
    const list = item[name];
    return list === undefined || (Array.isArray(list) && list.every((one) => typeof one === type && one !== null));
  };
  const isId = isText('id') || typeof item.id === 'number';
  const isFit = isId && TEXTS.every(isText) && isList('authors', 'object') && isList('tags', 'string');
  return isFit ? (item as Partial<Item>) : undefined;
}

/** Entries of an Atom document, as they stand in it: what its feed declares is declared on each. */
function* entriesIn(name: string, bytes: Uint8Array, onBytes: (bytes: number) => void): Generator<Message> {
  try {
    const text = decodeXml(bytes);
    const { entries } = parseDocument(text);
    const places = new Places(text);
    for (const entry of entries) {
      onBytes(bytes.byteLength / entries.length);
      yield { place: `${name}:${places.before(entry.at).line}`, entry: `${entry.open}${entry.inner}</${entry.name}>` };
    }
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    yield { place: name, error: `${error.message} (--type publishes a file as it is)` };
  }
}
