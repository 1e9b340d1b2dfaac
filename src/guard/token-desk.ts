/** Where tokens are made, listed and revoked. */
import type { Permission } from '../access/caller.js';
import { makeToken } from '../access/token.js';
import type { Token, Tokens } from '../store/token.js';

/** What a token is to be good for. */
export interface TokenOrder {
  /** Whoever uses it is known by this name. */
  name: string;
  permissions: Permission[];
  /** Patterns of feed names; undefined for every feed. */
  feeds?: string[] | undefined;
  /** Seconds; undefined for ever. */
  lifetime?: number | undefined;
}

/** A token for a program, without itself. */
export interface TokenView {
  id: string;
  name: string;
  state: 'active' | 'expired' | 'revoked';
  permissions: Permission[];
  feeds: string[] | undefined;
  created: Date;
  expires: Date | undefined;
  revoked: Date | undefined;
}

export class TokenDesk {
  readonly #tokens: Tokens;

  constructor(tokens: Tokens) {
    this.#tokens = tokens;
  }

  /** @returns the token, which cannot be had again, and what it is */
  async create({ name, permissions, feeds, lifetime }: TokenOrder): Promise<{ token: string; view: TokenView }> {
    const { id, token, hash } = makeToken();
    const createdAt = Date.now() * 1000;
    const expiresAt = lifetime === undefined ? undefined : createdAt + lifetime * 1e6;
    const made = { id, name, hash, permissions, feeds, createdAt, expiresAt, revokedAt: undefined };
    await this.#tokens.create(made);
    return { token, view: viewOf(made) };
  }

  /** All that there ever were, the oldest first. */
  async list(): Promise<TokenView[]> {
    return (await this.#tokens.list()).map(viewOf);
  }

  /** Ends a token, within seconds in every process; undefined where there is none of this id. */
  async revoke(id: string): Promise<TokenView | undefined> {
    const token = await this.#tokens.revoke(id, Date.now() * 1000);
    return token && viewOf(token);
  }
}

function viewOf({ id, name, permissions, feeds, createdAt, expiresAt, revokedAt }: Token): TokenView {
  const dateOf = (micros: number | undefined) => (micros === undefined ? undefined : new Date(micros / 1000));
  const isOver = expiresAt !== undefined && expiresAt <= Date.now() * 1000;
  const state = revokedAt !== undefined ? 'revoked' : isOver ? 'expired' : 'active';
  const times = { created: new Date(createdAt / 1000), expires: dateOf(expiresAt), revoked: dateOf(revokedAt) };
  return { id, name, state, permissions, feeds, ...times };
}
