/** What stands around the application, as it is configured: for what nobody asked for nothing is built, and no module loaded. */
import type { Access, AccessRule } from './access/access.js';
import { BadValue } from './config/bad-value.js';
import { ConfigError } from './config.js';
import type { OnError } from './failure.js';
import type { Recorder } from './guard/access-log.js';
import type { AuthenticationSettings } from './guard/authentication.js';
import { withCaller } from './guard/caller.js';
import { asksForCredentials } from './guard/configured.js';
import type { Metrics } from './guard/metrics.js';
import type { RateOptions } from './guard/rate.js';
import { named } from './guard/request-id.js';
import type { WebOptions } from './guard/web.js';
import { keepSitesLately } from './guard/web-lately.js';
import type { Guard } from './http.js';
import type { Tokens } from './store/token.js';

/** What of the configuration is for guards. */
export interface GuardSettings extends AuthenticationSettings, WebOptions, RateOptions {
  /** Most requests that are worked on at the same time. */
  maxRequests: number;
  /** Who may do what with which feeds; without rules everybody everything. */
  access?: AccessRule[];
}

/** What else they need. */
export interface GuardParts {
  metrics: Metrics | undefined;
  /** Gets the record of each request. */
  record: Recorder | undefined;
  tokens: () => Promise<Tokens>;
  onError: OnError;
  /** The process ends with its request: whatever sees to many of them is left to the web server. */
  runOnce: boolean;
}

/**
 * @returns the guards, the outermost first
 * @throws ConfigError
 */
export async function guardsOf(settings: GuardSettings, parts: GuardParts): Promise<Guard[]> {
  if (parts.runOnce) return [keepSitesLately(settings), ...(await authenticating(settings, parts))];
  return [
    ...(await observing(parts)),
    ...(await bounding(settings)),
    ...(await authenticating(settings, parts)),
    ...(await rating(settings)),
  ];
}

/** What sees every request. */
async function observing({ metrics, record }: GuardParts): Promise<Guard[]> {
  const guards = record === undefined ? [] : [(await import('./guard/access-log.js')).accessLog(record)];
  return [...guards, named(record !== undefined), ...(metrics === undefined ? [] : [metrics.guard])];
}

/** What keeps pages of other sites, and more than can be worked on, away. */
async function bounding(settings: GuardSettings): Promise<Guard[]> {
  const [{ keepSites }, { limitInFlight }] = await Promise.all([
    import('./guard/web.js'),
    import('./guard/in-flight.js'),
  ]);
  return [keepSites(settings), limitInFlight(settings.maxRequests)];
}

/** What says who asks; without it everything is allowed. */
async function authenticating(settings: GuardSettings, { tokens, onError }: GuardParts): Promise<Guard[]> {
  const anonymous = (settings.access ?? []).length > 0;
  if (!asksForCredentials(settings)) return anonymous ? [withCaller] : [];
  const { makeAuthentication } = await import('./guard/authentication.js');
  try {
    return [makeAuthentication(settings, { tokens, anonymous, onError })];
  } catch (error) {
    throw error instanceof BadValue ? new ConfigError(error.message) : error;
  }
}

/** What leaves each user a share; it must know who asks. */
async function rating(settings: GuardSettings): Promise<Guard[]> {
  if (settings.rate === 0 && settings.publishRate === 0) return [];
  const guard = (await import('./guard/rate.js')).limitRate(settings);
  return guard === undefined ? [] : [guard];
}

/** @returns undefined where there is nothing to decide */
export async function accessOf(settings: GuardSettings): Promise<Access | undefined> {
  const { access: rules = [] } = settings;
  const credentials = asksForCredentials(settings);
  if (rules.length === 0 && !credentials) return undefined;
  const { Access, AUTHENTICATED_ONLY } = await import('./access/access.js');
  return new Access(rules.length === 0 ? AUTHENTICATED_ONLY : rules, { credentials });
}
