/** IP addresses as numbers, and which of them are public: reachable by anybody, and nobody's own network. */
import { isIP } from 'node:net';

/** An address as its bits; what only wraps an IPv4 address is that address. */
export interface Ip {
  version: 4 | 6;
  bits: bigint;
}

/** A stretch of addresses with the same first bits. */
export interface Range extends Ip {
  /** How many bits are the same. */
  length: number;
}

/** Ranges whose last 32 bits are an IPv4 address that the network, or the system, goes to instead. */
const WRAPPED = [
  '::ffff:0:0/96', // IPv4-mapped (RFC 4291 §2.5.5.2)
  '64:ff9b::/96', // NAT64 (RFC 6052)
].map((range) => parseBits(range));

/** What is not public of IPv4 (the registry of RFC 6890, as of 2024; addresses for documentation, for tests, for later). */
const NOT_PUBLIC_4 = [
  '0.0.0.0/8', // this network; the unspecified address
  '10.0.0.0/8', // private
  '100.64.0.0/10', // shared by a provider's customers
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local, where clouds keep their credentials
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocols
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // relays of 6to4
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved; broadcast
].map(parseRange);

/** All that is ever given out for unicast between networks is of this range (RFC 4291 §2.4); and what is not public of it. */
const GLOBAL_6 = parseRange('2000::/3');
const NOT_PUBLIC_6 = [
  '2001::/23', // protocols: Teredo, which wraps any IPv4 address, ORCHID, benchmarks
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4, which wraps any IPv4 address
  '3fff::/20', // documentation
].map(parseRange);

/** The interface of ISATAP (RFC 5214 §6.1): the last 32 bits are an IPv4 address, in whatever network. */
const ISATAP = 0x5efen;

/**
 * Whether anybody may be made to connect to an address.
 * @param address in the form of `isIP`; one with a zone never is public
 */
export function isPublic(address: Ip): boolean {
  if (address.version === 4) return !NOT_PUBLIC_4.some((range) => contains(range, address));
  if (!contains(GLOBAL_6, address) || NOT_PUBLIC_6.some((range) => contains(range, address))) return false;
  return ((address.bits >> 32n) & 0xfdffffffn) !== ISATAP;
}

/** @returns undefined for what is no address, or has a zone (`fe80::1%eth0`) */
export function parseIp(text: string): Ip | undefined {
  if (text.includes('%') || isIP(text) === 0) return undefined;
  return unwrapped(parseBits(text));
}

/**
 * @param text an address, or a range such as `10.0.0.0/8`
 * @throws Error for what is neither
 */
export function parseRange(text: string): Range {
  const range = parseBits(text);
  const ip = unwrapped(range);
  return { ...ip, length: ip.version === range.version ? range.length : Math.max(0, range.length - 96) };
}

export function contains(range: Range, { version, bits }: Ip): boolean {
  if (range.version !== version) return false;
  const rest = BigInt((version === 4 ? 32 : 128) - range.length);
  return bits >> rest === range.bits >> rest;
}

function unwrapped(ip: Ip): Ip {
  if (ip.version === 4 || !WRAPPED.some((range) => contains(range, ip))) return { version: ip.version, bits: ip.bits };
  return { version: 4, bits: ip.bits & 0xffffffffn };
}

function parseBits(text: string): Range {
  const [address = '', length] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%')) throw new Error(`${JSON.stringify(text)} is no address`);
  if (version === 4) return { version, bits: bitsOf4(address), length: Number(length ?? 32) };
  return { version: 6, bits: bitsOf6(address), length: Number(length ?? 128) };
}

function bitsOf4(address: string): bigint {
  return BigInt(address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0));
}

function bitsOf6(address: string): bigint {
  // What ends in an IPv4 address has two groups in its place.
  const plain = address.replace(/[\d.]+$/, (tail) => {
    if (!tail.includes('.')) return tail;
    const bits = bitsOf4(tail);
    return `${(bits >> 16n).toString(16)}:${(bits & 0xffffn).toString(16)}`;
  });
  const [before = '', after] = plain.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...zeros, ...tail].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}
