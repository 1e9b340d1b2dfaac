/** The hub of a bus, put together: what answers at its address, and what delivers; each is loaded when it is needed. */
import type { HttpRequest, HttpResponse } from '../http.js';
import type { Observer } from '../observer.js';
import type { Context } from '../resource/context.js';
import type { Subscriptions } from '../store/subscription.js';
import type { Hub } from './hub.js';
import type { Desk } from './subscribe.js';

export interface HubSettings {
  /** Addresses, ranges and host names that callbacks may have though they are not public. */
  websubAllow: string[];
  /** Most seconds of a lease. */
  websubLease: number;
  /** Seconds that a callback may take. */
  websubTimeout: number;
  /** A subscriber is given up after so many failures in a row, over so many seconds. */
  websubAttempts: number;
  websubPatience: number;
}

export interface OpenHub {
  answer: (request: HttpRequest) => Promise<HttpResponse>;
  stop: () => Promise<void>;
}

/** @param delivers false in a process that ends with its request: then another one verifies and delivers */
export async function openHub(
  context: Context,
  subscriptions: Subscriptions,
  settings: HubSettings,
  delivers: boolean,
  onError: (error: unknown) => void,
  observer?: Observer,
): Promise<OpenHub> {
  let hub: Hub | undefined;
  let desk: Desk | undefined;
  const guard = async () => new (await import('./guard.js')).CallbackGuard(settings.websubAllow);
  if (delivers) {
    const { Hub } = await import('./hub.js');
    hub = new Hub({
      context,
      subscriptions,
      guard: await guard(),
      timeout: settings.websubTimeout,
      limits: { attempts: settings.websubAttempts, patience: settings.websubPatience },
      onError,
      observer,
    });
  }
  return {
    answer: async (request) => {
      const { subscribe } = await import('./subscribe.js');
      const maxLease = settings.websubLease;
      desk ??= { subscriptions, guard: await guard(), maxLease, hint: () => hub?.hint() };
      return subscribe(context, desk, request);
    },
    stop: async () => hub?.stop(),
  };
}
