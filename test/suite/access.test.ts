/** The access matrix: every address, every method, and whoever may come there with whatever credentials. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hash } from '@node-rs/bcrypt';
import { SignJWT } from 'jose';
import type { Permission } from '../../src/access/caller.js';
import { ROUTES, type Route } from '../../src/app.js';
import { AtomMQ } from '../../src/bus.js';
import { resolveSettings } from '../../src/config.js';
import type { Answered, Asked } from '../client.js';
import { type Door, doors, eachDoor } from '../doors/all.js';
import { openFolder } from '../doors/children.js';
import { entry, TYPE } from './atom.js';

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS';

/** What a request of the matrix goes to: a feed, an entry of it, and a media link entry of it. */
interface Target {
  base: string;
  feed: string;
  entry: string;
  media: string;
}

/** One cell's worth of a request; `needs` says again what the table of routes says, so that no slip of one changes both. */
interface Row {
  needs: Permission | 'nothing';
  path: (at: Target) => string;
  asked?: (at: Target) => Asked;
  /** The status for those who may. */
  right: number;
  /** There is no feed in the address itself: everybody gets what they may see. */
  list?: true;
  /** It is of the whole server, and for those who administer all of it. */
  server?: true;
}

const feedPath = ({ feed }: Target) => `/feed=${feed}`;
const entryPath = (at: Target) => `${feedPath(at)}/entries/${at.entry}`;
const mediaPath = (at: Target) => `${feedPath(at)}/entries/${at.media}/media`;
const atom = (body: string) => () => ({ body, headers: TYPE });
const FEED = '<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title></feed>';

/** A row for every method of every route: without one this does not compile. */
const ROWS: { [R in Route]: { [M in keyof (typeof ROUTES)[R]]: Row } } = {
  '/': { GET: { needs: 'read', path: () => '/', right: 200, list: true } },
  '/events': { GET: { needs: 'read', path: ({ feed }) => `/events?feed=${feed}`, right: 200 } },
  '/activity': { GET: { needs: 'read', path: ({ feed }) => `/activity?feed=${feed}`, right: 200, list: true } },
  '/assets/NAME': { GET: { needs: 'nothing', path: () => '/assets/icon.svg', right: 200 } },
  '/hub': {
    POST: {
      needs: 'read',
      path: () => '/hub',
      asked: ({ base, feed }) => ({
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `hub.mode=subscribe&hub.callback=http://127.0.0.1:9/&hub.topic=${encodeURIComponent(`${base}/feed=${feed}`)}`,
      }),
      right: 202,
    },
  },
  '/health/live': { GET: { needs: 'nothing', path: () => '/health/live', right: 200 } },
  '/health/ready': { GET: { needs: 'nothing', path: () => '/health/ready', right: 200 } },
  '/metrics': { GET: { needs: 'admin', path: () => '/metrics', right: 200, server: true } },
  '/feed=NAME': {
    GET: { needs: 'read', path: feedPath, right: 200 },
    POST: { needs: 'publish', path: feedPath, asked: atom(entry('<title>new</title>')), right: 201 },
    PUT: { needs: 'admin', path: feedPath, asked: atom(FEED), right: 200 },
    DELETE: { needs: 'admin', path: feedPath, right: 200 },
  },
  '/feed=NAME/categories': { GET: { needs: 'read', path: (at) => `${feedPath(at)}/categories`, right: 200 } },
  '/feed=NAME/entries/ID': {
    GET: { needs: 'read', path: entryPath, right: 200 },
    PUT: { needs: 'edit', path: entryPath, asked: atom(entry('<title>revised</title>')), right: 200 },
    DELETE: { needs: 'edit', path: entryPath, right: 200 },
  },
  '/feed=NAME/entries/ID/media': {
    GET: { needs: 'read', path: mediaPath, right: 200 },
    PUT: {
      needs: 'edit',
      path: mediaPath,
      asked: () => ({ body: 'other bytes', headers: { 'content-type': 'text/plain' } }),
      right: 200,
    },
    DELETE: { needs: 'edit', path: mediaPath, right: 200 },
  },
};

const PERMISSIONS: Permission[] = ['read', 'publish', 'edit', 'admin'];

/** Each request of the matrix: those of the rows, `HEAD` for each `GET`, and `OPTIONS` of each address. */
const REQUESTS: { name: string; method: Method; row: Row; needs: Row['needs'][] }[] = Object.entries(ROWS).flatMap(
  ([route, methods]) => {
    const rows = Object.entries(methods) as [Method, Row][];
    const request = (method: Method, row: Row, needs = [row.needs]) => ({
      name: `${method} ${route}`,
      method,
      row,
      needs,
    });
    const { asked: _asked, ...first } = rows[0]![1];
    return [
      ...rows.map(([method, row]) => request(method, row)),
      ...rows.filter(([method]) => method === 'GET').map(([, row]) => request('HEAD', row)),
      // Where the address is of no feed, OPTIONS tells of none.
      request(
        'OPTIONS',
        { ...first, right: 200, ...(/^.(events|hub)$/.test(route) ? { list: true } : {}) },
        rows.map(([, { needs }]) => needs),
      ),
    ];
  },
);

/** What callers come with: how they are wrong, and the field that they send. */
type Kind = 'nobody' | 'wrong' | 'expired' | 'scope' | 'other feed' | 'right';
interface Credentials {
  kind: Kind;
  way: string;
  field: string | undefined;
  /** What a scope is limited to. */
  permissions?: Permission[];
}

const LIKE = ['private ', 'prívate', 'private\u00ad', 'pri\u200bvate', 'privat\u0435'];
const RULES = [
  { match: '*', allow: 'admin', to: '@owners' },
  { match: 'other', allow: 'admin', to: 'guest' },
  // Names that a database might take for another one's.
  ...LIKE.map((match) => ({ match, allow: 'admin', to: 'guest' })),
  { match: 'open', allow: 'read', to: 'anyone' },
];
const folder = openFolder();
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const SECRET = Buffer.alloc(32, 'secret of the issuer');
const ISSUER = { jwt_issuer: 'https://issuer.example', jwt_audience: 'atommq' };
const users = await Promise.all(['root', 'guest'].map(async (name) => `${name}:${await hash(`of ${name}`, 4)}`));
const CONFIGURATION = {
  access: RULES,
  htpasswd_file: file('htpasswd', users.join('\n')),
  groups_file: file('groups', 'owners: root\n'),
  jwt_jwks: file(
    'jwks.json',
    JSON.stringify({ keys: [{ kty: 'oct', alg: 'HS256', k: SECRET.toString('base64url') }] }),
  ),
  ...ISSUER,
  // Failing as often as here, a caller would be told to wait.
  login_failures: 0,
  websub: true,
  websub_allow: ['127.0.0.0/8'],
  metrics: true,
  stream_lifetime: 1,
};

const basic = (name: string, password: string) => `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
const jwt = async (name: string, claims: Record<string, unknown> = {}, expires = 600, secret = SECRET) => {
  const end = Math.floor(Date.now() / 1000) + expires;
  const token = new SignJWT({ sub: name, exp: end, ...claims }).setProtectedHeader({ alg: 'HS256' });
  return `Bearer ${await token.setIssuer(ISSUER.jwt_issuer).setAudience(ISSUER.jwt_audience).sign(secret)}`;
};

/** The permissions that do not give another one. */
const allBut = (needs: Row['needs']) => PERMISSIONS.filter((one) => one !== needs && one !== 'admin');

/** Everybody there is, with tokens that this database holds. */
async function credentialsIn(database: string): Promise<Credentials[]> {
  const { settings } = resolveSettings({ file: false, set: { database } });
  const bus = await AtomMQ.from(settings, console.error, { runOnce: true });
  const desk = await bus.tokens();
  const token = async (name: string, permissions: Permission[], feeds?: string[], lifetime?: number) => {
    const made = await desk.create({ name, permissions, feeds, lifetime });
    return { id: made.view.id, field: `Bearer ${made.token}` };
  };
  const revoked = await token('root', PERMISSIONS);
  await desk.revoke(revoked.id);
  const make = (kind: Kind, way: string, field: string | undefined): Credentials => ({ kind, way, field });
  const made = [
    make('nobody', 'nothing', undefined),
    make('wrong', 'password', basic('root', 'of guest')),
    make('wrong', 'token', `Bearer amq_${'x'.repeat(43)}`),
    make('wrong', 'JWT', await jwt('root', {}, 600, Buffer.alloc(32, 'secret of somebody else'))),
    make('wrong', 'scheme', 'Digest username="root"'),
    make('expired', 'token', (await token('root', PERMISSIONS, undefined, 0.001)).field),
    make('expired', 'revoked token', revoked.field),
    make('expired', 'JWT', await jwt('root', {}, -600)),
    make('other feed', 'password', basic('guest', 'of guest')),
    make('other feed', 'token', (await token('root', PERMISSIONS, ['other', 'privat', 'rivate*'])).field),
    make('other feed', 'JWT', await jwt('guest')),
    make('right', 'password', basic('root', 'of root')),
    make('right', 'token', (await token('root', PERMISSIONS, ['private*'])).field),
    make('right', 'JWT', await jwt('guest', { groups: ['owners'] })),
  ];
  for (const lacks of PERMISSIONS) {
    const permissions = allBut(lacks);
    made.push({ ...make('scope', 'token', (await token('root', permissions)).field), permissions });
    made.push({
      ...make('scope', 'JWT', await jwt('root', { scope: `openid ${permissions.join(' ')}` })),
      permissions,
    });
  }
  await bus.close();
  // Web servers have users of their own.
  for (const end of ['', '-wal', '-shm']) if (existsSync(database + end)) chmodSync(database + end, 0o666);
  return made;
}

/** The status that a request must have, by the words of the documentation. */
function expected({ row, needs }: (typeof REQUESTS)[number], { kind, way, permissions }: Credentials): number {
  const isLimited = kind === 'right' && way === 'token';
  if (needs.includes('nothing') || (kind === 'right' && !(row.server && isLimited))) return row.right;
  if (kind === 'wrong' || kind === 'expired') return 401;
  // A list has what the caller may see, be it nothing.
  if (row.list) return row.right;
  if (kind === 'nobody') return 401;
  if (row.server) return 403;
  if (kind === 'other feed') return 404;
  if (needs.some((need) => permissions!.includes(need as Permission))) return row.right;
  return permissions!.includes('read') ? 403 : 404;
}

test('the matrix says of each route what the application says', () => {
  assert.deepEqual(
    Object.entries(ROWS).map(([route, methods]) => [
      route,
      Object.entries(methods).map(([method, { needs }]) => [method, needs]),
    ]),
    Object.entries(ROUTES).map(([route, methods]) => [
      route,
      Object.entries(methods).map(([method, { needs }]) => [method, needs]),
    ]),
  );
});

let all: Credentials[] = [];

eachDoor(
  (at, kind) => {
    const runsOnce = /CGI/.test(kind.name);
    // A process that ends with its request counts nothing.
    const requests = REQUESTS.filter(({ row }) => !(runsOnce && row.server));
    let made = 0;
    const ask = (door: Door, method: Method, path: string, field: string | undefined, { headers, body }: Asked = {}) =>
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
        await ask(door, 'POST', `/feed=${name}`, field, { body: entry('<title>secret title</title>'), headers: TYPE }),
        await ask(door, 'POST', `/feed=${name}`, field, { body: 'bytes', headers: { 'content-type': 'text/plain' } }),
      ];
      assert.deepEqual([one.status, media.status], [201, 201], one.text + media.text);
      const idOf = ({ headers }: Answered) => /entries\/([^/]+)$/.exec(headers.location ?? '')![1]!;
      return { base: door.base, feed: name, entry: idOf(one), media: idOf(media) };
    };
    /** Who tries a request; where each takes a process of its own, one of each kind in turn. */
    const tries = (index: number, row: Row): Credentials[] => {
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
      for (const [index, request] of requests.entries()) {
        const { name, method, row } = request;
        for (const who of tries(index, row)) {
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
        }
      }
      const after = await ask(door, 'GET', '/feed=private', rights()[0]!.field);
      assert.equal(after.headers.etag, before, 'nobody has changed what was not theirs');
    });

    test('a feed that may not be read is like one that is not there', async () => {
      const door = at();
      const there = await target('private-x');
      const not = { ...there, feed: 'private-y' };
      const guests = all.filter(({ kind }) => kind === 'other feed' || kind === 'nobody');
      for (const [index, { name, method, row }] of requests.entries()) {
        for (const who of runsOnce ? [guests[index % guests.length]!] : guests) {
          const [one, other] = [
            await ask(door, method, row.path(there), who.field, row.asked?.(there)),
            await ask(door, method, row.path(not), who.field, row.asked?.(not)),
          ];
          const plain = ({ status, headers: { date: _date, ...headers }, text }: Answered, feed: string) =>
            JSON.stringify({ status, headers, text }).replaceAll(feed, 'NAME');
          assert.equal(plain(one, 'private-x'), plain(other, 'private-y'), `${name}: ${who.kind} (${who.way})`);
        }
      }
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
);

/** `REMOTE_USER` comes by the environment of a script, one user at a time. */
const REMOTE: [user: string | undefined, trusted: boolean, kind: Kind][] = [
  ['root', true, 'right'],
  ['guest', true, 'other feed'],
  [undefined, true, 'nobody'],
  ['root', false, 'nobody'],
];

for (const [user, trusted, kind] of REMOTE) {
  eachDoor(
    (at) => {
      test(`REMOTE_USER ${user ?? 'not there'}, ${trusted ? 'believed' : 'not believed'}`, async () => {
        const door = at();
        for (const [index, request] of REQUESTS.entries()) {
          const { name, method, row } = request;
          const to = { base: door.base, feed: 'private', entry: 'urn:x:1', media: 'urn:x:1' };
          if (row.server || (kind === 'right' && (row.path === mediaPath || method === 'DELETE'))) continue;
          const status = expected(request, { kind, way: 'REMOTE_USER', field: undefined });
          const answer = await door.ask(method, `/atommq${row.path(to)}`, row.asked?.(to));
          assert.equal(answer.status, status, `${name} ${index}: ${answer.text}`);
          if (row.list && kind !== 'right') assert.doesNotMatch(answer.text, /private/, name);
        }
      });
    },
    {
      configuration: {
        access: RULES,
        groups_file: CONFIGURATION.groups_file,
        tokens: true,
        websub: true,
        websub_allow: CONFIGURATION.websub_allow,
        ...(trusted ? { trust_remote_user: true } : {}),
      },
      ...(user === undefined ? {} : { environment: { REMOTE_USER: user } }),
      prepare: async (database) => {
        const bus = await AtomMQ.from(resolveSettings({ file: false, set: { database } }).settings, console.error, {
          runOnce: true,
        });
        await bus.publish('private', '<entry><id>urn:x:1</id><title>secret title</title></entry>');
        await bus.close();
      },
    },
    doors.filter(({ name }) => name === 'CGI child'),
  );
}
