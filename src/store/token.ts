/** What is kept of tokens: who each is for, what it is limited to, and until when. */
import type { Permission } from '../access/caller.js';

/** A token, but for itself. */
export interface Token {
  /** What it is spoken of by. */
  id: string;
  /** Whoever uses it is known by this name. */
  name: string;
  /** SHA-256 of the token in base64url. */
  hash: string;
  permissions: Permission[];
  /** Patterns of feed names; undefined limits nothing. */
  feeds: string[] | undefined;
  /** Microseconds since 1970, as all times here. */
  createdAt: number;
  /** Undefined for never. */
  expiresAt: number | undefined;
  revokedAt: number | undefined;
}

/** The tokens of all processes that share the database. Every method may throw `StoreUnavailable`. */
export interface Tokens {
  create(token: Token): Promise<void>;
  find(hash: string): Promise<Token | undefined>;
  /** All of them, the oldest first, those that are of no use any more too. */
  list(): Promise<Token[]>;
  /**
   * Ends a token; one that was revoked before keeps that time.
   * @returns the token as it then is; undefined where there is none of this id
   */
  revoke(id: string, at: number): Promise<Token | undefined>;
}
