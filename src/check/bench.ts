/** What checks work on: the database, the server, and a feed of the check's own that both may know. */
import { randomBytes } from 'node:crypto';
import type { Database, Remark } from '../store/dialect.js';
import { KnexStore } from '../store/knex.js';
import type { DatabaseSettings } from '../store/store.js';
import { type Answer, saidBy, type Web } from './ask.js';

/** What the configuration says that checks go by. */
export interface CheckSettings {
  database: DatabaseSettings;
  /** For people: without a password. */
  databaseName: string;
  baseUrl: string | undefined;
  trustRemoteUser: boolean;
  maxEntryBytes: number;
  retryDeadline: number;
}

export const ATOM = { 'content-type': 'application/atom+xml;type=entry' };

/** The table that checks are made of: what each needs to be run at all. */
export interface Check {
  name: string;
  /** A server that answers, our own feed in it, the database; `both`: the server's feed is in that database. */
  needs: 'server' | 'feed' | 'database' | 'both';
  run(bench: Bench): Promise<Remark | Remark[]>;
}

export class Bench {
  readonly settings: CheckSettings;
  /** Seconds that an answer may be held back for a test. */
  readonly wait: number;
  readonly readOnly: boolean;
  readonly feed = `atommq-check-${randomBytes(6).toString('hex')}`;
  database: Database | undefined;
  /** Undefined where no server answers. */
  web: Web | undefined;
  /** The feed is there. */
  hasFeed = false;
  /** The server stores in the database that is configured here. */
  isSame = false;
  /** The server ends with each request, and so waits for nothing. */
  runsOnce = false;
  /** The id of the last entry that was published one by one. */
  lastId = '';
  #store: KnexStore | undefined;

  constructor(settings: CheckSettings, { wait, readOnly }: { wait: number; readOnly: boolean }) {
    this.settings = settings;
    this.wait = wait;
    this.readOnly = readOnly;
  }

  get path(): string {
    return `/feed=${this.feed}`;
  }

  /** For those checks that need a server. */
  get at(): Web {
    return this.web!;
  }

  get store(): KnexStore {
    this.#store ??= new KnexStore(this.database!, this.settings);
    return this.#store;
  }

  has(needs: Check['needs']): boolean {
    if (needs === 'database') return this.database !== undefined;
    if (needs === 'server') return this.web !== undefined;
    return this.hasFeed && (needs === 'feed' || this.isSame);
  }

  /**
   * Publishes an entry to the check's feed.
   * @throws Error that says why not
   */
  async publish(inside = '<title>atommq check</title>'): Promise<Published> {
    const body = `<entry xmlns="http://www.w3.org/2005/Atom">${inside}</entry>`;
    const answer = await this.at.ask('POST', this.path, { headers: ATOM, body });
    if (answer.status !== 201) throw new Error(`publishing is answered with ${saidBy(answer)}`);
    const id = unescaped(/<id>([^<]*)<\/id>/.exec(answer.body.toString())?.[1] ?? '');
    this.lastId = id;
    const location = answer.headers.location ?? '';
    const at = location.indexOf(this.path);
    return { id, location, path: at < 0 ? '' : location.slice(at), answer };
  }
}

export interface Published {
  id: string;
  /** The address that the server gives it. */
  location: string;
  /** The part of that below the mount point; empty where the server wrote something else. */
  path: string;
  answer: Answer;
}

function unescaped(text: string): string {
  return text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
}
