/** What a proxy in front says of a request, and which proxies are believed. */
import type { BlockList } from 'node:net';
import type { Headers } from './address.js';

/** What the proxy that is nearest to us says; only what is well formed. */
export interface Forwarded {
  scheme: string | undefined;
  host: string | undefined;
  /** What the proxy has taken off the path: `/bus`. */
  prefix: string | undefined;
}

// Asked for here and not imported: a CGI process that trusts no proxy does not pay for loading it.
const net = () => process.getBuiltinModule('node:net');

/**
 * `Forwarded` (RFC 7239) or the older fields; of several hops the last, which the trusted proxy itself has added. Where
 * both say something else one is a client's own, that the proxy passed on: links with its host would come into caches.
 */
export function forwardedBy(headers: Headers): Forwarded {
  const hop = headers.forwarded?.split(',').at(-1) ?? '';
  const schemes = [parameter(hop, 'proto'), lastOf(headers['x-forwarded-proto'])].map((one) => one?.toLowerCase());
  // The one that cannot be listened to.
  const scheme = schemes.includes('https') ? 'https' : (schemes[0] ?? schemes[1]);
  const prefix = lastOf(headers['x-forwarded-prefix'])?.replace(/\/+$/, '');
  return {
    scheme: scheme === 'http' || scheme === 'https' ? scheme : undefined,
    host: agreed(parameter(hop, 'host'), lastOf(headers['x-forwarded-host'])),
    prefix: prefix !== undefined && /^(\/[\w.~%!$&'()*+,;=:@-]+)+$/.test(prefix) ? prefix : undefined,
  };
}

/**
 * The client that a trusted proxy asks for: of the hops it names, from the last one on, the first that is no trusted
 * proxy itself. Most proxies set one of the two fields and pass on whatever a client puts in the other, so where both are
 * there and differ neither is believed.
 * @param peer the proxy
 */
export function clientBehind(peer: string, headers: Headers, list: BlockList): string {
  const older = headers['x-forwarded-for'];
  const newer = headers.forwarded;
  const byOlder = older === undefined ? undefined : walk(peer, older.split(','), list);
  const byNewer =
    newer === undefined
      ? undefined
      : walk(
          peer,
          newer.split(',').map((hop) => parameter(hop, 'for') ?? ''),
          list,
        );
  if (byOlder !== undefined && byNewer !== undefined && byOlder !== byNewer) return peer;
  return byNewer ?? byOlder ?? peer;
}

function walk(peer: string, hops: string[], list: BlockList): string {
  let address = peer;
  for (const hop of hops.reverse()) {
    if (!trusts(list, address)) break;
    const node = hop.trim();
    // With a port, IPv6 has brackets; `unknown` and names that hide an address (RFC 7239 §6) lead no further.
    const plain = /^\[(.*)\](:\d+)?$/.exec(node)?.[1] ?? node.replace(/^([\d.]+):\d+$/, '$1');
    if (net().isIP(plain) === 0) break;
    address = unmapped(plain);
  }
  return address;
}

function agreed(newer: string | undefined, older: string | undefined): string | undefined {
  const differ = newer !== undefined && older !== undefined && newer.toLowerCase() !== older.toLowerCase();
  return differ ? undefined : (newer ?? older);
}

function parameter(hop: string, name: string): string | undefined {
  return new RegExp(`(?:^|[;\\s])${name}="?([^";,\\s]*)`, 'i').exec(hop)?.[1] || undefined;
}

function lastOf(field: string | undefined): string | undefined {
  return field?.split(',').at(-1)?.trim() || undefined;
}

/**
 * The proxies that are believed.
 * @param ranges addresses and CIDR ranges
 * @throws Error for what is neither
 */
export function trustedList(ranges: string[]): BlockList {
  const { BlockList, isIP } = net();
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits, ...more] = range.split('/');
    const version = isIP(address);
    const most = version === 6 ? 128 : 32;
    if (version === 0 || more.length > 0 || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most))) {
      throw new Error(`${JSON.stringify(range)} is neither an address nor a range of addresses`);
    }
    list.addSubnet(address, bits === undefined ? most : Number(bits), version === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/**
 * An address of IPv4 that is written as one of IPv6 (RFC 4291 §2.5.5.2), as it is where a socket takes both: all of them
 * would else be of one network.
 */
export function unmapped(address: string): string {
  const [, v4] = /^(?:0{0,4}:){2,5}ffff:([\d.]+|[\da-f]{1,4}:[\da-f]{1,4})$/i.exec(address) ?? [];
  if (v4 === undefined || v4.includes('.')) return v4 ?? address;
  return v4
    .split(':')
    .map((group) => Number.parseInt(group, 16))
    .map((number) => `${number >> 8}.${number & 255}`)
    .join('.');
}

/** Whether a peer is one of them; peers on Unix sockets have no address and are not. */
export function trusts(list: BlockList, address: string | undefined): boolean {
  if (address === undefined || address === '') return false;
  const plain = unmapped(address);
  const version = net().isIP(plain);
  return version !== 0 && list.check(plain, version === 6 ? 'ipv6' : 'ipv4');
}
