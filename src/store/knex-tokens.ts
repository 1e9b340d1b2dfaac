/** Tokens by Knex's builder, which says the same to every database. */
import type { Knex } from 'knex';
import type { Permission } from '../access/caller.js';
import type { Token, Tokens } from './token.js';

type Work<R> = (knex: Knex) => Promise<R>;

interface TokenRow {
  token_id: string;
  name: string;
  hash: string;
  permissions: string;
  feeds: string | null;
  created_at: number | string;
  expires_at: number | string;
  revoked_at: number | string;
}

const TABLE = 'mq_token';

export class KnexTokens implements Tokens {
  readonly #read: <R>(work: Work<R>) => Promise<R>;
  readonly #write: <R>(work: (trx: Knex.Transaction) => Promise<R>) => Promise<R>;

  /** @param read runs a question, @param write runs work in a transaction; both again where that may help */
  constructor(
    read: <R>(work: Work<R>) => Promise<R>,
    write: <R>(work: (trx: Knex.Transaction) => Promise<R>) => Promise<R>,
  ) {
    this.#read = read;
    this.#write = write;
  }

  async create({ id, name, hash, permissions, feeds, createdAt, expiresAt }: Token): Promise<void> {
    const row = { token_id: id, name, hash, permissions: permissions.join(','), created_at: createdAt };
    await this.#write(async (trx) => {
      // It was stored, and that got lost.
      if ((await trx(TABLE).where({ token_id: id, hash })).length > 0) return;
      await trx(TABLE).insert({
        ...row,
        feeds: feeds === undefined ? null : JSON.stringify(feeds),
        expires_at: expiresAt ?? 0,
      });
    });
  }

  async find(hash: string): Promise<Token | undefined> {
    const [row] = await this.#read<TokenRow[]>(async (knex) => knex(TABLE).where({ hash }));
    return row && asToken(row);
  }

  async list(): Promise<Token[]> {
    const rows = await this.#read<TokenRow[]>(async (knex) => knex(TABLE).orderBy('created_at').orderBy('token_id'));
    return rows.map(asToken);
  }

  revoke(id: string, at: number): Promise<Token | undefined> {
    return this.#write(async (trx) => {
      await trx(TABLE).where({ token_id: id, revoked_at: 0 }).update({ revoked_at: at });
      const [row]: TokenRow[] = await trx(TABLE).where({ token_id: id });
      return row && asToken(row);
    });
  }
}

function asToken(row: TokenRow): Token {
  return {
    id: row.token_id,
    name: row.name,
    hash: row.hash,
    permissions: row.permissions.split(',').filter((one) => one !== '') as Permission[],
    feeds: row.feeds === null ? undefined : (JSON.parse(row.feeds) as string[]),
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at) || undefined,
    revokedAt: Number(row.revoked_at) || undefined,
  };
}
