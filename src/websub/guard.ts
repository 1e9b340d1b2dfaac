/** Whom the hub may be made to connect to: nobody inside our own network, whatever a name resolves to (WebSub §8). */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { contains, isPublic, parseIp, parseRange, type Range } from './ip.js';

/** A callback that may not be connected to; the message is for its subscriber, and does not tell what a name resolves to. */
export class CallbackRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CallbackRefused';
  }
}

/** Finds all addresses of a name. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

const resolveBySystem: Resolve = (hostname) =>
  new Promise((resolve, reject) => {
    systemLookup(hostname, { all: true, verbatim: true }, (error, addresses) =>
      error === null ? resolve(addresses) : reject(error),
    );
  });

export class CallbackGuard {
  readonly #ranges: Range[] = [];
  readonly #hosts = new Set<string>();
  readonly #resolve: Resolve;

  /** @param allow addresses, ranges of them, and host names that may be connected to though they are not public */
  constructor(allow: string[], resolve: Resolve = resolveBySystem) {
    for (const item of allow) {
      if (isIP(item.split('/', 1)[0]!) === 0) this.#hosts.add(item.toLowerCase());
      else this.#ranges.push(parseRange(item));
    }
    this.#resolve = resolve;
  }

  /**
   * Looks a callback's host up, and at every address that it has.
   * @throws CallbackRefused when one of them is not public; what the resolver throws where there is none
   */
  async check(url: URL): Promise<void> {
    const host = hostOf(url);
    if (isIP(host) !== 0) this.checkLiteral(url);
    else await this.#addressesOf(host);
  }

  /**
   * The same for a host that is an address itself, which no connection looks up.
   * @throws CallbackRefused
   */
  checkLiteral(url: URL): void {
    const host = hostOf(url);
    if (isIP(host) !== 0 && !this.#allowsHost(host) && !this.#allows(host)) throw refused(host);
  }

  /**
   * What a connection looks its host up with: it gets addresses that were looked at, and no others, so that a name that
   * resolves to something else a moment later changes nothing.
   */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.#addressesOf(hostname).then(
      (addresses) => {
        if (options.all === true) callback(null, addresses);
        else callback(null, addresses[0]!.address, addresses[0]!.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };

  async #addressesOf(hostname: string): Promise<LookupAddress[]> {
    const addresses = await this.#resolve(hostname);
    if (addresses.length === 0) throw new CallbackRefused(`${hostname} has no address.`);
    if (!this.#allowsHost(hostname) && !addresses.every(({ address }) => this.#allows(address))) {
      throw refused(hostname);
    }
    return addresses;
  }

  #allowsHost(host: string): boolean {
    return this.#hosts.has(host.toLowerCase().replace(/\.$/, ''));
  }

  #allows(address: string): boolean {
    const ip = parseIp(address);
    return ip !== undefined && (isPublic(ip) || this.#ranges.some((range) => contains(range, ip)));
  }
}

/** The host of a URL without the brackets of IPv6. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function refused(host: string): CallbackRefused {
  return new CallbackRefused(`${host} is not a public address; this hub connects to no others.`);
}
