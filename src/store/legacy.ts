/** The tables of AtomMQ 1.x and of AtomBus, read as they are found, on any database that Knex reaches. */
import { pathToFileURL } from 'node:url';
import module, { type Knex } from 'knex';
import type { DatabaseSettings } from './store.js';

/** A text as the database gives it: the bytes that it was given, else characters. */
export type LegacyText = Uint8Array | string | null;

/** A row of a feed table. */
export interface LegacyFeed {
  id: string | null;
  name: LegacyText;
  authorName: LegacyText;
  authorEmail: LegacyText;
}

/** A row of an entry table; what its table has no column for is null. */
export interface LegacyRow {
  /** What the rows of a table are ordered by. */
  order: number;
  id: string | number | null;
  feed: LegacyText;
  title: LegacyText;
  content: LegacyText;
  authorName: LegacyText;
  authorEmail: LegacyText;
  updated: unknown;
}

/** An entry table that was found. */
export interface LegacyTable {
  name: string;
  /** The table of its feeds; AtomMQ 1.0000 and before had none. */
  feeds: string | undefined;
  rows: number;
  /** Columns that are not read, which nothing is known of. */
  unknown: string[];
  /** The columns by what they hold. */
  columns: Record<string, string>;
}

/** By program: AtomMQ was renamed to AtomBus, and whoever followed has the older rows under the older name. */
const TABLES = [
  { name: 'atommq_entry', feeds: 'atommq_feed' },
  { name: 'atombus_entry', feeds: 'atombus_feed' },
];

/** What is read, and under which names the versions kept it. AtomMQ 1.0000 and before had `id`, `feed`, `title`, `content`. */
const COLUMNS: Record<string, string[]> = {
  order: ['order_id', 'id'],
  id: ['id'],
  feed: ['feed_title', 'feed_name', 'feed'],
  title: ['title'],
  content: ['content'],
  authorName: ['author_name'],
  authorEmail: ['author_email'],
  updated: ['updated'],
};
const NEEDED = ['order', 'id', 'feed', 'content'];
const FEED_COLUMNS: Record<string, string[]> = {
  id: ['id'],
  name: ['title', 'name'],
  authorName: ['author_name'],
  authorEmail: ['author_email'],
};
/** Columns of text, in which the old programs kept bytes of whatever was sent. */
const TEXTS = new Set(['name', 'feed', 'title', 'content', 'authorName', 'authorEmail']);

/** How a database that keeps the bytes it was given is asked for them; the others are asked for characters. */
const AS_BYTES: Record<string, string> = {
  sqlite3: 'CAST(?? AS BLOB)',
  'better-sqlite3': 'CAST(?? AS BLOB)',
};

/** A database of AtomMQ 1.x or AtomBus, which is read only. */
export class LegacySource {
  /** The entry tables that are there. */
  readonly tables: LegacyTable[];
  /** Texts are the bytes that were written; elsewhere a driver may have encoded UTF-8 a second time. */
  readonly keepsBytes: boolean;
  readonly #knex: Knex;
  readonly #asBytes: string;

  private constructor(instance: Knex, client: string, tables: LegacyTable[]) {
    this.#knex = instance;
    this.tables = tables;
    this.#asBytes = AS_BYTES[client] ?? '??';
    this.keepsBytes = client in AS_BYTES;
  }

  /** @throws Error of the driver when the database cannot be reached, or a table lacks what an entry needs */
  static async open(settings: DatabaseSettings): Promise<LegacySource> {
    const instance = module.knex(readOnly(settings));
    try {
      const tables: LegacyTable[] = [];
      for (const { name, feeds } of TABLES) {
        if (!(await instance.schema.hasTable(name))) continue;
        const there = Object.keys(await instance(name).columnInfo());
        const columns = choose(COLUMNS, there);
        const lacking = NEEDED.filter((what) => columns[what] === undefined);
        if (lacking.length > 0) throw new Error(`its table ${name} has no column for ${lacking.join(' and ')}`);
        const used = Object.values(columns);
        const [counted] = await instance(name).count({ rows: '*' });
        tables.push({
          name,
          feeds: (await instance.schema.hasTable(feeds)) ? feeds : undefined,
          rows: Number(counted?.rows ?? 0),
          unknown: there.filter((column) => !used.includes(column)),
          columns,
        });
      }
      return new LegacySource(instance, settings.client, tables);
    } catch (error) {
      await instance.destroy();
      throw error;
    }
  }

  /** The feeds that belong to a table of entries, by name. */
  async feeds({ feeds }: LegacyTable): Promise<LegacyFeed[]> {
    if (feeds === undefined) return [];
    const columns = choose(FEED_COLUMNS, Object.keys(await this.#knex(feeds).columnInfo()));
    return this.#select<LegacyFeed>(feeds, columns).orderBy(columns.name ?? columns.id ?? '');
  }

  /** Rows in order, after one of them (all of them where that is undefined), at most `limit`. */
  async rows({ name, columns }: LegacyTable, after: number | undefined, limit: number): Promise<LegacyRow[]> {
    const order = columns.order!;
    const query = this.#select<LegacyRow>(name, columns).orderBy(order).limit(limit);
    const rows = await (after === undefined ? query : query.where(order, '>', after));
    return rows.map((row) => ({ ...NOTHING, ...row, order: Number(row.order) }));
  }

  close(): Promise<void> {
    return this.#knex.destroy();
  }

  #select<R extends object>(table: string, columns: Record<string, string>): Knex.QueryBuilder<R, R[]> {
    const wanted = Object.entries(columns).map(([what, column]) =>
      TEXTS.has(what) ? this.#knex.raw(`${this.#asBytes} AS ??`, [column, what]) : this.#knex.ref(column).as(what),
    );
    return this.#knex(table).select(wanted) as Knex.QueryBuilder<R, R[]>;
  }
}

const NOTHING = { title: null, authorName: null, authorEmail: null, updated: null };

function choose(known: Record<string, string[]>, there: string[]): Record<string, string> {
  const chosen: Record<string, string> = {};
  for (const [what, names] of Object.entries(known)) {
    const name = names.find((one) => there.includes(one));
    if (name !== undefined) chosen[what] = name;
  }
  return chosen;
}

/** A mistyped file name must not make an empty database. */
function readOnly({ client, connection }: DatabaseSettings): Knex.Config {
  // Knex would say on the console what is thrown as well.
  const quiet = { pool: { min: 0, max: 1 }, log: SILENT };
  switch (client) {
    case 'sqlite3': {
      // Knex always opens for writing; the address says otherwise.
      const filename = `${pathToFileURL(String(connection.filename)).href}?mode=ro`;
      return { client, connection: { filename, flags: ['OPEN_URI'] }, useNullAsDefault: true, ...quiet };
    }
    case 'better-sqlite3': {
      const filename = String(connection.filename);
      return { client, connection: { filename, options: { readonly: true } }, useNullAsDefault: true, ...quiet };
    }
    default:
      return { client, connection: connection as object, ...quiet };
  }
}

const SILENT = { warn: () => {}, error: () => {}, deprecate: () => {}, debug: () => {} };
