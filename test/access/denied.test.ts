/** Any rules, callers and requests: who may not gets the answer that the rules say, and the database is not asked. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { Access } from '../../src/access/access.js';
import type { Caller, Permission } from '../../src/access/caller.js';
import { makeApp } from '../../src/app.js';
import { resolveSettings } from '../../src/config.js';
import type { HttpRequest } from '../../src/http.js';
import { Live } from '../../src/live/live.js';
import type { Context } from '../../src/resource/context.js';
import { PageCache } from '../../src/resource/pages.js';
import { Policies } from '../../src/resource/policy.js';
import { openDatabase } from '../../src/store/dialect.js';
import { KnexStore } from '../../src/store/knex.js';
import { Publisher } from '../../src/store/publisher.js';
import { inProcess, temporaryFolder } from '../fixture.js';

const { settings } = resolveSettings({
  file: false,
  set: { database: join(temporaryFolder(), 'bus.db'), streamLifetime: 1 },
});
const store = new KnexStore(await openDatabase(settings.database, settings), settings);
let questions = 0;
/** Counts what the database is asked. */
const counted = <T extends object>(target: T): T =>
  new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        questions += 1;
        return Reflect.apply(value, target, args);
      };
    },
  });
const context: Context = {
  store: counted(store),
  publisher: counted(new Publisher(store, 1e6)),
  pages: new PageCache(1e6),
  policies: new Policies([{ match: 'log-*', appendOnly: true }]),
  live: new Live(store, settings),
  settings,
};
const app = makeApp(context, (error) => assert.fail(String(error)));
for (const feed of ['log-a', 'jobs']) {
  await inProcess(app)('POST', `/feed=${feed}`, { body: '<entry><id>urn:x:1</id><title>t</title></entry>' });
}
after(() => store.close());

const feeds = fc.constantFrom('log-a', 'jobs', 'log-none', 'none');
const permissions = fc.subarray<Permission>(['read', 'publish', 'edit', 'admin']);
const rules = fc.array(
  fc.record({
    match: fc.constantFrom('*', 'log-*', 'log-a', 'jobs', '????'),
    allow: permissions,
    to: fc.subarray(['anyone', 'authenticated', 'ann', '@staff'], { minLength: 1 }),
  }),
  { maxLength: 4 },
);
const caller: fc.Arbitrary<Caller> = fc.record({
  name: fc.constantFrom(undefined, 'ann', 'ben'),
  groups: fc.subarray(['staff']),
  scope: fc.record({ permissions, feeds: fc.constantFrom(undefined, ['log-*'], ['jobs', 'none']) }),
});

/** By path below the feed: which permission each method takes. `DELETE` of the feed would spoil it for the next. */
const TAKES: Record<string, Record<string, Permission>> = {
  '': { GET: 'read', HEAD: 'read', POST: 'publish', PUT: 'admin' },
  '/categories': { GET: 'read' },
  '/entries/urn:x:1': { GET: 'read', PUT: 'edit' },
  '/entries/urn:x:1/media': { GET: 'read', PUT: 'edit', DELETE: 'edit' },
};
const request = fc
  .constantFrom(
    ...Object.entries(TAKES).flatMap(([below, methods]) => Object.keys(methods).map((method) => [below, method])),
  )
  .map(([below = '', method = '']) => ({ below, method, needs: TAKES[below]![method]! }));

test('whoever may not is refused as the rules say, whether the feed is there or not, and nothing is asked', async () => {
  await fc.assert(
    fc.asyncProperty(
      rules,
      caller,
      feeds,
      request,
      fc.boolean(),
      async (some, who, feed, { below, method, needs }, credentials) => {
        // Where nothing may change there is no such method, for anyone.
        if (below !== '' && method !== 'GET' && feed.startsWith('log-')) return;
        const access = new Access(some, { credentials });
        context.access = access;
        const ask = inProcess((one: HttpRequest) => {
          one.caller = who;
          return app(one);
        });
        questions = 0;
        const answer = await ask(
          method,
          `/feed=${feed}${below}`,
          method === 'GET' || method === 'HEAD' ? {} : { body: '<entry/>' },
        );
        const asked = questions;
        if (access.may(who, needs, feed)) {
          // Not the rules' 404: that comes without a question.
          assert.ok(
            ![401, 403].includes(answer.status) && (answer.status !== 404 || asked > 0),
            `${answer.status} ${answer.body}`,
          );
          return;
        }
        const status = who.name === undefined && credentials ? 401 : access.may(who, 'read', feed) ? 403 : 404;
        assert.equal(answer.status, status, answer.body);
        assert.equal(asked, 0, 'the database was asked');
        assert.equal(answer.headers['cache-control'], 'no-store');
      },
    ),
    { numRuns: 1500 },
  );
});
