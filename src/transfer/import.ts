/** The way over: feeds and entries of AtomMQ 1.x and AtomBus are appended in their order, under their ids. */
import { defaultMetadata } from '../atom/feed.js';
import { newAtomId, now } from '../atom/ids.js';
import { ATOM } from '../atom/model.js';
import { escapeText } from '../atom/xml.js';
import { HttpError } from '../http.js';
import { feedName } from '../resource/address.js';
import type { LegacyFeed, LegacyRow, LegacySource, LegacyTable } from '../store/legacy.js';
import type { NewEntry, Store } from '../store/store.js';
import { type Converted, convertRow, newEntryOf } from './legacy-entry.js';
import { textMeantBy } from './legacy-text.js';

/** What became of the rows. Every row is counted once in one of the first five, which add up to `rows`. */
export interface Imported {
  rows: number;
  stored: number;
  /** They were there already, from a run before. */
  there: number;
  /** Retention has removed them since a run before. */
  removed: number;
  /** The feed has another entry of that id. */
  conflicts: number;
  /** They could not be taken over. */
  skipped: number;
  /** Contents that are kept as escaped text since they are not well-formed. */
  escaped: number;
  /** Contents that are kept in base64 since they are not text. */
  binary: number;
  /** Texts that were encoded in UTF-8 twice. */
  mended: number;
  /** Rows of which something else had to change. */
  repaired: number;
  feeds: number;
}

export interface ImportOptions {
  /** The author of feeds of which the source names none. */
  author: string;
  /** Takes texts as they are, though they look as if they were encoded in UTF-8 twice. */
  asIs: boolean;
  /** Told of each row when it is done. */
  onRow?: (() => void) | undefined;
  /** Told of what is lost or changed, one line each. */
  onNote?: ((line: string) => void) | undefined;
}

const MOST_ROWS = 500;
/** About so many characters of content are read at once. */
const MOST_CHARACTERS = 4 * 1024 * 1024;

/**
 * Imports all that is there. Whatever was imported before is recognised by id and digest, so that a run that was broken
 * off is taken up by another one, and a run over what is there already stores nothing.
 * @throws StoreUnavailable as the store does; what was stored until then stays
 */
export async function importLegacy(source: LegacySource, store: Store, options: ImportOptions): Promise<Imported> {
  const run = new Import(source, store, options);
  for (const table of source.tables) await run.table(table);
  return run.done;
}

/** A feed of the source. */
interface Target {
  /** The name that it gets; undefined when it cannot get one. */
  name: string | undefined;
  atomId: string;
  /** The time of the entry before. */
  last: number;
}

class Import {
  readonly done: Imported = {
    ...{ rows: 0, stored: 0, there: 0, removed: 0, conflicts: 0, skipped: 0 },
    ...{ escaped: 0, binary: 0, mended: 0, repaired: 0, feeds: 0 },
  };
  readonly #source: LegacySource;
  readonly #store: Store;
  readonly #options: ImportOptions;
  readonly #exact: boolean;
  /** By the name in the source. */
  readonly #targets = new Map<string, Target>();
  readonly #names = new Set<string>();

  constructor(source: LegacySource, store: Store, options: ImportOptions) {
    this.#source = source;
    this.#store = store;
    this.#options = options;
    this.#exact = source.keepsBytes || options.asIs;
  }

  async table(table: LegacyTable): Promise<void> {
    if (table.unknown.length > 0) this.#note(`${table.name}: not read: ${table.unknown.join(', ')}`);
    for (const feed of await this.#source.feeds(table)) await this.#feed(feed);
    let after: number | undefined;
    let limit = MOST_ROWS;
    for (;;) {
      const rows = await this.#source.rows(table, after, limit);
      if (rows.length === 0) return;
      await this.#rows(table, rows);
      after = rows.at(-1)!.order;
      const characters = rows.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
      // The next ones are probably about as long.
      limit = Math.max(1, Math.min(MOST_ROWS, Math.floor((MOST_CHARACTERS * rows.length) / (characters + 1))));
    }
  }

  /** Makes a feed with its id and title, unless it is there. */
  async #feed(row: LegacyFeed): Promise<void> {
    const { text } = textMeantBy(row.name, this.#exact);
    const target = this.#target(text, row.id ?? undefined);
    if (target.name === undefined) return;
    const held = await this.#store.feed(target.name);
    if (held !== undefined) {
      if (row.id !== null && held.atomId !== row.id) {
        this.#note(`${target.name}: the feed keeps its id ${held.atomId}; the source's was ${row.id}`);
      }
      return;
    }
    const author = textMeantBy(row.authorName, this.#exact).text || this.#options.author;
    const email = textMeantBy(row.authorEmail, this.#exact).text;
    await this.#store.setMetadata({
      feed: target.name,
      feedAtomId: target.atomId,
      change: (current) => ({ metadata: current?.metadata ?? metadata(text, author, email), title: text }),
      at: now(),
    });
  }

  /** Appends some rows, each to its feed. */
  async #rows(table: LegacyTable, rows: LegacyRow[]): Promise<void> {
    const appends = new Map<Target, NewEntry[]>();
    for (const row of rows) {
      this.done.rows += 1;
      const target = this.#target(textMeantBy(row.feed, this.#exact).text);
      if (target.name === undefined) {
        this.done.skipped += 1;
        this.#options.onRow?.();
        continue;
      }
      const entry = this.#entry(table, row, target.name, target);
      appends.set(target, [...(appends.get(target) ?? []), entry]);
    }
    for (const [target, entries] of appends) await this.#append(target.name!, target, entries);
  }

  #entry(table: LegacyTable, row: LegacyRow, name: string, target: Target): NewEntry {
    const converted = convertRow(row, table.name, name, this.#exact);
    this.#count(converted, `${name}: ${converted.atomId} (row ${row.order} of ${table.name})`);
    const { time } = converted;
    // No two entries of a burst share a time, though the source knows whole seconds only.
    const isBurst = time === undefined ? target.last > 0 : time <= target.last && target.last - time < 1e6;
    target.last = isBurst ? target.last + 1 : (time ?? now());
    return newEntryOf(converted, target.last);
  }

  async #append(name: string, target: Target, all: NewEntry[]): Promise<void> {
    const entries = await this.#withoutRemoved(name, all);
    const isTwice = new Set(entries.map(({ key }) => key)).size < entries.length;
    const groups = isTwice ? entries.map((entry) => [entry]) : entries.length > 0 ? [entries] : [];
    for (const group of groups) await this.#appendGroup(name, target, group);
    for (const _ of all) this.#options.onRow?.();
  }

  async #appendGroup(name: string, target: Target, entries: NewEntry[]): Promise<void> {
    const [result] = await this.#store.append([{ feed: name, feedAtomId: target.atomId, entries }]);
    switch (result!.kind) {
      case 'appended': {
        const there = result!.repeated?.size ?? 0;
        this.done.there += there;
        this.done.stored += entries.length - there;
        return;
      }
      case 'repeated':
        this.done.there += entries.length;
        return;
      default:
        // The others must not fall with the one that is another: one by one.
        if (entries.length > 1) for (const entry of entries) await this.#appendGroup(name, target, [entry]);
        else {
          this.done.conflicts += 1;
          this.#note(`${name}: ${entries[0]!.atomId} is in the feed with other content, which stays`);
        }
    }
  }

  /** Entries that retention took must not come back at the feed's end. */
  async #withoutRemoved(name: string, entries: NewEntry[]): Promise<NewEntry[]> {
    const feed = await this.#store.feed(name);
    if (feed === undefined || feed.floor === 0) return entries;
    const kept: NewEntry[] = [];
    for (const entry of entries) {
      const isHeld = (await this.#store.position(feed, entry.key)) !== undefined;
      if (isHeld || !(await this.#store.wasRemoved(feed.feedId, entry.key))) kept.push(entry);
      else this.done.removed += 1;
    }
    return kept;
  }

  /** The feed that a name in the source becomes. */
  #target(text: string, atomId?: string): Target {
    const known = this.#targets.get(text);
    if (known !== undefined) return known;
    const target: Target = { name: this.#nameOf(text), atomId: this.#feedId(text, atomId), last: 0 };
    this.#targets.set(text, target);
    if (target.name !== undefined) this.#names.add(target.name);
    this.done.feeds = this.#names.size;
    return target;
  }

  #nameOf(text: string): string | undefined {
    try {
      if (/\p{Cc}/u.test(text)) throw new HttpError(400, 'A feed’s name has no control characters in it.');
      return feedName(text);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#note(`the feed ${JSON.stringify(text)} is left out with its entries: ${error.message}`);
      return undefined;
    }
  }

  /** @param atomId in the source, where feeds had one */
  #feedId(text: string, atomId: string | undefined): string {
    if (atomId !== undefined && /^[^\s\p{Cc}]{1,64}$/u.test(atomId)) return atomId;
    const made = newAtomId(now());
    if (atomId !== undefined)
      this.#note(`the feed ${JSON.stringify(text)} gets the id ${made} for ${JSON.stringify(atomId)}`);
    return made;
  }

  #count({ escaped, binary, mended, repairs }: Converted, what: string): void {
    if (escaped) this.done.escaped += 1;
    if (binary) this.done.binary += 1;
    if (mended) this.done.mended += 1;
    if (repairs.length > 0) this.done.repaired += 1;
    for (const repair of repairs) this.#note(`${what}: ${repair}`);
    if (binary) this.#note(`${what}: its content is not text and is kept in base64`);
  }

  #note(line: string): void {
    this.#options.onNote?.(line);
  }
}

function metadata(title: string, author: string, email: string): string {
  if (email === '') return defaultMetadata(title, author);
  const person = `<name>${escapeText(author)}</name><email>${escapeText(email)}</email>`;
  return `<feed xmlns="${ATOM}"><title>${escapeText(title)}</title><author>${person}</author></feed>`;
}
