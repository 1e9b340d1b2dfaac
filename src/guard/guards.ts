/** The guards that stand around the application, by the configuration. */
import type { Guard } from '../http.js';
import { limitInFlight } from './in-flight.js';
import { limitRate, type RateOptions } from './rate.js';
import { keepSites, type WebOptions } from './web.js';

export interface GuardOptions extends RateOptions, WebOptions {
  /** Most requests that are worked on at the same time. */
  maxRequests: number;
}

/** The outermost first. What limits users stands inside what finds out who they are. */
export function guardsOf(options: GuardOptions): Guard[] {
  const guards = [keepSites(options), limitInFlight(options.maxRequests), limitRate(options)];
  return guards.filter((guard) => guard !== undefined);
}
