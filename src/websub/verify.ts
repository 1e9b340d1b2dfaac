/** Verification of intent: a callback is asked whether it wants what was asked for in its name (WebSub §5.3). */
import { randomBytes } from 'node:crypto';
import type { PendingRequest, Subscription } from '../store/subscription.js';
import type { CallbackGuard } from './guard.js';
import { send } from './send.js';

/** How a callback is reached. */
export interface Reach {
  guard: CallbackGuard;
  /** Seconds that it may take. */
  timeout: number;
  signal: AbortSignal;
}

/**
 * Asks a callback to confirm a request.
 * @returns whether it did: only by a 2xx with the challenge and nothing else as its body
 * @throws Error when it did not answer
 */
export async function verify(reach: Reach, subscription: Subscription, pending: PendingRequest): Promise<boolean> {
  const challenge = randomBytes(24).toString('base64url');
  const { status, body } = await ask(reach, subscription, {
    'hub.mode': pending.mode,
    'hub.topic': subscription.topic,
    'hub.challenge': challenge,
    ...(pending.mode === 'subscribe' ? { 'hub.lease_seconds': String(pending.lease) } : {}),
  });
  return status >= 200 && status < 300 && body?.toString('latin1') === challenge;
}

/**
 * Tells a callback that its subscription is not to be (WebSub §5.2).
 * @throws Error when it did not answer
 */
export async function deny(reach: Reach, subscription: Subscription, reason: string): Promise<void> {
  await ask(reach, subscription, { 'hub.mode': 'denied', 'hub.topic': subscription.topic, 'hub.reason': reason });
}

function ask({ guard, timeout, signal }: Reach, { callback }: Subscription, parameters: Record<string, string>) {
  // The callback's own query is kept to the letter, and ours comes after it.
  const joint = callback.includes('?') ? (/[?&]$/.test(callback) ? '' : '&') : '?';
  const url = new URL(`${callback}${joint}${new URLSearchParams(parameters)}`);
  return send(guard, { method: 'GET', url, headers: { accept: '*/*' }, timeout, signal });
}
