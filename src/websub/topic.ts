/** Topics: the addresses of our feeds, and what of a feed each of them stands for. */
import type { FeedPage } from '../atom/feed.js';
import { HttpError } from '../http.js';
import { segmentsOf, visible } from '../resource/address.js';
import { feedAt } from '../resource/feed-address.js';
import { FEED_FORMATS, type Format, namedFormat } from '../resource/formats.js';

/** A topic taken apart. */
export interface Topic {
  /** As the subscriber wrote it. */
  address: string;
  /** The feed's name. */
  feed: string;
  /** The feed's address without query, for links. */
  url: string;
  query: URLSearchParams;
  /** The form that the topic's address has. */
  format: Format<FeedPage>;
}

/**
 * @param base the address of the mount point, as the subscriber sees it
 * @throws HttpError 400 for an address that is not one of a feed below the base
 */
export function parseTopic(address: string, base: string): Topic {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const mount = new URL(base);
  const path = mount.pathname.replace(/\/$/, '');
  if (url === undefined || url.origin !== mount.origin || !url.pathname.startsWith(`${path}/`)) {
    throw notOurs(base);
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '' || visible(address) !== address) {
    // It is written into header fields, and must be the same there.
    throw new HttpError(
      400,
      'hub.topic has no user and no fragment, and what an address cannot hold is percent-encoded.',
    );
  }
  const [first, ...rest] = segmentsOf(url.pathname.slice(path.length));
  const [feed, feedUrl, below] = first === undefined ? [undefined, '', []] : feedAt(base, first, rest);
  if (feed === undefined || below.length > 0) throw notOurs(base);
  const asked = url.searchParams.get('format');
  const format = asked === null ? FEED_FORMATS[0] : namedFormat(FEED_FORMATS, asked);
  if (format === undefined) {
    throw new HttpError(400, `hub.topic has a format that there is not: ${JSON.stringify(asked?.slice(0, 40))}.`);
  }
  return { address, feed, url: feedUrl, query: url.searchParams, format };
}

function notOurs(base: string): HttpError {
  return new HttpError(400, `hub.topic must be the address of a feed of this server, such as ${base}/feed=NAME.`);
}
