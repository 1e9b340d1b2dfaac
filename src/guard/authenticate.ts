/** The guard that finds out who asks: sets `request.caller`, and answers credentials that do not do with 401. */
import { isDeepStrictEqual } from 'node:util';
import type { Caller } from '../access/caller.js';
import { isToken } from '../access/token.js';
import { type Guard, HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import { Backoff } from './backoff.js';
import type { Basic } from './basic.js';
import { readCredentials, textOf } from './credentials.js';
import { type Identity, Refusal } from './identity.js';
import type { Jwt } from './jwt.js';
import { placeOf } from './place.js';
import type { Siblings } from './siblings.js';
import type { TokenLookup } from './tokens.js';

/** The ways that are configured. */
export interface Ways {
  basic: Basic | undefined;
  tokens: TokenLookup | undefined;
  jwt: Jwt | undefined;
  /** The groups of whom the web server has verified. */
  groupsOf: (name: string) => readonly string[];
  /** What people are told that they log in to. */
  realm: string;
  /** Failed logins of an address before it must wait; 0 for as many as it likes. */
  failures: number;
  /** Whether those who do not say who they are go on, as a caller without a name. */
  anonymous: boolean;
  siblings?: Siblings | undefined;
}

/** Whoever watches a server needs no credentials, nor do pages for what they are drawn with: it says nothing of what is held. */
const OPEN = /^\/(health\/(live|ready)|assets\/[^/]+)$/;
/** An answer that goes on for so long is only for those whose credentials still stand, in milliseconds. */
const RECHECK = 3000;
/** What the rules say may be another now; a client that asks again learns it. */
const CHANGED = new HttpError(503, 'Your groups were changed meanwhile; ask again.', {
  headers: { 'retry-after': '1' },
});

export function authenticate(ways: Ways): Guard {
  const authentication = new Authentication(ways);
  return (app) => async (request) => {
    if (OPEN.test(request.path)) return app(request);
    let identity: Identity;
    const begun = Date.now();
    try {
      identity = await authentication.identify(request);
    } catch (error) {
      throw error instanceof Refusal ? authentication.refused(error) : error;
    }
    request.caller = identity.caller;
    const groups = authentication.groupsNow(identity);
    const isSame = () => isDeepStrictEqual(groups, authentication.groupsNow(identity));
    const response = await app(request);
    if (response.status === 401) {
      return { ...response, headers: { ...response.headers, ...authentication.challenges() } };
    }
    const lasts = async () => isSame() && (await stands(identity));
    if (isEvents(response)) return { ...response, body: whileStanding(response.body, lasts) };
    // A reader who waited may have lost the right to what has come.
    if (request.method !== 'GET' || Date.now() - begun <= RECHECK) return response;
    if (!(await stands(identity))) throw authentication.refused(new Refusal('The credentials ended.'));
    if (!isSame()) throw CHANGED;
    return response;
  };
}

class Authentication {
  readonly #ways: Ways;
  readonly #failures: Backoff;

  constructor(ways: Ways) {
    this.#ways = ways;
    this.#failures = new Backoff(ways.failures).share(ways.siblings, 'tokens');
  }

  /** @throws Refusal; HttpError 400 for a token in the address, 429 after too many failures; StoreUnavailable */
  async identify(request: HttpRequest): Promise<Identity> {
    if (request.search !== '' && request.query.has('access_token')) {
      throw new HttpError(
        400,
        'A token does not belong in an address, which logs and histories keep: send it as Authorization: Bearer.',
      );
    }
    // The web server has looked at the credentials; they are not ours to look at again.
    if (request.user !== undefined) return this.#byName(request.user);
    const field = request.headers.authorization;
    if (field === undefined) return this.#nobody();
    const { basic, tokens, jwt } = this.#ways;
    const credentials = readCredentials(field);
    if (credentials.scheme === 'other') throw new Refusal(credentials.why);
    const place = placeOf(request.remoteAddress);
    if (credentials.scheme === 'basic') {
      if (basic === undefined) throw new Refusal('Names and passwords are not taken here.');
      return basic.identify(credentials.name, credentials.password, place);
    }
    if (tokens === undefined && jwt === undefined) throw new Refusal('Tokens are not taken here.');
    return this.#byToken(credentials.token, place);
  }

  #byName(user: string): Identity {
    const name = textOf(Buffer.from(user, 'latin1'));
    return { caller: { name, groups: this.#ways.groupsOf(name) }, stands: () => true };
  }

  #nobody(): Identity {
    if (!this.#ways.anonymous) throw new Refusal('Credentials are needed.');
    const caller: Caller = { name: undefined, groups: [] };
    return { caller, stands: () => true };
  }

  /** Nobody guesses a token, so that one that is good is always looked at; whoever fails with others must slow down. */
  async #byToken(token: string, place: string): Promise<Identity> {
    const { tokens, jwt } = this.#ways;
    try {
      if (tokens !== undefined && isToken(token)) return await tokens.identify(token);
      if (jwt !== undefined) return await jwt.identify(token);
      throw new Refusal('The token is not known.', 'bearer');
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const seconds = this.#failures.wait(place);
      if (seconds === 0) this.#failures.failed(place);
      else throw tooMany(`${error.message} Too many have failed; try again in ${seconds} s.`, seconds);
      throw error;
    }
  }

  /** What the file of groups says of a caller. */
  groupsNow({ caller: { name } }: Identity): readonly string[] {
    return name === undefined ? [] : this.#ways.groupsOf(name);
  }

  refused(refusal: Refusal): HttpError {
    return new HttpError(401, refusal.message, { headers: this.challenges(refusal) });
  }

  /**
   * By which schemes one may try, as every 401 says (RFC 9110 §11.6.1).
   * @throws HttpError 403 where there is none that we could name
   */
  challenges(refusal?: Refusal): { 'www-authenticate': string[] } {
    const { basic, tokens, jwt, realm } = this.#ways;
    const name = `realm="${quotable(realm)}"`;
    const challenges = [];
    if (basic !== undefined) challenges.push(`Basic ${name}, charset="UTF-8"`);
    if (tokens !== undefined || jwt !== undefined) {
      // RFC 6750 §3: a request without a token is not told of an error.
      const error =
        refusal?.scheme === 'bearer' ? `, error="invalid_token", error_description="${quotable(refusal.message)}"` : '';
      challenges.push(`Bearer ${name}${error}`);
    }
    if (challenges.length === 0) {
      throw new HttpError(403, 'The web server in front has not said who you are.');
    }
    return { 'www-authenticate': challenges };
  }
}

function tooMany(detail: string, seconds: number): HttpError {
  return new HttpError(429, detail, { headers: { 'retry-after': String(seconds) } });
}

/** What may stand between the quotes of a challenge. */
function quotable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, "'");
}

function isEvents(response: HttpResponse): response is HttpResponse & { body: AsyncIterable<string | Uint8Array> } {
  return response.headers['content-type'] === 'text/event-stream' && typeof response.body === 'object';
}

/** A stream that ends when its reader is not who they were; it is told by its own signs of life. */
async function* whileStanding(
  body: AsyncIterable<string | Uint8Array>,
  lasts: () => Promise<boolean>,
): AsyncGenerator<string | Uint8Array> {
  let checked = Date.now();
  for await (const piece of body) {
    if (Date.now() - checked > RECHECK) {
      if (!(await lasts())) return;
      checked = Date.now();
    }
    yield piece;
  }
}

/** Nobody loses a stream because the database cannot be asked. */
async function stands(identity: Identity): Promise<boolean> {
  try {
    return await identity.stands();
  } catch {
    return true;
  }
}
