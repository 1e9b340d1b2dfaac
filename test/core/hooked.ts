/** An application whose reading of the database is looked at, and held up. */
import { join } from 'node:path';
import { makeApp } from '../../src/app.js';
import { resolveSettings } from '../../src/config.js';
import { Live } from '../../src/live/live.js';
import type { Context } from '../../src/resource/context.js';
import { PageCache } from '../../src/resource/pages.js';
import { Policies } from '../../src/resource/policy.js';
import { openDatabase } from '../../src/store/dialect.js';
import { KnexStore } from '../../src/store/knex.js';
import { Publisher } from '../../src/store/publisher.js';
import { type Client, inProcess, temporaryFolder } from '../fixture.js';

export interface Held {
  ask: Client;
  store: KnexStore;
  /** Is called once, before the next page is read. */
  before: (work: () => Promise<unknown>) => void;
  /** After which positions pages were read. */
  from: number[];
}

/** Gives `work` an application on a feed `f` with three entries. */
export async function withHook(work: (held: Held) => Promise<void>): Promise<void> {
  const { settings } = resolveSettings({ env: { ATOMMQ_DATABASE: join(temporaryFolder(), 'bus.db') } });
  const store = new KnexStore(await openDatabase(settings.database, settings), settings);
  let hook: (() => Promise<unknown>) | undefined;
  const from: number[] = [];
  const hooked = new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        if (name === 'page') from.push((args[1] as { from: number }).from);
        const waiting = name === 'page' || name === 'readBlob' ? hook : undefined;
        if (waiting !== undefined) {
          hook = undefined;
          await waiting();
        }
        return Reflect.apply(value, target, args);
      };
    },
  });
  const policies = new Policies([]);
  const context: Context = {
    store: hooked,
    publisher: new Publisher(store, 1e6),
    pages: new PageCache(1e6),
    policies,
    live: new Live(store, settings),
    settings,
  };
  try {
    const ask = inProcess(makeApp(context, console.error));
    for (const id of ['a', 'b', 'c']) {
      await ask('POST', '/feed=f', { body: `<entry><id>urn:x:${id}</id><title>${id}</title></entry>` });
    }
    await work({
      ask,
      store,
      from,
      before: (next) => {
        hook = next;
      },
    });
  } finally {
    await store.close();
  }
}
