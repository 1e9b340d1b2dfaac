/** Tokens: how they are made, told from others, and kept. */
import { createHash, randomBytes } from 'node:crypto';

/** What ours begin with, so that people and scanners for leaked secrets know them. */
const PREFIX = 'amq_';
const TOKEN = /^amq_[\w-]{43}$/;

/** A new token of 256 random bits, and the id that it is spoken of by. */
export function makeToken(): { id: string; token: string; hash: string } {
  const token = `${PREFIX}${randomBytes(32).toString('base64url')}`;
  return { id: randomBytes(6).toString('hex'), token, hash: hashOfToken(token) };
}

/** Whether it looks like one of ours. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** What is kept of a token. One that is random needs neither salt nor many rounds. */
export function hashOfToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
