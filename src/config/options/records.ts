/** Options: what is written down, and counted. */
import { bool, choice, filledText, level, optional, whole } from '../values.js';
import type { Options } from './option.js';

export const RECORDS = {
  log: {
    name: 'log',
    default: 'info',
    help: 'debug, info, warning or error',
    parse: level,
    values: ['debug', 'info', 'warning', 'error'],
  },
  logger: { name: 'logger', default: 'console', help: 'console or file', ...choice('console', 'file') },
  logFile: {
    name: 'log-file',
    default: 'atommq.log',
    help: 'where logger: file writes',
    parse: filledText,
    file: true,
  },
  logFormat: {
    name: 'log-format',
    default: 'text',
    help: 'text, or json: an object a line',
    ...choice('text', 'json'),
  },
  accessLog: {
    name: 'access-log',
    default: undefined,
    help: 'a line of JSON for each request, to stdout, stderr or a file; off for none, even with log: debug',
    parse: optional(filledText),
    file: true,
  },
  metrics: {
    name: 'metrics',
    default: undefined,
    help: 'whether to count for Prometheus, at metrics below the mount point: true for serve',
    parse: optional(bool),
  },
  metricsFeeds: {
    name: 'metrics-feeds',
    default: 100,
    help: 'most feeds of which metrics tell how far they have come; the oldest, 0 for none',
    parse: whole(0, 10_000),
  },
} as const satisfies Options;
