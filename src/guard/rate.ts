/** No user, and nobody who does not say who he is from one address, gets more than his share: 429 until later. */
import { type Guard, HttpError, type HttpRequest } from '../http.js';
import { problem } from '../problem.js';
import { Buckets } from './bucket.js';

export interface RateOptions {
  /** Requests a second; 0 is no limit. */
  rate: number;
  /** Most at once; five times the rate without it. */
  rateBurst?: number | undefined;
  /** The same for requests that change something. */
  publishRate: number;
  publishBurst?: number | undefined;
}

const BURST = 5;

/** Stands inside authentication, so that users are told apart by name; undefined where there is no limit. */
export function limitRate({ rate, rateBurst, publishRate, publishBurst }: RateOptions): Guard | undefined {
  if (rate === 0 && publishRate === 0) return undefined;
  const all = rate === 0 ? undefined : new Buckets(rate, rateBurst ?? rate * BURST);
  const changes = publishRate === 0 ? undefined : new Buckets(publishRate, publishBurst ?? publishRate * BURST);
  return (app) => async (request) => {
    const { method, path } = request;
    if (path.startsWith('/health/')) return app(request);
    const who = whoAsks(request);
    const now = performance.now();
    const wait = all?.take(who, now) ?? 0;
    if (wait > 0) return problem(tooMany('requests', rate, 'rate', wait));
    if (changes !== undefined && method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS') {
      const longer = changes.take(who, now);
      if (longer > 0) return problem(tooMany('requests that change something', publishRate, 'publish-rate', longer));
    }
    return app(request);
  };
}

/** The user, or the address where nobody is known; of IPv6 the network, since a client has all addresses of one. */
export function whoAsks({ caller, user, remoteAddress }: HttpRequest): string {
  const name = caller?.name ?? user;
  if (name !== undefined) return `user ${name}`;
  if (remoteAddress === undefined) return 'local';
  return remoteAddress.includes(':') ? networkOf(remoteAddress) : remoteAddress;
}

/** The first 64 bits of an IPv6 address. */
function networkOf(address: string): string {
  const [front = '', back] = address.split('%', 1)[0]!.split('::');
  const head = front === '' ? [] : front.split(':');
  const tail = back === undefined || back === '' ? [] : back.split(':');
  const middle = back === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...new Array<string>(middle).fill('0'), ...tail].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

function tooMany(what: string, rate: number, option: string, wait: number): HttpError {
  const seconds = Math.ceil(wait / 1000);
  return new HttpError(429, `More than ${rate} ${what} a second (${option}); try again in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
  });
}
