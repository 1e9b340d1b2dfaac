/** Credentials for tests: files of passwords, the fields that clients send, and an issuer of JWTs. */
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { hashSync } from '@node-rs/bcrypt';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { openFolder } from '../doors/children.js';

/** The lines of an htpasswd file, with hashes that cost next to nothing. */
export function htpasswd(users: Record<string, string>, cost = 4): string {
  return Object.entries(users)
    .map(([name, password]) => `${name}:${hashSync(password, cost)}\n`)
    .join('');
}

/** A file in a folder that every user may enter. */
export function fileOf(text: string, name = 'file'): string {
  const path = join(openFolder(), name);
  writeFileSync(path, text);
  return path;
}

export function basic(name: string, password: string): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` };
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

export const ISSUER = 'https://login.example.org/';
export const AUDIENCE = 'https://bus.example.org/atommq';

/** Claims that do. */
export function goodClaims(more: JWTPayload = {}): JWTPayload {
  const now = Math.floor(Date.now() / 1000);
  return { iss: ISSUER, aud: AUDIENCE, sub: 'jane', iat: now, exp: now + 600, ...more };
}

/** Whoever signs tokens. */
export interface Issuer {
  /** The public key as it stands in a set of keys. */
  jwk: Record<string, unknown>;
  sign(claims?: JWTPayload, header?: Record<string, unknown>): Promise<string>;
}

export async function makeIssuer(alg = 'ES256', kid: string | undefined = alg): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const named = kid === undefined ? {} : { kid };
  return {
    jwk: { ...(await exportJWK(publicKey)), alg, use: 'sig', ...named },
    sign: (claims = goodClaims(), header = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg, ...named, ...header }).sign(privateKey),
  };
}

export function jwks(...issuers: { jwk: Record<string, unknown> }[]): string {
  return JSON.stringify({ keys: issuers.map(({ jwk }) => jwk) });
}

/** An address that answers with what `answer` says. */
export async function keyServer(
  answer: () => { status?: number; body: string },
): Promise<{ url: string; asked: () => number; server: Server; stop: () => Promise<void> }> {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    const { status = 200, body } = answer();
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/keys`,
    asked: () => asked,
    server,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
