/** JWTs: which are taken, for whom, and with which keys. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, mock, test } from 'node:test';
import { base64url, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { Caller } from '../../src/access/caller.js';
import { AtomMQ } from '../../src/bus.js';
import { BadValue } from '../../src/config/bad-value.js';
import { ConfigError } from '../../src/config.js';
import { Refusal } from '../../src/guard/identity.js';
import { Jwt, type JwtSettings } from '../../src/guard/jwt.js';
import { HttpError } from '../../src/http.js';
import { inProcess, temporaryFolder } from '../fixture.js';
import {
  AUDIENCE,
  bearer,
  fileOf,
  goodClaims,
  ISSUER,
  type Issuer,
  jwks,
  keyServer,
  makeIssuer,
} from './credentials.js';

const SECRET = { kty: 'oct', kid: 'shared', k: base64url.encode(Buffer.alloc(32, 7)) };
const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'EdDSA'];
const issuers = new Map<string, Issuer>();
let keys: string;

before(async () => {
  for (const alg of ALGORITHMS) issuers.set(alg, await makeIssuer(alg));
  keys = fileOf(JSON.stringify({ keys: [...[...issuers.values()].map(({ jwk }) => jwk), SECRET] }));
});
afterEach(() => mock.timers.reset());

const told: unknown[] = [];
function open(more: Partial<JwtSettings> = {}): Jwt {
  const settings = {
    jwtJwks: keys,
    jwtIssuer: ISSUER,
    jwtAudience: AUDIENCE,
    jwtClockSkew: 10,
    jwtNameClaim: 'sub',
    jwtGroupsClaim: 'groups',
    ...more,
  };
  return new Jwt(
    settings,
    (name) => (name === 'jane' ? ['local'] : []),
    (error) => told.push(error),
  );
}

const signed = (claims?: JWTPayload, header?: Record<string, unknown>) => issuers.get('ES256')!.sign(claims, header);

async function callerOf(token: string, jwt = open()): Promise<Caller> {
  return (await jwt.identify(token)).caller;
}

/** Refused with a sentence that holds `why` and nothing of the token. */
async function refused(token: string, why: RegExp, jwt = open()): Promise<void> {
  await assert.rejects(jwt.identify(token), (error: Error) => {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.scheme, 'bearer');
    assert.match(error.message, why);
    for (const part of token.split('.')) assert.ok(part.length < 8 || !error.message.includes(part));
    return true;
  });
}

test('every signature that is taken', async () => {
  const jwt = open();
  for (const [alg, issuer] of issuers) {
    assert.deepEqual(await callerOf(await issuer.sign(), jwt), { name: 'jane', groups: ['local'] }, alg);
  }
  const shared = await new SignJWT(goodClaims()).setProtectedHeader({ alg: 'HS256' }).sign(base64url.decode(SECRET.k));
  assert.equal((await callerOf(shared, jwt)).name, 'jane');
});

test('whom a token is for: name, groups, and scopes that are ours', async () => {
  const of = async (claims: JWTPayload, settings: Partial<JwtSettings> = {}) =>
    callerOf(await signed(goodClaims(claims)), open(settings));
  assert.deepEqual(await of({ sub: 'joe', groups: ['a', 'b', 7] }), { name: 'joe', groups: ['a', 'b'] });
  assert.deepEqual(await of({ sub: 'joe', groups: 'a' }), { name: 'joe', groups: ['a'] });
  assert.deepEqual((await of({ groups: ['local', 'a'] })).groups, ['local', 'a']);
  assert.deepEqual(await of({ sub: 'joe', scope: 'openid profile' }), { name: 'joe', groups: [] });
  assert.deepEqual((await of({ scope: 'openid read publish' })).scope, {
    permissions: ['read', 'publish'],
    feeds: undefined,
  });
  assert.deepEqual((await of({ scope: ['read'] })).scope?.permissions, ['read']);
  const elsewhere = { jwtNameClaim: 'email', jwtGroupsClaim: 'realm_access.roles' };
  assert.deepEqual(await of({ email: 'joe@example.org', realm_access: { roles: ['x'] } }, elsewhere), {
    name: 'joe@example.org',
    groups: ['x'],
  });
  assert.deepEqual(
    (await of({ 'https://example.org/roles': ['x'] }, { jwtGroupsClaim: 'https://example.org/roles' })).groups,
    ['x', 'local'],
  );
  for (const sub of [undefined, '', 7, 'a\nb', 'x'.repeat(256)]) {
    await refused(await signed(goodClaims({ sub } as JWTPayload)), /no name in its claim sub/);
  }
  await refused(await signed(), /no name/, open({ jwtNameClaim: '__proto__.constructor.name' }));
});

test('claims that do not do', async () => {
  const now = Math.floor(Date.now() / 1000);
  const cases: [JWTPayload, RegExp][] = [
    [{ exp: now - 11 }, /has expired/],
    [{ exp: undefined }, /claim exp/],
    [{ exp: '9999999999' } as unknown as JWTPayload, /claim exp/],
    [{ nbf: now + 60 }, /claim nbf/],
    [{ iss: 'https://other.example.org/' }, /claim iss/],
    [{ iss: undefined }, /claim iss/],
    [{ aud: 'somebody else' }, /claim aud/],
    [{ aud: undefined }, /claim aud/],
    [{ aud: [] }, /claim aud/],
  ];
  for (const [claims, why] of cases) await refused(await signed(goodClaims(claims)), why);
  assert.equal((await callerOf(await signed(goodClaims({ exp: now - 5, aud: ['x', AUDIENCE] })))).name, 'jane');
});

test('a token stands until it expires', async () => {
  const token = await signed(goodClaims({ exp: Math.floor(Date.now() / 1000) + 60 }));
  const { stands } = await open().identify(token);
  assert.equal(await stands(), true);
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 71_000 });
  assert.equal(await stands(), false);
});

test('signatures that are none: none, of another key, of a public key taken for a secret', async () => {
  const [header, payload, signature] = (await signed()).split('.');
  const encode = (value: unknown) => base64url.encode(JSON.stringify(value));
  for (const alg of ['none', 'None', 'NONE', '']) {
    await refused(`${encode({ alg })}.${payload}.`, /./);
    await refused(`${encode({ alg, kid: 'ES256' })}.${payload}.${signature}`, /./);
  }
  await refused(`${header}.${payload}.`, /./);
  await refused(`${header}.${encode({ ...goodClaims(), sub: 'root' })}.${signature}`, /signature is wrong/);
  await refused(await (await makeIssuer('ES256')).sign(), /signature is wrong/);
  await refused(await (await makeIssuer('ES256', 'unknown')).sign(), /key that is not known/);
  const { publicKey } = await generateKeyPair('RS256', { extractable: true });
  for (const secret of [JSON.stringify(issuers.get('RS256')!.jwk), await exportSPKI(publicKey), '', 'secret']) {
    for (const kid of ['RS256', 'shared']) {
      const signing = `${encode({ alg: 'HS256', kid })}.${payload}`;
      await refused(`${signing}.${createHmac('sha256', secret).update(signing).digest('base64url')}`, /./);
    }
  }
  const strong = await new SignJWT(goodClaims())
    .setProtectedHeader({ alg: 'HS512', kid: 'shared' })
    .sign(Buffer.concat([base64url.decode(SECRET.k), base64url.decode(SECRET.k)]));
  await refused(strong, /way that is not taken/);
  await refused(
    await signed(goodClaims(), { crit: ['x'], x: 1 }).catch(
      () => `${encode({ alg: 'ES256', crit: ['x'], x: 1 })}.${payload}.${signature}`,
    ),
    /./,
  );
  for (const text of ['', '.', '..', 'a.b.c', 'a.b', 'a.b.c.d.e', `${encode([])}.${payload}.${signature}`])
    await refused(text, /./);
});

test('of several keys that would do, the right one is found', async () => {
  const [one, two, other] = await Promise.all([1, 2, 3].map(() => makeIssuer('ES256', '')));
  for (const issuer of [one!, two!, other!]) delete issuer.jwk.kid;
  const jwt = open({ jwtJwks: fileOf(jwks(one!, two!)) });
  const sign = (issuer: Issuer) => issuer.sign(goodClaims(), { kid: undefined });
  assert.equal((await callerOf(await sign(one!), jwt)).name, 'jane');
  assert.equal((await callerOf(await sign(two!), jwt)).name, 'jane');
  await refused(await sign(other!), /signature is wrong/, jwt);
});

test('files of keys that cannot be used stop the start', () => {
  const key = issuers.get('ES256')!.jwk;
  const cases: [string, RegExp][] = [
    ['{', /is not JSON/],
    ['[]', /is not a JSON Web Key Set/],
    ['{"keys": {}}', /is not a JSON Web Key Set/],
    ['{"keys": [1]}', /is not a JSON Web Key Set/],
    [JSON.stringify({ keys: [{ ...key, d: 'x' }] }), /holds a private key/],
    [JSON.stringify({ keys: [{ ...SECRET, k: 'short' }] }), /fewer than 256 bits/],
    [JSON.stringify({ keys: [{ kty: 'oct' }] }), /fewer than 256 bits/],
  ];
  for (const [text, why] of cases) {
    assert.throws(
      () => open({ jwtJwks: fileOf(text) }),
      (error: Error) => error instanceof BadValue && error.message.startsWith('jwt-jwks /') && why.test(error.message),
    );
  }
});

test('a file of keys is read again', async () => {
  mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const [old, fresh] = [await makeIssuer('ES256', 'old'), await makeIssuer('ES256', 'fresh')];
  const file = fileOf(jwks(old));
  const jwt = open({ jwtJwks: file });
  assert.equal((await callerOf(await old.sign(), jwt)).name, 'jane');
  writeFileSync(file, jwks(fresh));
  mock.timers.tick(1000);
  assert.equal((await callerOf(await fresh.sign(), jwt)).name, 'jane');
  await refused(await old.sign(), /key that is not known/, jwt);
});

test('keys at an address: asked for once, again for a key that is new, and not more often than that', async () => {
  const start = Date.now();
  mock.timers.enable({ apis: ['Date'], now: start });
  const [old, fresh] = [await makeIssuer('ES256', 'old'), await makeIssuer('ES256', 'fresh')];
  let body = jwks(old);
  const server = await keyServer(() => ({ body }));
  try {
    const jwt = open({ jwtJwks: server.url });
    const names = await Promise.all(
      Array.from({ length: 10 }, async () => (await callerOf(await old.sign(), jwt)).name),
    );
    assert.deepEqual([...new Set(names)], ['jane']);
    assert.equal(server.asked(), 1);
    body = jwks(old, fresh);
    await refused(await fresh.sign(), /key that is not known/, jwt);
    assert.equal(server.asked(), 1, 'anybody can invent the name of a key');
    mock.timers.tick(30_000);
    assert.equal((await callerOf(await fresh.sign(), jwt)).name, 'jane');
    assert.equal(server.asked(), 2);
  } finally {
    await server.stop();
  }
});

test('keys at an address that is away: 503, and old ones count for an hour', async () => {
  mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const issuer = await makeIssuer();
  let status = 500;
  let body = jwks(issuer);
  const server = await keyServer(() => ({ status, body }));
  const jwt = open({ jwtJwks: server.url });
  const good = async () => issuer.sign(goodClaims());
  const away = async () => {
    await assert.rejects(
      jwt.identify(await good()),
      (error: unknown) => error instanceof HttpError && error.status === 503 && error.headers['retry-after'] === '5',
    );
  };
  try {
    told.length = 0;
    await away();
    await away();
    assert.equal(server.asked(), 1, 'not again at once');
    assert.match(String(told[0]), /jwt-jwks http:.*: answered 500/);
    mock.timers.tick(5000);
    status = 200;
    body = 'not JSON';
    await away();
    mock.timers.tick(5000);
    body = jwks(issuer);
    assert.equal((await callerOf(await good(), jwt)).name, 'jane');
    await server.stop();
    mock.timers.tick(50 * 60_000);
    assert.equal((await callerOf(await good(), jwt)).name, 'jane');
    mock.timers.tick(11 * 60_000);
    await away();
  } finally {
    await server.stop();
  }
});

test('the whole way: answers, and what must be configured with it', async () => {
  const settings = {
    database: join(temporaryFolder(), 'bus.db'),
    jwtJwks: keys,
    jwtIssuer: ISSUER,
    jwtAudience: AUDIENCE,
    tokens: false,
  };
  for (const missing of ['jwtIssuer', 'jwtAudience']) {
    await assert.rejects(
      AtomMQ.open({ ...settings, [missing]: undefined }, {}),
      (error: Error) =>
        error instanceof ConfigError && /jwt-jwks needs jwt-issuer and jwt-audience/.test(error.message),
    );
  }
  const bus = await AtomMQ.open(settings, {});
  after(() => bus.close());
  const request = inProcess(bus.app);
  assert.equal((await request('GET', '/', { headers: bearer(await signed()) })).status, 200);
  const none = await request('GET', '/');
  assert.deepEqual([none.status, none.headers['www-authenticate']], [401, ['Bearer realm="AtomMQ"']]);
  const expired = await request('GET', '/', { headers: bearer(await signed(goodClaims({ exp: 1 }))) });
  assert.equal(expired.status, 401);
  assert.deepEqual(expired.headers['www-authenticate'], [
    'Bearer realm="AtomMQ", error="invalid_token", error_description="The token has expired."',
  ]);
});
