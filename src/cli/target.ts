/** Which feed of which server a command is for, and what is said when it cannot be reached. */
import { type Client, connect, PositionGone, Refused, Unavailable } from '../client/client.js';
import type { Feed } from '../client/feed.js';
import { ConfigError, type Settings } from '../config.js';
import { Failed } from './failed.js';

/** @param seconds how long to try again, where the client does not wait for ever */
export function feedOf(word: string, url: unknown, settings: Settings, seconds = 60): Feed {
  const { base, name } = targetOf(
    word,
    url === undefined ? process.env.ATOMMQ_URL || undefined : String(url),
    settings,
  );
  let told = '';
  const onRetry = ({ message }: Unavailable) => {
    // Once for each thing that goes wrong, not for each attempt.
    if (message !== told)
      process.stderr.write(`atommq: ${message} Trying again.\n`.replace(/([^.]) Trying/, '$1; trying'));
    told = message;
  };
  const token = process.env.ATOMMQ_TOKEN || undefined;
  let client: Client;
  try {
    client = connect(base, { ...(token === undefined ? {} : { token }), retry: { limit: seconds * 1000 }, onRetry });
  } catch (error) {
    throw new ConfigError(`${JSON.stringify(base)} is not the address of a bus: ${(error as Error).message}`);
  }
  return client.feed(name);
}

function targetOf(word: string, url: string | undefined, settings: Settings): { base: string; name: string } {
  if (!/^https?:\/\//i.test(word)) return { base: url ?? addressOf(settings), name: word };
  const [, base, name] = /^([^?#]*)\/(?:feed=|feeds\/)([^/?#]+)\/?(?:[?#].*)?$/i.exec(word) ?? [];
  if (base === undefined || name === undefined) {
    throw new ConfigError(`${JSON.stringify(word)} is not the address of a feed, such as http://host/atommq/feed=NAME`);
  }
  try {
    return { base, name: decodeURIComponent(name) };
  } catch {
    throw new ConfigError(`${JSON.stringify(word)} has a feed name that is not percent-encoded UTF-8`);
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

/** An error of the client, in one line that says what to do next; others as they are. */
export function explain(error: unknown, { name, url }: Feed, position?: string): unknown {
  if (error instanceof PositionGone) {
    const next = position === undefined ? '--from earliest' : `remove it from ${position} to begin anew`;
    return new Failed(`${error.message} The oldest entry that is held comes next: ${next}.`);
  }
  if (error instanceof Unavailable) {
    return new Failed(`${url}: ${error.message} Is the server running (atommq serve), and the address right (--url)?`);
  }
  if (!(error instanceof Refused)) return error;
  const { status, message } = error;
  if (status === 401 || status === 403) {
    return new Failed(
      `${url}: ${message} Give credentials in the address (user:password@) or a token in ATOMMQ_TOKEN.`,
    );
  }
  if (status === 404) return new Failed(`${url}: ${message} Publishing to ${JSON.stringify(name)} makes it.`);
  return new Failed(`${url}: ${status} ${message}`);
}
