/** The hub's address: requests to subscribe and to unsubscribe, kept until they are verified (WebSub §5.1). */
import { hash, randomUUID } from 'node:crypto';
import { now } from '../atom/ids.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import { mediaTypeOf, receive, refuseContentEncoding } from '../resource/body.js';
import type { Context } from '../resource/context.js';
import { permitRead } from '../resource/permitted.js';
import { noFeed, stretchOf } from '../resource/stretch.js';
import type { NewRequest, Subscriptions } from '../store/subscription.js';
import { type CallbackGuard, CallbackRefused } from './guard.js';
import { parseTopic, type Topic } from './topic.js';

const FORM = 'application/x-www-form-urlencoded';
/** Most bytes of a request. */
const MOST_BODY = 16 * 1024;
/** Most characters of an address. */
const MOST_ADDRESS = 2048;
/** A secret has fewer bytes (WebSub §5.1). */
const SECRET_BYTES = 200;
/** Seconds that are granted where none are asked for: ten days. */
const DEFAULT_LEASE = 864_000;
/** Most subscriptions, confirmed or not: each costs requests to somebody. */
const MOST_SUBSCRIPTIONS = 10_000;
/** A resolver that takes longer, in milliseconds, is not waited for: the connection will ask again. */
const RESOLVER = 5000;

/** What answers requests for subscriptions needs. */
export interface Desk {
  subscriptions: Subscriptions;
  guard: CallbackGuard;
  /** Most seconds of a lease. */
  maxLease: number;
  /** Called when there is something to verify. */
  hint: () => void;
}

/**
 * `POST` to the hub.
 * @returns 202: whether the callback agrees is asked later
 * @throws HttpError 400 (with `parameter` in the problem) for a parameter that cannot be used, 401 or 404 for a feed that
 *   the subscriber may not read, 404 for a feed or a subscription that is not there, 413, 415, 503 when there are too many subscriptions
 */
export async function subscribe(context: Context, desk: Desk, request: HttpRequest): Promise<HttpResponse> {
  const form = await formOf(request);
  const mode = form.get('hub.mode');
  if (mode !== 'subscribe' && mode !== 'unsubscribe') {
    throw wrong('hub.mode', `is subscribe or unsubscribe, not ${JSON.stringify(mode?.slice(0, 40) ?? null)}`);
  }
  const callback = callbackOf(form.get('hub.callback'));
  const topic = topicOf(form.get('hub.topic'), request.base);
  permitRead(context, request, topic.feed);
  const asked: NewRequest = {
    id: hash('sha256', `${callback.href}\n${topic.address}`, 'base64url'),
    requestId: randomUUID(),
    mode,
    topic: topic.address,
    base: request.base,
    feed: topic.feed,
    callback: callback.href,
    // What an unsubscription says of them does not count.
    lease: mode === 'subscribe' ? Math.min(leaseOf(form.get('hub.lease_seconds')), desk.maxLease) : 0,
    secret: mode === 'subscribe' ? secretOf(form.get('hub.secret')) : undefined,
    feedId: 0,
    position: 0,
    at: now(),
  };
  if (mode === 'subscribe') {
    await checkHost(desk.guard, callback);
    Object.assign(asked, await beginningOf(context, topic));
    await checkRoom(desk.subscriptions, asked.id);
  }
  if (!(await desk.subscriptions.request(asked))) {
    throw new HttpError(404, 'There is no subscription of this topic for this callback.');
  }
  desk.hint();
  return {
    status: 202,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    body: `Accepted. ${callback.host} is asked to confirm.\n`,
  };
}

async function formOf(request: HttpRequest): Promise<URLSearchParams> {
  const type = mediaTypeOf(request);
  if (type !== FORM) throw new HttpError(415, `The hub takes ${FORM}, not ${JSON.stringify(type.slice(0, 80))}.`);
  refuseContentEncoding(request);
  return new URLSearchParams(Buffer.from(await receive(request, MOST_BODY)).toString());
}

function callbackOf(given: string | null): URL {
  const name = 'hub.callback';
  if (given === null || given === '') throw wrong(name, 'is missing');
  if (given.length > MOST_ADDRESS) throw wrong(name, `has at most ${MOST_ADDRESS} characters`);
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw wrong(name, 'must be an http or https address');
  }
  if (url.username !== '' || url.password !== '') throw wrong(name, 'must not have a user or a password in it');
  if (url.hash !== '') throw wrong(name, 'must not have a fragment');
  return url;
}

function topicOf(given: string | null, base: string): Topic {
  const name = 'hub.topic';
  if (given === null || given === '') throw wrong(name, 'is missing');
  if (given.length > MOST_ADDRESS) throw wrong(name, `has at most ${MOST_ADDRESS} characters`);
  return parseTopic(given, base);
}

function leaseOf(given: string | null): number {
  if (given === null || given === '') return DEFAULT_LEASE;
  const lease = /^\d{1,15}$/.test(given) ? Number(given) : 0;
  if (lease < 1) throw wrong('hub.lease_seconds', 'is a whole number from 1');
  return lease;
}

function secretOf(given: string | null): string | undefined {
  if (given === null || given === '') return undefined;
  if (Buffer.byteLength(given) >= SECRET_BYTES) {
    throw wrong('hub.secret', `must be less than ${SECRET_BYTES} bytes long`);
  }
  // PostgreSQL keeps no such text.
  if (given.includes('\0')) throw wrong('hub.secret', 'must not have a NUL in it');
  return given;
}

/** Looks the host up now, so that a subscriber learns what is wrong; what counts is the look before each connection. */
async function checkHost(guard: CallbackGuard, callback: URL): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, RESOLVER);
  });
  try {
    await Promise.race([guard.check(callback), late]);
  } catch (error) {
    if (error instanceof CallbackRefused) throw wrong('hub.callback', `cannot be used: ${error.message}`);
    // Any other trouble of the resolver may be over soon.
    if ((error as NodeJS.ErrnoException).code !== 'ENOTFOUND') return;
    throw wrong('hub.callback', `cannot be used: there is no host ${callback.hostname}`);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Where deliveries begin: at the end of the feed; at a place that the topic names (`start_after`, `start_at`), so that
 * whoever has read a page and subscribes to its address misses nothing between the two.
 */
async function beginningOf(context: Context, topic: Topic): Promise<{ feedId: number; position: number }> {
  const feed = await context.store.feed(topic.feed);
  if (feed === undefined) throw noFeed(topic.feed);
  const { from, descending } = await stretchOf(context, feed, topic.url, topic.query);
  const named = !descending && (topic.query.has('start_after') || topic.query.has('start_at'));
  return { feedId: feed.feedId, position: named ? Math.min(from, feed.head) : feed.head };
}

async function checkRoom(subscriptions: Subscriptions, id: string): Promise<void> {
  if ((await subscriptions.count()) < MOST_SUBSCRIPTIONS || (await subscriptions.find(id)) !== undefined) return;
  throw new HttpError(503, `The hub has ${MOST_SUBSCRIPTIONS} subscriptions, and takes no more.`, {
    headers: { 'retry-after': '3600' },
  });
}

function wrong(parameter: string, what: string): HttpError {
  return new HttpError(400, `${parameter} ${what}.`, { members: { parameter } });
}
