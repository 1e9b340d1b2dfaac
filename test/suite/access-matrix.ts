/** The tests of the access matrix, for the doors that a file puts it through. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answered, Asked } from '../client.js';
import { type Door, type DoorKind, eachDoor } from '../doors/all.js';
import {
  allBut,
  basic,
  CONFIGURATION,
  type Credentials,
  credentialsIn,
  expected,
  LIKE,
  type Method,
  REQUESTS,
  type Row,
  type Target,
} from './access.js';
import { entry, TYPE } from './atom.js';

let all: Credentials[] = [];

/** At the same time: streams wait for their end, and scripts for a processor. */
const AT_ONCE = 8;

/** Does the same with each, some at the same time. */
async function withEach<T>(list: T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = list.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const one of left) await work(one);
    }),
  );
}

/** Defines the matrix's tests for each of these doors. */
export function accessMatrix(among: DoorKind[]): void {
  eachDoor(
    (at, kind) => {
      const runsOnce = /CGI/.test(kind.name);
      // A process that ends with its request counts nothing.
      const requests = REQUESTS.filter(({ row }) => !(runsOnce && row.server));
      let made = 0;
      const ask = (
        door: Door,
        method: Method,
        path: string,
        field: string | undefined,
        { headers, body }: Asked = {},
      ) =>
        door.ask(method, `/atommq${path}`, {
          headers: { ...headers, ...(field === undefined ? {} : { authorization: field }) },
          ...(body === undefined ? {} : { body }),
        });
      const rights = () => all.filter((one) => one.kind === 'right');
      /** A feed that nobody has changed, with an entry and a media resource. */
      const target = async (name: string): Promise<Target> => {
        const { field } = rights()[0]!;
        const door = at();
        const [one, media] = [
          await ask(door, 'POST', `/feed=${name}`, field, {
            body: entry('<title>secret title</title>'),
            headers: TYPE,
          }),
          await ask(door, 'POST', `/feed=${name}`, field, { body: 'bytes', headers: { 'content-type': 'text/plain' } }),
        ];
        assert.deepEqual([one.status, media.status], [201, 201], one.text + media.text);
        const idOf = ({ headers }: Answered) => /entries\/([^/]+)$/.exec(headers.location ?? '')![1]!;
        return { base: door.base, feed: name, entry: idOf(one), media: idOf(media) };
      };
      /** Who tries a request; where each takes a process of its own, one of each kind in turn. */
      const whoTries = (index: number, row: Row): Credentials[] => {
        const some = all.filter(
          ({ kind, permissions }) => kind !== 'scope' || permissions!.join() === allBut(row.needs).join(),
        );
        if (!runsOnce) return some;
        const kinds = [...new Set(some.map(({ kind }) => kind))];
        return kinds.map((kind) => {
          const ofKind = some.filter((one) => one.kind === kind);
          return ofKind[index % ofKind.length]!;
        });
      };

      test('each address and method, whoever comes', async () => {
        const door = at();
        const standing = await target('private');
        const before = (await ask(door, 'GET', '/feed=private', rights()[0]!.field)).headers.etag;
        const cells = requests.flatMap((request, index) =>
          whoTries(index, request.row).map((who) => ({ request, who })),
        );
        await withEach(cells, async ({ request, who }) => {
          const { name, method, row } = request;
          const what = `${name}: ${who.kind} (${who.way})`;
          const status = expected(request, who);
          // What is allowed to change something has something of its own to change.
          made += 1;
          const changes = status < 300 && !['GET', 'HEAD', 'OPTIONS'].includes(method) && !row.list;
          const to = changes ? await target(`private-${made}`) : standing;
          const answer = await ask(door, method, row.path(to), who.field, row.asked?.(to));
          assert.equal(answer.status, status, `${what}: ${answer.text}`);
          if (status >= 400) assert.doesNotMatch(answer.text, /secret title/, what);
          if (status === 401)
            assert.match(answer.headers['www-authenticate'] ?? '', /Basic realm=.*Bearer realm=/s, what);
          if (row.list && who.kind !== 'right') assert.doesNotMatch(answer.text, /private/, what);
          if (status === 200 && row.needs === 'read' && method !== 'OPTIONS') {
            assert.match(answer.headers['cache-control'] ?? '', /^(private, .*|no-store)$/, what);
          }
        });
        const after = await ask(door, 'GET', '/feed=private', rights()[0]!.field);
        assert.equal(after.headers.etag, before, 'nobody has changed what was not theirs');
      });

      test('a feed that may not be read is like one that is not there', async () => {
        const door = at();
        const there = await target('private-x');
        const not = { ...there, feed: 'private-y' };
        const guests = all.filter(({ kind }) => kind === 'other feed' || kind === 'nobody');
        const cells = requests.flatMap((request, index) =>
          (runsOnce ? [guests[index % guests.length]!] : guests).map((who) => ({ request, who })),
        );
        const plain = ({ status, headers: { date: _date, ...headers }, text }: Answered, feed: string) =>
          JSON.stringify({ status, headers, text }).replaceAll(feed, 'NAME');
        await withEach(cells, async ({ request: { name, method, row }, who }) => {
          const [one, other] = [
            await ask(door, method, row.path(there), who.field, row.asked?.(there)),
            await ask(door, method, row.path(not), who.field, row.asked?.(not)),
          ];
          assert.equal(plain(one, 'private-x'), plain(other, 'private-y'), `${name}: ${who.kind} (${who.way})`);
        });
      });

      test('a name is another one than those that look like it', async () => {
        const door = at();
        const { entry: id } = await target('private');
        for (const name of LIKE) {
          for (const below of ['', '/categories', `/entries/${id}`]) {
            const answer = await ask(
              door,
              'GET',
              `/feed=${encodeURIComponent(name)}${below}`,
              basic('guest', 'of guest'),
            );
            assert.equal(answer.status, 404, `${JSON.stringify(name)}${below}: ${answer.text}`);
          }
        }
      });

      test('what anyone may read is read by all but those whose credentials are wrong', async () => {
        const door = at();
        const { field } = rights()[0]!;
        await ask(door, 'POST', '/feed=open', field, { body: entry('<title>for all</title>'), headers: TYPE });
        for (const who of runsOnce ? [all[0]!, all[1]!] : all.filter(({ kind }) => kind !== 'scope')) {
          const answer = await ask(door, 'GET', '/feed=open', who.field);
          const isLimited = who.way === 'token' && (who.kind === 'other feed' || who.kind === 'right');
          const status = who.kind === 'wrong' || who.kind === 'expired' ? 401 : isLimited ? 404 : 200;
          assert.equal(answer.status, status, `${who.kind} (${who.way}): ${answer.text}`);
          if (status === 200)
            assert.doesNotMatch(`${answer.headers['cache-control']} ${answer.headers.vary}`, /private|auth/i);
        }
        const refused = await ask(door, 'POST', '/feed=open', undefined, { body: entry(), headers: TYPE });
        assert.equal(refused.status, 401);
      });
    },
    {
      configuration: CONFIGURATION,
      prepare: async (database) => {
        all = await credentialsIn(database);
      },
    },
    among,
  );
}
