/** The keys that JWTs are verified with (RFC 7517): of a file that is read again, or of an address that is asked again. */
import type * as Jose from 'jose';
import { BadValue } from '../config/bad-value.js';
import { HttpError } from '../http.js';
import { WatchedFile } from './watched-file.js';

/** Finds the key for a token; throws what jose throws where there is none, or are several. */
export type FindKey = Jose.JWTVerifyGetKey;

/** Where keys come from. */
export interface Keys {
  /** @throws HttpError 503 while there are none */
  current(): Promise<FindKey>;
  /** What has come since, for a token whose key is not there; undefined where it is too soon to look. */
  newer(): Promise<FindKey | undefined>;
}

/** Bytes of a secret for HS256 (RFC 7518 §3.2). */
const LEAST_SECRET = 32;
/** All in milliseconds: so long keys are good for; so long the old ones count while no new ones are to be had. */
const GOOD_FOR = 10 * 60_000;
const STALE = 60 * 60_000;
/** No two looks for an unknown key are closer than this, and no two after one that failed. */
const COOLDOWN = 30_000;
const RETRY = 5000;
/** So long the other side may take, and so many bytes it may send. */
const TIMEOUT = 5000;
const MOST_BYTES = 1024 * 1024;

/**
 * @param place a file, or an http or https address
 * @throws BadValue for a file that cannot be used
 */
export function keysOf(jose: typeof Jose, place: string, onError: (error: unknown) => void): Keys {
  if (/^https?:/i.test(place)) return new RemoteKeys(jose, place, onError);
  const file = new WatchedFile('jwt-jwks', place, (text) => readKeys(jose, text), onError);
  return { current: async () => file.current, newer: async () => undefined };
}

/** @throws BadValue */
function readKeys(jose: typeof Jose, text: string): FindKey {
  let set: { keys: Record<string, unknown>[] };
  try {
    set = JSON.parse(text);
  } catch {
    throw new BadValue('is not JSON');
  }
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject(set) || !Array.isArray(set.keys) || !set.keys.every(isObject)) {
    throw new BadValue('is not a JSON Web Key Set: an object with a list of keys');
  }
  const secrets = set.keys.filter(({ kty }) => kty === 'oct').map(secretOf);
  if (set.keys.some(({ kty, d }) => kty !== 'oct' && d !== undefined)) {
    throw new BadValue('holds a private key; the public ones are enough here');
  }
  const publicKey = jose.createLocalJWKSet({ keys: set.keys.filter(({ kty }) => kty !== 'oct') } as Jose.JSONWebKeySet);
  return (header, token) => {
    if (header.alg !== 'HS256') return publicKey(header, token);
    // Nothing but a secret is ever taken for a secret, whatever a token says.
    const secret = secrets.find(
      ({ kid, alg }) => (header.kid === undefined || kid === header.kid) && (alg ?? 'HS256') === 'HS256',
    );
    if (secret === undefined) throw new jose.errors.JWKSNoMatchingKey();
    return secret.bytes;
  };
}

function secretOf({ k, kid, alg }: Record<string, unknown>): { bytes: Uint8Array; kid: unknown; alg: unknown } {
  const bytes = new Uint8Array(Buffer.from(String(k), 'base64url'));
  if (typeof k !== 'string' || bytes.length < LEAST_SECRET) {
    throw new BadValue(`holds a secret of fewer than ${LEAST_SECRET * 8} bits`);
  }
  return { bytes, kid, alg };
}

class RemoteKeys implements Keys {
  readonly #jose: typeof Jose;
  readonly #url: string;
  readonly #onError: (error: unknown) => void;
  #keys: FindKey | undefined;
  #at = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  constructor(jose: typeof Jose, url: string, onError: (error: unknown) => void) {
    this.#jose = jose;
    this.#url = url;
    this.#onError = onError;
  }

  async current(): Promise<FindKey> {
    const age = Date.now() - this.#at;
    // Nobody waits for new keys while the old ones will do.
    if (age > STALE) await this.#ask();
    else if (age > GOOD_FOR) void this.#ask();
    if (this.#keys === undefined || Date.now() - this.#at > STALE) {
      throw new HttpError(503, 'The keys that tokens are verified with cannot be had now; try again.', {
        headers: { 'retry-after': String(RETRY / 1000) },
      });
    }
    return this.#keys;
  }

  async newer(): Promise<FindKey | undefined> {
    if (Date.now() - this.#at < COOLDOWN) return undefined;
    await this.#ask();
    return this.#keys;
  }

  /** Asks, one at a time, and not again soon after it was in vain. */
  async #ask(): Promise<void> {
    if (Date.now() - this.#failedAt < RETRY) return;
    this.#asking ??= this.#fetch()
      .catch((error: unknown) => {
        this.#failedAt = Date.now();
        const { message, cause } = error as Error;
        const why = (cause as { code?: string } | undefined)?.code ?? message;
        this.#onError(new Error(`jwt-jwks ${this.#url}: ${why}`));
      })
      .finally(() => {
        this.#asking = undefined;
      });
    await this.#asking;
  }

  async #fetch(): Promise<void> {
    const headers = { accept: 'application/jwk-set+json, application/json' };
    const response = await fetch(this.#url, { headers, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT) });
    if (response.status !== 200) throw new Error(`answered ${response.status}`);
    let text = '';
    const decoder = new TextDecoder();
    for await (const piece of response.body ?? []) {
      text += decoder.decode(piece as Uint8Array, { stream: true });
      if (text.length > MOST_BYTES) throw new Error('sends too much');
    }
    this.#keys = readKeys(this.#jose, text);
    this.#at = Date.now();
  }
}
