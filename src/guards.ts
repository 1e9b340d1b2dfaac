/** What stands around the application, as it is configured: for what nobody asked for nothing is built, and no module loaded. */
import type { Access, AccessRule } from './access/access.js';
import { BadValue } from './config/bad-value.js';
import { ConfigError } from './config.js';
import { answering, type OnError } from './failure.js';
import type { Recorder } from './guard/access-log.js';
import type { AuthenticationSettings } from './guard/authentication.js';
import { withCaller } from './guard/caller.js';
import { asksForCredentials } from './guard/configured.js';
import type { Metrics } from './guard/metrics.js';
import type { RateOptions } from './guard/rate.js';
import { named } from './guard/request-id.js';
import type { Siblings } from './guard/siblings.js';
import type { WebOptions } from './guard/web.js';
import { keepSitesLately } from './guard/web-lately.js';
import type { App, Guard, Refuse } from './http.js';
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
  refuse: Refuse;
  siblings?: Siblings | undefined;
  /** The process ends with its request: whatever sees to many of them is left to the web server. */
  runOnce: boolean;
}

/** What stands around an application, and around the refusals of what never gets there. */
export interface Guards {
  around: Guard;
  refuse: Refuse;
}

/** @throws ConfigError */
export async function guardsOf(settings: GuardSettings, parts: GuardParts): Promise<Guards> {
  const { runOnce, refuse } = parts;
  const answers = answering(refuse);
  const outer = runOnce ? [] : await observing(parts);
  const sites = runOnce ? keepSitesLately(settings) : (await import('./guard/web.js')).keepSites(settings);
  const inner = [...(await authenticating(settings, parts)), ...(runOnce ? [] : await rating(settings, parts))];
  if (!runOnce) inner.unshift((await import('./guard/in-flight.js')).limitInFlight(settings.maxRequests));
  // Errors are answers before they come to whatever looks at answers.
  return {
    around: within([...outer, answers, sites, answers, ...inner]),
    refuse: (request, error) => within(outer)((one) => refuse(one, error))(request),
  };
}

/** Several guards as one, the outermost first. */
function within(guards: Guard[]): Guard {
  return (app: App) => guards.reduceRight((inner, guard) => guard(inner), app);
}

/** What sees every request. */
async function observing({ metrics, record }: GuardParts): Promise<Guard[]> {
  const guards = record === undefined ? [] : [(await import('./guard/access-log.js')).accessLog(record)];
  return [...guards, named(record !== undefined), ...(metrics === undefined ? [] : [metrics.guard])];
}

/** What says who asks; without it everything is allowed. */
async function authenticating(settings: GuardSettings, { tokens, onError, siblings }: GuardParts): Promise<Guard[]> {
  const anonymous = (settings.access ?? []).length > 0;
  if (!asksForCredentials(settings)) return anonymous ? [withCaller] : [];
  const { makeAuthentication } = await import('./guard/authentication.js');
  try {
    return [makeAuthentication(settings, { tokens, anonymous, onError, siblings })];
  } catch (error) {
    throw error instanceof BadValue ? new ConfigError(error.message) : error;
  }
}

/** What leaves each user a share; it must know who asks. */
async function rating(settings: GuardSettings, { siblings }: GuardParts): Promise<Guard[]> {
  if (settings.rate === 0 && settings.publishRate === 0) return [];
  const guard = (await import('./guard/rate.js')).limitRate(settings, siblings);
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
