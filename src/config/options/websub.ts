/** Options: the hub. */
import { bool, hosts, optional, whole } from '../values.js';
import type { Options } from './option.js';

export const WEBSUB = {
  websub: {
    name: 'websub',
    default: undefined,
    help: 'whether to be a WebSub hub: true unless a CGI script runs alone',
    parse: optional(bool),
  },
  websubAllow: {
    name: 'websub-allow',
    default: [],
    help: 'addresses, ranges and hosts that subscribers may have though they are not public',
    parse: hosts,
  },
  websubLease: {
    name: 'websub-lease',
    default: 30 * 86_400,
    help: 'most seconds that a subscription is granted for; ten days where none are asked for',
    parse: whole(1, 31_536_000),
  },
  websubTimeout: {
    name: 'websub-timeout',
    default: 15,
    help: 'seconds that a subscriber may take for an answer',
    parse: whole(1, 300),
  },
  websubAttempts: {
    name: 'websub-attempts',
    default: 20,
    help: 'deliveries that must fail in a row before a subscriber is given up',
    parse: whole(1, 1_000_000),
  },
  websubPatience: {
    name: 'websub-patience',
    default: 86_400,
    help: 'seconds that deliveries must fail before a subscriber is given up',
    parse: whole(0, 31_536_000),
  },
} as const satisfies Options;
