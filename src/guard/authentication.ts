/** Authentication as it is configured: which ways there are, and whether there is any. */
import { BadValue } from '../config/bad-value.js';
import type { OnError } from '../failure.js';
import type { Guard } from '../http.js';
import type { Tokens } from '../store/token.js';
import { authenticate } from './authenticate.js';
import { Basic } from './basic.js';
import { parseHtgroup, parseHtpasswd } from './htpasswd.js';
import { Jwt, type JwtSettings } from './jwt.js';
import type { Siblings } from './siblings.js';
import { TokenLookup } from './tokens.js';
import { WatchedFile } from './watched-file.js';

/** What of the configuration is for it. */
export type AuthenticationSettings = { [K in keyof JwtSettings]?: JwtSettings[K] | undefined } & {
  htpasswdFile?: string | undefined;
  groupsFile?: string | undefined;
  /** Whether our own tokens are taken; undefined for where there is another way, too. */
  tokens?: boolean | undefined;
  trustRemoteUser?: boolean | undefined;
  loginFailures?: number | undefined;
  title: string;
};

/** What else it needs. */
export interface AuthenticationParts {
  tokens: () => Promise<Tokens>;
  /** Whether those who do not say who they are go on to the application. */
  anonymous: boolean;
  onError: OnError;
  siblings?: Siblings | undefined;
}

/** @throws BadValue for files that cannot be used, and for what is missing */
export function makeAuthentication(settings: AuthenticationSettings, parts: AuthenticationParts): Guard {
  const { htpasswdFile, groupsFile, tokens = true, loginFailures: failures = 5, title } = settings;
  const { onError, anonymous, siblings } = parts;
  const groups =
    groupsFile === undefined ? undefined : new WatchedFile('groups-file', groupsFile, parseHtgroup, onError);
  const groupsOf = (name: string) => groups?.current.get(name) ?? [];
  const basic =
    htpasswdFile === undefined
      ? undefined
      : new Basic({
          users: new WatchedFile('htpasswd-file', htpasswdFile, parseHtpasswd, onError),
          groupsOf,
          failures,
          siblings,
        });
  const jwt = jwtOf(settings);
  return authenticate({
    basic,
    tokens: tokens ? new TokenLookup(parts.tokens, groupsOf) : undefined,
    jwt: jwt && new Jwt(jwt, groupsOf, onError),
    groupsOf,
    realm: title,
    failures,
    anonymous,
    siblings,
  });
}

/** @throws BadValue */
function jwtOf(settings: AuthenticationSettings): JwtSettings | undefined {
  const {
    jwtJwks,
    jwtIssuer,
    jwtAudience,
    jwtClockSkew = 60,
    jwtNameClaim = 'sub',
    jwtGroupsClaim = 'groups',
  } = settings;
  if (jwtJwks === undefined) return undefined;
  // The same keys sign for others: without both, a token for somebody else's service would do here.
  if (jwtIssuer === undefined || jwtAudience === undefined) {
    throw new BadValue('jwt-jwks needs jwt-issuer and jwt-audience: whose tokens are taken, and that they are for us');
  }
  return { jwtJwks, jwtIssuer, jwtAudience, jwtClockSkew, jwtNameClaim, jwtGroupsClaim };
}
