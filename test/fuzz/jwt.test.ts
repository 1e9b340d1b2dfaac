/** Tokens that are almost good, to a bus of its own: each is a 401, unless nothing that counts was changed. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { base64url, SignJWT } from 'jose';
import { AtomMQ } from '../../src/bus.js';
import { type Client, inProcess, temporaryFolder } from '../fixture.js';
import { AUDIENCE, bearer, fileOf, goodClaims, ISSUER, type Issuer, makeIssuer } from '../guard/credentials.js';
import { damaged, damages, fuzz } from './fuzz.js';

const SECRET = Buffer.alloc(32, 7);
const encode = (value: unknown) => base64url.encode(JSON.stringify(value));
/** The bytes that a token stands for: its letters may differ in bits that count for nothing. */
const meaning = (token: string) =>
  token.split('.').map((part) => (/^[\w-]*$/.test(part) ? Buffer.from(part, 'base64url').toString('hex') : part));

let bus: AtomMQ;
let request: Client;
let tokens: string[];
let issuer: Issuer;
const errors: unknown[] = [];

before(async () => {
  const issuers = await Promise.all(['ES256', 'RS256', 'EdDSA'].map((alg) => makeIssuer(alg)));
  issuer = issuers[0]!;
  const secret = { kty: 'oct', kid: 'shared', k: base64url.encode(SECRET) };
  const settings = {
    database: join(temporaryFolder(), 'bus.db'),
    jwtJwks: fileOf(JSON.stringify({ keys: [...issuers.map(({ jwk }) => jwk), secret] })),
    jwtIssuer: ISSUER,
    jwtAudience: AUDIENCE,
    loginFailures: 0,
  };
  bus = await AtomMQ.open(settings, {});
  request = inProcess(bus.app);
  const shared = new SignJWT(goodClaims({ exp: 9_999_999_999 })).setProtectedHeader({ alg: 'HS256', kid: 'shared' });
  tokens = await Promise.all([
    ...issuers.map((one) => one.sign(goodClaims({ exp: 9_999_999_999 }))),
    shared.sign(SECRET),
  ]);
  for (const token of tokens) assert.equal(await statusOf(token), 200);
  process.on('uncaughtException', (error) => errors.push(error));
  process.on('unhandledRejection', (error) => errors.push(error));
});
after(() => bus.close());

async function statusOf(token: string): Promise<number> {
  const { status, body } = await request('GET', '/', { headers: bearer(token) });
  if (status === 401) assert.equal((JSON.parse(body) as { status: number }).status, 401);
  return status;
}

// biome-ignore format: tokens are read in rows
const TOKENS = [
  '.', '..', '=', '-', '_', ' ', 'e30', 'bnVsbA', 'W10', 'AAAA', '\xff', '\0', 'eyJhbGciOiJub25lIn0', 'eyJhbGciOiJIUzI1NiJ9',
];

test('damaged tokens', async (t) => {
  const input = fc.record({ which: fc.nat(3), done: damages(TOKENS) });
  await fuzz(t, input, async ({ which, done }) => {
    const good = tokens[which]!;
    const token = damaged(Buffer.from(good), done).toString('latin1');
    const status = await statusOf(token);
    if (status === 200) assert.deepEqual(meaning(token.trim()), meaning(good));
    else assert.equal(status, 401);
    assert.deepEqual(errors, []);
  });
});

test('headers and claims of every kind under signatures of others', async (t) => {
  const value = fc.oneof(
    fc.constantFrom<unknown>('none', 'ES256', 'RS256', 'HS256', 'HS512', 'EdDSA', 'shared', 'JWT', ISSUER, AUDIENCE),
    fc.jsonValue(),
  );
  const names = ['alg', 'kid', 'typ', 'crit', 'b64', 'jwk', 'jku', 'x5u', 'zip', 'enc', '__proto__', 'constructor'];
  const header = fc.dictionary(fc.constantFrom(...names), value);
  const claims = fc.dictionary(fc.constantFrom('iss', 'aud', 'exp', 'nbf', 'iat', 'sub', 'groups', 'scope'), value);
  await fuzz(t, fc.record({ header, claims, which: fc.nat(3) }), async ({ header: fields, claims: said, which }) => {
    const [head, payload, signature] = tokens[which]!.split('.');
    for (const token of [
      `${encode(fields)}.${payload}.${signature}`,
      `${encode(fields)}.${encode(said)}.${signature}`,
      `${head}.${encode(said)}.${signature}`,
      `${encode(fields)}.${payload}.`,
    ]) {
      // Chance finds the good header, too.
      assert.equal(await statusOf(token), token === tokens[which] ? 200 : 401, token);
    }
    assert.deepEqual(errors, []);
  });
});

test('claims of every kind under a good signature', async (t) => {
  const claims = fc.record(
    {
      ...{ iss: fc.jsonValue(), aud: fc.jsonValue(), exp: fc.jsonValue(), nbf: fc.jsonValue(), iat: fc.jsonValue() },
      ...{ sub: fc.jsonValue(), groups: fc.jsonValue(), scope: fc.jsonValue() },
    },
    { requiredKeys: [] },
  );
  await fuzz(t, claims, async (said) => {
    const whole = { ...goodClaims(), ...said };
    const token = await issuer.sign(JSON.parse(JSON.stringify(whole)) as ReturnType<typeof goodClaims>);
    const status = await statusOf(token);
    const good = ['iss', 'aud', 'exp', 'nbf', 'iat', 'sub'].every((name) => !(name in said));
    if (good) assert.equal(status, 200);
    else if (status === 200) {
      const { iss, aud, exp, sub } = whole as Record<string, unknown>;
      assert.equal(iss, ISSUER);
      assert.ok([aud].flat().includes(AUDIENCE));
      assert.ok(typeof exp === 'number' && exp > 0 && typeof sub === 'string' && sub !== '');
    } else assert.equal(status, 401);
    assert.deepEqual(errors, []);
  });
});
