/** Which feed of which server a command is for, and what is said when it cannot be reached. */
import { type Client, connect, PositionGone, Refused, Unavailable } from '../client/client.js';
import type { Feed } from '../client/feed.js';
import { near } from '../config/nearest.js';
import { ConfigError, type Settings } from '../config.js';
import { Failed } from './failed.js';

/** A feed, and the bus that has it. */
export interface Target {
  client: Client;
  feed: Feed;
}

/**
 * @param word a feed's name, or its whole address
 * @param seconds how long to try again, where the client does not wait for ever
 */
export function targetOf(word: string, url: unknown, settings: Settings, seconds = 60): Target {
  if (!/^https?:\/\//i.test(word)) {
    const client = clientOf(url, settings, seconds);
    return { client, feed: client.feed(word) };
  }
  const [, base, name] = /^([^?#]*)\/(?:feed=|feeds\/)([^/?#]+)\/?(?:[?#].*)?$/i.exec(word) ?? [];
  if (base === undefined || name === undefined) {
    throw new ConfigError(`${JSON.stringify(word)} is not the address of a feed, such as http://host/atommq/feed=NAME`);
  }
  let decoded: string;
  try {
    decoded = decodeURIComponent(name);
  } catch {
    throw new ConfigError(`${JSON.stringify(word)} has a feed name that is not percent-encoded UTF-8`);
  }
  const client = clientOf(base, settings, seconds);
  return { client, feed: client.feed(decoded) };
}

/** A client of the server that a flag names, else ATOMMQ_URL, else the configuration. @throws ConfigError */
export function clientOf(url: unknown, settings: Settings, seconds: number): Client {
  const base = url === undefined ? process.env.ATOMMQ_URL || addressOf(settings) : String(url);
  let told = '';
  const onRetry = ({ message }: Unavailable) => {
    // Once for each thing that goes wrong, not for each attempt.
    if (message !== told)
      process.stderr.write(`atommq: ${message} Trying again.\n`.replace(/([^.]) Trying/, '$1; trying'));
    told = message;
  };
  const token = process.env.ATOMMQ_TOKEN || undefined;
  try {
    return connect(base, { ...(token === undefined ? {} : { token }), retry: { limit: seconds * 1000 }, onRetry });
  } catch (error) {
    throw new ConfigError(`${JSON.stringify(base)} is not the address of a bus: ${(error as Error).message}`);
  }
}

/** Where a server of this configuration is found from here. */
export function addressOf({ gateway, host, port, mount, baseUrl }: Settings): string {
  if (gateway === 'http' && port !== 0) {
    const near = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
    return `http://${near.includes(':') ? `[${near}]` : near}:${port}${mount}`;
  }
  if (baseUrl !== undefined) return baseUrl;
  throw new ConfigError('which server? --url http://host/atommq says so, or ATOMMQ_URL');
}

/** An error of the client about a feed, in one line that says what to do next; others as they are. */
export async function explain(error: unknown, { client, feed }: Target, position?: string): Promise<unknown> {
  if (error instanceof PositionGone) {
    const next = position === undefined ? '--from earliest' : `remove it from ${position} to begin anew`;
    return new Failed(`${error.message} The oldest entry that is held comes next: ${next}.`);
  }
  if (!(error instanceof Refused) || error.status !== 404) return explainAny(error, feed.url);
  const { message } = error;
  if (!/^There is no feed/.test(message)) return new Failed(`${feed.url}: ${message}`);
  const meant = await nearestTo(client, feed.name);
  return new Failed(`${feed.url}: ${message}${meant} Publishing to ${JSON.stringify(feed.name)} makes it.`);
}

/** Any other error of the client. @param url what was asked for */
export function explainAny(error: unknown, url: string): unknown {
  if (error instanceof Unavailable) {
    return new Failed(
      `${url}: ${sentence(error.message)} Is the server running (atommq serve), and the address right (--url)?`,
    );
  }
  if (!(error instanceof Refused)) return error;
  const { status, message } = error;
  if (status === 401) {
    return new Failed(
      `${url}: ${message} Give credentials in the address (user:password@) or a token in ATOMMQ_TOKEN.`,
    );
  }
  if (status === 403) {
    return new Failed(
      `${url}: ${message} Those who run the server say who may do what (access); is it the right user?`,
    );
  }
  if (status === 200 || status === 404 || status === 405) {
    return new Failed(
      `${url}: ${status} ${sentence(message)} Is that the address of a bus, such as http://host/atommq (--url)?`,
    );
  }
  return new Failed(`${url}: ${status} ${message}`);
}

/** Which feeds somebody may have meant by a name that no feed has, as a sentence with a space before it. */
export async function nearestTo(client: Client, name: string): Promise<string> {
  const names = await client.feeds().catch(() => []);
  const meant = near(name, names).map((one) => JSON.stringify(one));
  if (meant.length > 0) return ` Is it ${meant.join(' or ')}?`;
  return names.length === 0 ? '' : ' atommq feeds lists what there is.';
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
