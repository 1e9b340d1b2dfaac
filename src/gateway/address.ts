/** The address of a request: which part is the mount point, which the application's, and how clients see it. */
import { BlockList, isIP } from 'node:net';
import { HttpError } from '../http.js';
import type { AddressOptions } from './listener.js';

export type Headers = Record<string, string | undefined>;

/** What an application is told of an address. */
export interface Address {
  base: string;
  path: string;
  search: string;
}

/** What a gateway knows of one request. */
export interface Target {
  /** `REQUEST_URI` or the request line's target: raw, with its query. */
  uri: string | undefined;
  /** What the web server mounted us at, where it says so. */
  scriptName: string | undefined;
  /** Already decoded by the web server: only a last resort. */
  pathInfo: string | undefined;
  queryString: string | undefined;
  headers: Headers;
  secure: boolean;
  /** `HOST:PORT` that the server listens on, for requests without a `Host`. */
  authority: string;
  /** The peer, which may be a proxy that is trusted. */
  remoteAddress: string | undefined;
}

/** Finds addresses by the options of a gateway, which are looked at once. */
export class Addresses {
  readonly #options: AddressOptions;
  readonly #trusted: BlockList | undefined;

  constructor(options: AddressOptions) {
    this.#options = options;
    this.#trusted = options.trustedProxies.length === 0 ? undefined : blockList(options.trustedProxies);
  }

  /**
   * @throws HttpError 404 outside the mount point; 400 for an address with dot segments, bad escapes, NUL, or a bad host
   */
  of(target: Target): Address {
    const { mount, baseUrl } = this.#options;
    const uri = target.uri === undefined ? undefined : withoutAuthority(target.uri);
    const at = uri?.indexOf('?') ?? -1;
    const rawPath = at < 0 ? uri : uri!.slice(0, at);
    const rawSearch = at < 0 ? '' : uri!.slice(at + 1);
    const prefix = target.scriptName ?? mount;
    let path = rawPath === undefined ? undefined : below(rawPath, prefix);
    let search = rawSearch;
    if (path === undefined && target.pathInfo !== undefined) {
      // No raw address, or one that a rewrite has changed: what the server decoded is encoded again.
      path = encodeURI(target.pathInfo).replace(/[?#]/g, encodeURIComponent);
      search = target.queryString ?? rawSearch;
    }
    if (path === undefined)
      throw new HttpError(404, `There is nothing here; AtomMQ is at ${prefix === '' ? '/' : prefix}.`);
    checkPath(path);
    return { base: baseUrl ?? this.#origin(target) + prefix, path, search };
  }

  #origin({ headers, secure, authority, remoteAddress }: Target): string {
    let scheme = secure ? 'https' : 'http';
    let host = headers.host;
    if (this.#trusted !== undefined && isListed(this.#trusted, remoteAddress)) {
      const forwarded = forwardedBy(headers);
      scheme = forwarded.scheme ?? scheme;
      host = forwarded.host ?? host;
    }
    if (host === undefined || host === '') host = authority;
    if (!/^(\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(:\d{1,5})?$/i.test(host)) {
      throw new HttpError(400, `The host ${JSON.stringify(host.slice(0, 80))} is not a valid one.`);
    }
    return `${scheme}://${host}`;
  }
}

function withoutAuthority(uri: string): string {
  if (uri.startsWith('/')) return uri;
  return /^https?:\/\/[^/?#]*(.*)$/is.exec(uri)?.[1] ?? uri;
}

/** What follows a prefix at a segment's boundary. */
function below(path: string, prefix: string): string | undefined {
  if (path === prefix) return '';
  if (path.startsWith(prefix) && (path[prefix.length] === '/' || prefix === '')) return path.slice(prefix.length);
  // Web servers compare decoded: the mount point itself may have come with escapes.
  const cut = path.split('/').slice(0, prefix.split('/').length).join('/');
  try {
    if (cut !== prefix && decodeURIComponent(cut) === prefix) return path.slice(cut.length);
  } catch {
    throw badEscape(cut);
  }
  return undefined;
}

function checkPath(path: string): void {
  if (!path.includes('%') && !path.includes('/.')) return;
  for (const segment of path.split('/')) {
    if (/%(?![0-9a-f]{2})/i.test(segment)) throw badEscape(segment);
    if (/^(\.|%2e){1,2}$/i.test(segment)) throw new HttpError(400, 'The address has a dot segment (. or ..) in it.');
    if (/%00/.test(segment)) throw new HttpError(400, 'The address has a control character in it.');
  }
}

function badEscape(segment: string): HttpError {
  return new HttpError(
    400,
    `The address has ${JSON.stringify(segment.slice(0, 80))}, which is not percent-encoded UTF-8.`,
  );
}

/** `Forwarded` (RFC 7239) before the older fields; of several hops the one nearest to us. */
function forwardedBy(headers: Headers): { scheme?: string | undefined; host?: string | undefined } {
  const last = headers.forwarded?.split(',').at(-1);
  const parameter = (name: string) => new RegExp(`(?:^|[;\\s])${name}="?([^";,\\s]*)`, 'i').exec(last ?? '')?.[1];
  const scheme = (parameter('proto') ?? lastOf(headers['x-forwarded-proto']))?.toLowerCase();
  return {
    scheme: scheme === 'http' || scheme === 'https' ? scheme : undefined,
    host: parameter('host') ?? lastOf(headers['x-forwarded-host']),
  };
}

function lastOf(field: string | undefined): string | undefined {
  return field?.split(',').at(-1)?.trim() || undefined;
}

/** @throws Error for what is neither an address nor a range */
function blockList(ranges: string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

function isListed(list: BlockList, address: string | undefined): boolean {
  if (address === undefined || address === '') return false;
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  return isIP(plain) !== 0 && list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
}
