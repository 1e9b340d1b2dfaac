/** One delivery: new entries `POST`ed to a callback, signed, and what its answer means (WebSub §7). */
import { createHmac } from 'node:crypto';
import { hubUrl } from '../resource/service.js';
import type { Subscription } from '../store/subscription.js';
import type { Batch } from './batch.js';
import { type Answer, send } from './send.js';
import type { Topic } from './topic.js';
import type { Reach } from './verify.js';

/** What became of a delivery. */
export type Delivered =
  | { kind: 'delivered' }
  /** The callback says that it is gone for good. */
  | { kind: 'gone' }
  | { kind: 'failed'; error: string; retryAfter: string | undefined };

/** Never throws: whatever happens is an outcome. */
export async function deliver(
  { guard, timeout, signal }: Reach,
  { callback, secret, base }: Subscription,
  topic: Topic,
  { contentType, body }: Batch,
): Promise<Delivered> {
  const headers: Record<string, string> = {
    'content-type': contentType,
    link: `<${hubUrl(base)}>; rel="hub", <${topic.address}>; rel="self"`,
  };
  if (secret !== undefined) headers['x-hub-signature'] = `sha256=${signatureOf(secret, body)}`;
  try {
    return outcomeOf(await send(guard, { method: 'POST', url: new URL(callback), headers, body, timeout, signal }));
  } catch (error) {
    return { kind: 'failed', error: reasonOf(error), retryAfter: undefined };
  }
}

/** The HMAC that authenticates a body (WebSub §7.1). */
export function signatureOf(secret: string, body: Buffer): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/** What stopped a request, in one line. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return (error.message || code).split('\n', 1)[0]!.slice(0, 200);
}

/** Any answer but these is a failure, redirects too (WebSub §7). */
function outcomeOf({ status, retryAfter }: Answer): Delivered {
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 410) return { kind: 'gone' };
  return { kind: 'failed', error: `the answer was ${status}`, retryAfter };
}
