/** Bearer tokens of our own, as the database has them. */
import { hashOfToken } from '../access/token.js';
import { Lru } from '../store/lru.js';
import type { Token, Tokens } from '../store/token.js';
import { type Identity, Refusal } from './identity.js';

/** So long what the database said is good for, in milliseconds: a token that is revoked is of no use anywhere after that. */
const GOOD_FOR = 3000;
const MOST_KNOWN = 10_000;

interface Known {
  token: Token | undefined;
  until: number;
}

export class TokenLookup {
  readonly #tokens: () => Promise<Tokens>;
  readonly #groupsOf: (name: string) => readonly string[];
  readonly #known = new Lru<Known>(MOST_KNOWN);
  readonly #asking = new Map<string, Promise<Token | undefined>>();

  constructor(tokens: () => Promise<Tokens>, groupsOf: (name: string) => readonly string[]) {
    this.#tokens = tokens;
    this.#groupsOf = groupsOf;
  }

  /** @throws Refusal; StoreUnavailable */
  async identify(text: string): Promise<Identity> {
    const hash = hashOfToken(text);
    const token = await this.#find(hash);
    const why = faultOf(token);
    if (token === undefined || why !== undefined) throw new Refusal(why ?? '', 'bearer');
    const { name, permissions, feeds } = token;
    return {
      caller: { name, groups: this.#groupsOf(name), scope: { permissions, feeds } },
      stands: async () => faultOf(await this.#find(hash)) === undefined,
    };
  }

  async #find(hash: string): Promise<Token | undefined> {
    const known = this.#known.get(hash);
    if (known !== undefined && Date.now() < known.until) return known.token;
    let asking = this.#asking.get(hash);
    if (asking === undefined) {
      asking = this.#ask(hash).finally(() => this.#asking.delete(hash));
      this.#asking.set(hash, asking);
    }
    return asking;
  }

  async #ask(hash: string): Promise<Token | undefined> {
    // From the moment before the question on: what is revoked in between counts from then.
    const until = Date.now() + GOOD_FOR;
    const token = await (await this.#tokens()).find(hash);
    this.#known.set(hash, { token, until }, 1);
    return token;
  }
}

/** Why a token is of no use. */
function faultOf(token: Token | undefined): string | undefined {
  if (token === undefined) return 'The token is not known.';
  if (token.revokedAt !== undefined) return 'The token has been revoked.';
  if (token.expiresAt !== undefined && token.expiresAt <= Date.now() * 1000) return 'The token has expired.';
  return undefined;
}
