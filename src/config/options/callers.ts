/** Options: who may come in, and what they may do. */
import { access } from '../access.js';
import { bool, filledText, jwks, optional, origins, whole } from '../values.js';
import type { Options } from './option.js';

export const CALLERS = {
  htpasswdFile: {
    name: 'htpasswd-file',
    default: undefined,
    help: 'names and passwords, as htpasswd -B keeps them',
    parse: optional(filledText),
    file: true,
  },
  groupsFile: {
    name: 'groups-file',
    default: undefined,
    help: 'groups and their members, a line each: editors: joe ann',
    parse: optional(filledText),
    file: true,
  },
  tokens: {
    name: 'tokens',
    default: undefined,
    help: 'whether to take what "atommq token create" makes: true where credentials are asked for in any other way',
    parse: optional(bool),
    flag: true,
  },
  jwtJwks: {
    name: 'jwt-jwks',
    default: undefined,
    help: 'keys that JWTs are verified with (JWKS): a file, or an http or https address',
    parse: optional(jwks),
    file: true,
  },
  jwtIssuer: {
    name: 'jwt-issuer',
    default: undefined,
    help: 'who must have issued a JWT',
    parse: optional(filledText),
  },
  jwtAudience: {
    name: 'jwt-audience',
    default: undefined,
    help: 'whom a JWT must be for',
    parse: optional(filledText),
  },
  jwtClockSkew: {
    name: 'jwt-clock-skew',
    default: 60,
    help: 'seconds that the clock of an issuer may be off',
    parse: whole(0, 3600),
  },
  jwtNameClaim: { name: 'jwt-name-claim', default: 'sub', help: 'claim that holds the name', parse: filledText },
  jwtGroupsClaim: {
    name: 'jwt-groups-claim',
    default: 'groups',
    help: 'claim that holds the groups, such as realm_access.roles',
    parse: filledText,
  },
  trustRemoteUser: {
    name: 'trust-remote-user',
    default: false,
    help: 'believe REMOTE_USER: the web server verified it (fastcgi, cgi)',
    parse: bool,
    flag: true,
  },
  loginFailures: {
    name: 'login-failures',
    default: 5,
    help: 'failed logins of an address in a minute before it must wait; 0 never makes it wait',
    parse: whole(0, 1_000_000),
  },
  allowAnonymous: {
    name: 'allow-anonymous',
    default: false,
    help: 'listen where others can come, and ask nobody for credentials',
    parse: bool,
    flag: true,
  },
  access: {
    name: 'access',
    default: [],
    help: 'rules of who may do what as a list, or JSON: match, allow, to; without any everybody may do everything',
    parse: access,
  },
  corsOrigins: {
    name: 'cors-origins',
    default: [],
    help: 'origins whose pages may use the bus from a browser, such as https://app.example.org; * for all, without credentials',
    parse: origins,
  },
} as const satisfies Options;
