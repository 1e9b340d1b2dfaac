/** What every long-running gateway returns: something that listens, and can be drained. */
import type { Refuse } from '../http.js';

export interface Listener {
  /** Where it listens, for the log: `http://127.0.0.1:8080/atommq` or `fastcgi:/run/atommq/fcgi.sock`. */
  readonly address: string;
  /** Stops accepting, lets running requests finish (at most `drainSeconds`), and resolves; true when none was cut off. */
  close(drainSeconds?: number): Promise<boolean>;
}

/** What a gateway bears of its clients. */
export interface TransportLimits {
  /** Most bytes of the header fields of a request. */
  maxHeaderBytes: number;
  /** Most connections of the process. */
  maxConnections: number;
  /** Most bytes of bodies that are arriving. */
  maxBodyMemory: number;
  /** Most bytes of answers that clients are slow to read. */
  maxAnswerMemory: number;
  /** Seconds that the header of a request may take to arrive. */
  headerTimeout: number;
  /** Seconds in which a body must end, or bring `bodyRate` bytes for each. */
  bodyTimeout: number;
  /** Bytes a second that a body must bring and an answer must be read by; 0: a body must end in its time. */
  bodyRate: number;
}

const MIB = 1024 * 1024;

/** What holds where nothing is said. */
export const LIMITS: TransportLimits = {
  maxHeaderBytes: 16 * 1024,
  maxConnections: 30_000,
  maxBodyMemory: 256 * MIB,
  maxAnswerMemory: 256 * MIB,
  headerTimeout: 20,
  bodyTimeout: 30,
  bodyRate: 1024,
};

/** The limits of some options, with those that they lack. */
export function limitsOf(options: Partial<TransportLimits>): TransportLimits {
  const limits = { ...LIMITS };
  for (const name of Object.keys(LIMITS) as (keyof TransportLimits)[]) limits[name] = options[name] ?? LIMITS[name];
  return limits;
}

/** How a gateway finds out the public address of a request. */
export interface AddressOptions {
  /** The mount point where the web server names none: `/atommq`, or `` for the root. */
  mount: string;
  /** The public address of the mount point, when the request cannot tell it: `https://example.org/atommq`. */
  baseUrl?: string | undefined;
  /** Addresses or CIDR ranges of proxies whose `Forwarded` and `X-Forwarded-*` fields are believed. */
  trustedProxies: string[];
  /** Believe `REMOTE_USER` (CGI and FastCGI): the web server verified it. */
  trustRemoteUser: boolean;
  /** Which hosts, with their ports, the server may be called by; without it any. A trusted proxy's word is not asked about. */
  allowsHost?: ((host: string) => boolean) | undefined;
  /** Answers what has no address that an application could be asked for; without it, by a problem document. */
  refuse?: Refuse | undefined;
  /** Most bytes of the query of an address. */
  maxQueryBytes?: number | undefined;
}
