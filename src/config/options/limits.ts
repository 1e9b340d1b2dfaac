/** Options: how much of everything, and how fast. */
import { optional, size, whole } from '../values.js';
import { MIB, type Options } from './option.js';

export const LIMITS = {
  maxEntryBytes: {
    name: 'max-entry-bytes',
    default: 4 * MIB,
    help: 'most bytes of a published document',
    parse: size(1024, 512 * MIB),
  },
  maxMediaBytes: {
    name: 'max-media-bytes',
    default: 64 * MIB,
    help: 'most bytes of a published file that is not Atom',
    parse: size(1024, 1024 * MIB),
  },
  maxBatchEntries: {
    name: 'max-batch-entries',
    default: 10_000,
    help: 'most entries of a published feed document',
    parse: whole(1, 1_000_000),
  },
  maxXmlDepth: {
    name: 'max-xml-depth',
    default: 200,
    help: 'most levels of elements in a published document',
    parse: whole(2, 200),
  },
  maxXmlAttributes: {
    name: 'max-xml-attributes',
    default: 500,
    help: 'most attributes of an element in a published document',
    parse: whole(1, 10_000),
  },
  maxHeaderBytes: {
    name: 'max-header-bytes',
    default: 16 * 1024,
    help: 'most bytes of the header fields of a request',
    parse: size(1024, MIB),
  },
  maxQueryBytes: {
    name: 'max-query-bytes',
    default: 8 * 1024,
    help: 'most bytes of the query of an address',
    parse: size(256, MIB),
  },
  maxRequests: {
    name: 'max-requests',
    default: 10_000,
    help: 'most requests that a process works on at the same time',
    parse: whole(1, 1_000_000),
  },
  maxConnections: {
    name: 'max-connections',
    default: 30_000,
    help: 'most connections of a process (http)',
    parse: whole(1, 1_000_000),
  },
  maxBodyMemory: {
    name: 'max-body-memory',
    default: 256 * MIB,
    help: 'most bytes of bodies that are arriving at a process',
    parse: size(MIB, 65_536 * MIB),
  },
  maxAnswerMemory: {
    name: 'max-answer-memory',
    default: 256 * MIB,
    help: 'most bytes of answers that clients are slow to read (http)',
    parse: size(MIB, 65_536 * MIB),
  },
  maxQueueBytes: {
    name: 'max-queue-bytes',
    default: 64 * MIB,
    help: 'most bytes of entries that wait for the database',
    parse: size(MIB, 65_536 * MIB),
  },
  headerTimeout: {
    name: 'header-timeout',
    default: 20,
    help: 'seconds that the header of a request may take to arrive (http)',
    parse: whole(1, 3600),
  },
  bodyTimeout: {
    name: 'body-timeout',
    default: 30,
    help: 'seconds in which a body must end, or bring body-rate bytes for each',
    parse: whole(1, 3600),
  },
  bodyRate: {
    name: 'body-rate',
    default: 1024,
    help: 'bytes a second that a body must bring, and that an answer must be read by',
    parse: size(0, 1024 * MIB),
  },
  rate: {
    name: 'rate',
    default: 0,
    help: 'most requests a second of one user or address; 0 is no limit',
    parse: whole(0, 1_000_000),
  },
  rateBurst: {
    name: 'rate-burst',
    default: undefined,
    help: 'most requests of one user or address at once: five times the rate',
    parse: optional(whole(1, 1_000_000)),
  },
  publishRate: {
    name: 'publish-rate',
    default: 0,
    help: 'the same for requests that change something',
    parse: whole(0, 1_000_000),
  },
  publishBurst: {
    name: 'publish-burst',
    default: undefined,
    help: 'most of those at once: five times the rate',
    parse: optional(whole(1, 1_000_000)),
  },
} as const satisfies Options;
