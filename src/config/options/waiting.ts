/** Options: clients that wait or stream. */
import { whole } from '../values.js';
import type { Options } from './option.js';

export const WAITING = {
  maxWait: {
    name: 'max-wait',
    default: 60,
    help: 'most seconds that a client may wait (Prefer: wait)',
    parse: whole(0, 3600),
  },
  maxWaiters: {
    name: 'max-waiters',
    default: 20_000,
    help: 'most clients of a process that wait or stream at the same time',
    parse: whole(0, 1_000_000),
  },
  heartbeat: {
    name: 'heartbeat',
    default: 15,
    help: 'seconds between signs of life on a stream of events',
    parse: whole(1, 300),
  },
  streamLifetime: {
    name: 'stream-lifetime',
    default: 3600,
    help: 'seconds after which a stream ends and its client comes back',
    parse: whole(1, 31_536_000),
  },
} as const satisfies Options;
