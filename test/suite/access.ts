/** The access matrix as tables: every address and method, what it takes, and whoever may come there with whatever credentials. */
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hash } from '@node-rs/bcrypt';
import { SignJWT } from 'jose';
import type { Permission } from '../../src/access/caller.js';
import type { ROUTES, Route } from '../../src/app.js';
import { AtomMQ } from '../../src/bus.js';
import { resolveSettings } from '../../src/config.js';
import type { Asked } from '../client.js';
import { openFolder } from '../doors/children.js';
import { entry, TYPE } from './atom.js';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS';

/** What a request of the matrix goes to: a feed, an entry of it, and a media link entry of it. */
export interface Target {
  base: string;
  feed: string;
  entry: string;
  media: string;
}

/** One cell's worth of a request; `needs` says again what the table of routes says, so that no slip of one changes both. */
export interface Row {
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
export const mediaPath = (at: Target) => `${feedPath(at)}/entries/${at.media}/media`;
const atom = (body: string) => () => ({ body, headers: TYPE });
const FEED = '<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title></feed>';

/** A row for every method of every route: without one this does not compile. */
export const ROWS: { [R in Route]: { [M in keyof (typeof ROUTES)[R]]: Row } } = {
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

/** A row by one method. */
export interface Request {
  name: string;
  method: Method;
  row: Row;
  needs: Row['needs'][];
}

/** Each request of the matrix: those of the rows, `HEAD` for each `GET`, and `OPTIONS` of each address. */
export const REQUESTS: Request[] = Object.entries(ROWS).flatMap(([route, methods]) => {
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
});

/** What callers come with: how they are wrong, and the field that they send. */
export type Kind = 'nobody' | 'wrong' | 'expired' | 'scope' | 'other feed' | 'right';
export interface Credentials {
  kind: Kind;
  way: string;
  field: string | undefined;
  /** What a scope is limited to. */
  permissions?: Permission[];
}

export const LIKE = ['private ', 'prívate', 'private\u00ad', 'pri\u200bvate', 'privat\u0435'];
export const RULES = [
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
export const CONFIGURATION = {
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

export const basic = (name: string, password: string) =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
const jwt = async (name: string, claims: Record<string, unknown> = {}, expires = 600, secret = SECRET) => {
  const end = Math.floor(Date.now() / 1000) + expires;
  const token = new SignJWT({ sub: name, exp: end, ...claims }).setProtectedHeader({ alg: 'HS256' });
  return `Bearer ${await token.setIssuer(ISSUER.jwt_issuer).setAudience(ISSUER.jwt_audience).sign(secret)}`;
};

/** The permissions that do not give another one. */
export const allBut = (needs: Row['needs']) => PERMISSIONS.filter((one) => one !== needs && one !== 'admin');

/** Everybody there is, with tokens that this database holds. */
export async function credentialsIn(database: string): Promise<Credentials[]> {
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
export function expected({ row, needs }: Request, { kind, way, permissions }: Credentials): number {
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
