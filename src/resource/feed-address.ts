/** Both spellings of a feed's address: `feed=NAME`, and `feeds/NAME` of AtomMQ 1.03 and AtomBus. */
import { feedName } from './address.js';
import { feedUrl } from './service.js';

/**
 * @param first the first decoded segment below the base, and `rest` those after it
 * @returns the feed's name (undefined where this is no feed's address), its absolute address, and the segments below it
 * @throws HttpError 400 for a name that no feed can have
 */
export function feedAt(
  base: string,
  first: string,
  rest: readonly string[],
): [string | undefined, string, readonly string[]] {
  if (first.startsWith('feed=')) {
    const name = feedName(first.slice(5));
    return [name, feedUrl(base, name), rest];
  }
  if (first === 'feeds' && rest[0] !== undefined) {
    const name = feedName(rest[0]);
    return [name, `${base}/feeds/${encodeURIComponent(name)}`, rest.slice(1)];
  }
  return [undefined, base, rest];
}
