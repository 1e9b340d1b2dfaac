/** What a delivery holds: a document of the topic's kind with the entries that are new (WebSub §7). */
import { defaultMetadata } from '../atom/feed.js';
import type { Context } from '../resource/context.js';
import { hubUrl } from '../resource/service.js';
import { Lru } from '../store/lru.js';
import type { Feed } from '../store/store.js';
import type { Topic } from './topic.js';

/** Most bytes of entries of a delivery: many are under way at the same time. */
const MOST_BYTES = 1024 * 1024;
/** Bytes of documents that are kept for subscribers who come by the same place. */
const KEPT_BYTES = 16 * 1024 * 1024;

export interface Batch {
  contentType: string;
  body: Buffer;
  /** The position of the last entry that it holds, or that there was until retention removed it. */
  to: number;
  /** There is nothing to deliver. */
  empty: boolean;
}

export class Batches {
  readonly #context: Context;
  readonly #kept = new Lru<Batch>(KEPT_BYTES);
  readonly #making = new Map<string, Promise<Batch>>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** The entries after a position, made once for all subscribers of a topic who are there. */
  async after(feed: Feed, from: number, topic: Topic, base: string): Promise<Batch> {
    const key = `${feed.feedId}.${feed.edits}.${feed.head}.${from} ${topic.address}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    let making = this.#making.get(key);
    if (making === undefined) {
      making = this.#make(feed, from, topic, base).finally(() => this.#making.delete(key));
      this.#making.set(key, making);
      making.then(
        (batch) => this.#kept.set(key, batch, batch.body.length + 500),
        () => {},
      );
    }
    return making;
  }

  async #make(feed: Feed, from: number, topic: Topic, base: string): Promise<Batch> {
    const { store, settings } = this.#context;
    const asked = Number(topic.query.get('page_size') ?? settings.pageSize);
    const range = {
      from,
      descending: false,
      limit: Math.min(asked > 0 ? asked : settings.pageSize, settings.pageSize),
      bytes: Math.min(settings.pageBytes, MOST_BYTES),
    };
    const entries = (await store.page(feed.feedId, range)).filter(({ position }) => position <= feed.head);
    const { format } = topic;
    const body = await format.write({
      atomId: feed.atomId,
      metadata: feed.metadata ?? defaultMetadata(feed.name, settings.author),
      updated: entries.reduce((newest, { editedAt }) => Math.max(newest, editedAt), feed.createdAt),
      url: topic.url,
      links: [
        { rel: 'self', href: topic.address },
        { rel: 'hub', href: hubUrl(base) },
      ],
      entries,
    });
    return {
      contentType: format.contentType,
      body: Buffer.from(body),
      to: entries.at(-1)?.position ?? feed.head,
      empty: entries.length === 0,
    };
  }
}
