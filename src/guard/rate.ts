/** No user, and nobody who does not say who he is from one address, gets more than his share: 429 until later. */
import { type Guard, HttpError, type HttpRequest } from '../http.js';
import { Buckets } from './bucket.js';
import { placeOf } from './place.js';
import type { Siblings } from './siblings.js';

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
export function limitRate(
  { rate, rateBurst, publishRate, publishBurst }: RateOptions,
  siblings?: Siblings,
): Guard | undefined {
  if (rate === 0 && publishRate === 0) return undefined;
  const buckets = (topic: string, tokens: number, burst = tokens * BURST) =>
    tokens === 0 ? undefined : new Buckets(tokens, burst, siblings, topic);
  const all = buckets('requests', rate, rateBurst);
  const changes = buckets('changes', publishRate, publishBurst);
  return (app) => async (request) => {
    const { method, path } = request;
    if (path.startsWith('/health/')) return app(request);
    const who = whoAsks(request);
    const now = performance.now();
    const wait = all?.take(who, now) ?? 0;
    if (wait > 0) throw tooMany('requests', rate, 'rate', wait);
    if (changes !== undefined && method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS') {
      const longer = changes.take(who, now);
      if (longer > 0) throw tooMany('requests that change something', publishRate, 'publish-rate', longer);
    }
    return app(request);
  };
}

/** The user, or the address where nobody is known; of IPv6 the network, since a client has all addresses of one. */
export function whoAsks({ caller, user, remoteAddress }: HttpRequest): string {
  const name = caller?.name ?? user;
  return name === undefined ? placeOf(remoteAddress) : `user ${name}`;
}

function tooMany(what: string, rate: number, option: string, wait: number): HttpError {
  const seconds = Math.ceil(wait / 1000);
  return new HttpError(429, `More than ${rate} ${what} a second (${option}); try again in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
  });
}
