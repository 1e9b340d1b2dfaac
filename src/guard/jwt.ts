/** JSON Web Tokens (RFC 7519) that somebody else has issued, verified as RFC 8725 advises. */
import { createRequire } from 'node:module';
import type * as Jose from 'jose';
import type { Caller, Permission } from '../access/caller.js';
import { HttpError } from '../http.js';
import { type Identity, Refusal } from './identity.js';
import { type FindKey, type Keys, keysOf } from './jwks.js';

export interface JwtSettings {
  /** A file, or an http or https address. */
  jwtJwks: string;
  jwtIssuer: string;
  jwtAudience: string;
  /** Seconds. */
  jwtClockSkew: number;
  /** The claims that hold the name and the groups; dots lead into objects. */
  jwtNameClaim: string;
  jwtGroupsClaim: string;
}

/** What may stand in `alg`: signatures, and HS256, for which the keys must hold a secret. Never `none`. */
const ALGORITHMS = ['RS', 'PS', 'ES'].flatMap((kind) => ['256', '384', '512'].map((bits) => kind + bits));
const ALLOWED = [...ALGORITHMS, 'EdDSA', 'Ed25519', 'HS256'];
const PERMISSIONS: readonly string[] = ['read', 'publish', 'edit', 'admin'] satisfies Permission[];
/** Most keys that a token which names none is tried with. */
const MOST_TRIED = 8;
const MOST_NAME = 255;

export class Jwt {
  readonly #settings: JwtSettings;
  readonly #groupsOf: (name: string) => readonly string[];
  readonly #onError: (error: unknown) => void;
  readonly #jose: typeof Jose;
  readonly #keys: Keys;

  /** @throws BadValue when the file of keys cannot be used */
  constructor(settings: JwtSettings, groupsOf: (name: string) => readonly string[], onError: (error: unknown) => void) {
    this.#settings = settings;
    this.#groupsOf = groupsOf;
    this.#onError = onError;
    // Not imported: only who has configured it pays for loading it.
    this.#jose = createRequire(import.meta.url)('jose') as typeof Jose;
    this.#keys = keysOf(this.#jose, settings.jwtJwks, onError);
  }

  /** @throws Refusal; HttpError 503 while no keys are to be had */
  async identify(token: string): Promise<Identity> {
    let claims: Jose.JWTPayload;
    try {
      claims = await this.#verified(token);
    } catch (error) {
      if (error instanceof HttpError) throw error;
      throw new Refusal(this.#why(error), 'bearer');
    }
    const caller = this.#callerOf(claims);
    const end = (claims.exp! + this.#settings.jwtClockSkew) * 1000;
    return { caller, stands: () => Date.now() < end };
  }

  async #verified(token: string): Promise<Jose.JWTPayload> {
    const keys = await this.#keys.current();
    try {
      return await this.#verify(token, keys);
    } catch (error) {
      if (!(error instanceof this.#jose.errors.JWKSNoMatchingKey)) throw error;
      // The issuer may have begun to use a new one.
      const newer = await this.#keys.newer();
      if (newer === undefined) throw error;
      return this.#verify(token, newer);
    }
  }

  async #verify(token: string, find: FindKey): Promise<Jose.JWTPayload> {
    const { errors, jwtVerify } = this.#jose;
    const options: Jose.JWTVerifyOptions = {
      algorithms: ALLOWED,
      issuer: this.#settings.jwtIssuer,
      audience: this.#settings.jwtAudience,
      clockTolerance: this.#settings.jwtClockSkew,
      requiredClaims: ['exp'],
    };
    try {
      return (await jwtVerify(token, find, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      let tried = 0;
      for await (const key of error) {
        tried += 1;
        if (tried > MOST_TRIED) break;
        try {
          return (await jwtVerify(token, key, options)).payload;
        } catch (failure) {
          if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  }

  /** A sentence that quotes nothing of the token. */
  #why(error: unknown): string {
    const { errors } = this.#jose;
    if (error instanceof errors.JWTExpired) return 'The token has expired.';
    if (error instanceof errors.JWTClaimValidationFailed) {
      const claim = ['iss', 'aud', 'exp', 'nbf', 'iat'].find((name) => name === error.claim) ?? 'that is needed';
      return `The token's claim ${claim} is missing or does not do here.`;
    }
    if (error instanceof errors.JWSSignatureVerificationFailed) return "The token's signature is wrong.";
    if (error instanceof errors.JWKSNoMatchingKey) return 'The token is signed with a key that is not known here.';
    if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported) {
      return 'The token is signed in a way that is not taken here.';
    }
    // A key of ours that cannot be used, above all.
    if (!(error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid)) this.#onError(error);
    return 'The token is not one that can be read.';
  }

  /** @throws Refusal */
  #callerOf(claims: Jose.JWTPayload): Caller {
    const { jwtNameClaim, jwtGroupsClaim } = this.#settings;
    const name = claimOf(claims, jwtNameClaim);
    if (typeof name !== 'string' || name === '' || name.length > MOST_NAME || /\p{Cc}/u.test(name)) {
      throw new Refusal(`The token has no name in its claim ${jwtNameClaim}.`, 'bearer');
    }
    const groups = new Set([...textsOf(claimOf(claims, jwtGroupsClaim)), ...this.#groupsOf(name)]);
    // Scopes of others, such as `openid`, limit nothing here.
    const scopes = textsOf(claims.scope).flatMap((scope) => scope.split(' '));
    const permissions = PERMISSIONS.filter((one) => scopes.includes(one)) as Permission[];
    const scope = permissions.length === 0 ? {} : { scope: { permissions, feeds: undefined } };
    return { name, groups: [...groups], ...scope };
  }
}

/** A claim by its name, or by a path with dots, such as `realm_access.roles`. */
function claimOf(claims: object, name: string): unknown {
  const own = (value: unknown, key: string) =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, key)
      ? (value as Record<string, unknown>)[key]
      : undefined;
  return own(claims, name) ?? name.split('.').reduce<unknown>(own, claims);
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
