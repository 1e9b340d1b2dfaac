/** The address of a request: which part is the mount point, which the application's, and how clients see it. */
import type { BlockList } from 'node:net';
import { type App, HttpError, type HttpRequest, type HttpResponse, type Refuse } from '../http.js';
import { problem } from '../problem.js';
import { clientBehind, forwardedBy, trustedList, trusts, unmapped } from './forwarded.js';
import type { AddressOptions } from './listener.js';

export type Headers = Record<string, string | undefined>;

/** What an application is told of an address. */
export interface Address {
  base: string;
  path: string;
  search: string;
  /** The client's; a proxy's own where it does not say for whom it asks. */
  remoteAddress: string | undefined;
}

/** What a gateway knows of one request; strings have one character for each byte (latin1), as `node:http` gives them. */
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

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(:\d{1,5})?$/i;

/** Finds addresses by the options of a gateway, which are looked at once. */
export class Addresses {
  readonly #mount: string;
  readonly #baseUrl: string | undefined;
  readonly #trusted: BlockList | undefined;
  /** The host that was seen last: one that is valid, and allowed to all, need not be looked at again. */
  #host = '';
  readonly #allows: ((host: string) => boolean) | undefined;
  readonly #mostQuery: number;
  readonly #refuse: Refuse;

  /** @throws Error for a trusted proxy that is neither an address nor a range */
  constructor(options: AddressOptions) {
    this.#mount = options.mount.replace(/\/+$/, '');
    this.#baseUrl = options.baseUrl?.replace(/\/+$/, '');
    this.#trusted = options.trustedProxies.length === 0 ? undefined : trustedList(options.trustedProxies);
    this.#allows = options.allowsHost;
    this.#mostQuery = options.maxQueryBytes ?? Number.POSITIVE_INFINITY;
    this.#refuse = options.refuse ?? (async (_, error) => problem(error));
  }

  /** The mount point in force where the web server names none. */
  get mount(): string {
    return this.#mount;
  }

  /**
   * The application's answer, or why it is not asked.
   * @param requestAt makes the request for an address
   * @param check throws HttpError where something else is wrong with it
   */
  answer(
    app: App,
    target: Target,
    requestAt: (address: Address) => HttpRequest,
    check?: () => void,
  ): Promise<HttpResponse> {
    let address: Address;
    try {
      check?.();
      address = this.of(target);
    } catch (error) {
      return this.#refuse(requestAt(this.#none(target)), error);
    }
    return app(requestAt(address));
  }

  /** What stands for an address that cannot be used: where we are, and what was asked for, for the log. */
  #none({ uri, pathInfo, remoteAddress }: Target): Address {
    const [path = '', ...query] = (uri === undefined ? (pathInfo ?? '') : withoutAuthority(uri)).split('?');
    const base = this.#baseUrl ?? `http://localhost${this.#mount}`;
    const inside = path.startsWith(this.#mount) ? path.slice(this.#mount.length) : path;
    return { base, path: visible(inside), search: visible(query.join('?')), remoteAddress };
  }

  /**
   * @throws HttpError 404 outside the mount point; 400 for an address with dot segments, bad escapes, NUL, or a bad host;
   *   414 for a query that is too long; 421 for a host that we are not called by
   */
  of(target: Target): Address {
    const uri = target.uri === undefined ? undefined : withoutAuthority(target.uri);
    const at = uri === undefined ? -1 : uri.indexOf('?');
    const rawPath = at < 0 ? uri : uri!.slice(0, at);
    let search = at < 0 ? '' : uri!.slice(at + 1);
    const prefix = target.scriptName ?? this.#mount;
    let path = rawPath === undefined ? undefined : below(rawPath, prefix);
    if (path === undefined && target.pathInfo !== undefined && /^(\/|$)/.test(target.pathInfo)) {
      // No raw address, or one that a rewrite has changed: what the server decoded is encoded again.
      path = target.pathInfo.replace(/[^\w\-.~!$&'()*+,;=:@/]/g, escapeByte);
      search = target.queryString ?? search;
    }
    if (path === undefined) {
      throw new HttpError(404, `There is nothing here; AtomMQ is at ${prefix === '' ? '/' : prefix}.`);
    }
    checkPath(path);
    if (search.length > this.#mostQuery) {
      throw new HttpError(414, `The query is longer than ${this.#mostQuery} bytes (max-query-bytes).`);
    }
    let { remoteAddress } = target;
    // An IPv4 peer of a socket that takes IPv6 as well.
    if (remoteAddress?.includes(':')) remoteAddress = unmapped(remoteAddress);
    const isBehindProxy = this.#trusted !== undefined && trusts(this.#trusted, remoteAddress);
    if (isBehindProxy) remoteAddress = clientBehind(remoteAddress!, target.headers, this.#trusted!);
    this.#checkHost(target.headers.host, isBehindProxy);
    const base = this.#baseUrl ?? this.#publicBase(target, prefix, isBehindProxy);
    return { base, path: visible(path), search: visible(search), remoteAddress };
  }

  #publicBase(target: Target, prefix: string, isBehindProxy: boolean): string {
    let scheme = target.secure ? 'https' : 'http';
    let host = target.headers.host;
    let front = '';
    if (isBehindProxy) {
      const forwarded = forwardedBy(target.headers);
      scheme = forwarded.scheme ?? scheme;
      host = forwarded.host ?? host;
      front = forwarded.prefix ?? front;
    }
    if (host === undefined || host === '') host = target.authority;
    else if (host !== target.headers.host) checkHost(host);
    return `${scheme}://${host}${front}${prefix}`;
  }

  /** Also where links are not made from it: a page that a name was bent to us for must not read what is here. */
  #checkHost(host: string | undefined, isBehindProxy: boolean): void {
    if (host === undefined || host === '' || host === this.#host) return;
    checkHost(host);
    if (!isBehindProxy && this.#allows?.(host) === false) {
      throw new HttpError(
        421,
        `This server is not called ${host.slice(0, 80)}; if it is to be, its configuration must say so (allowed-hosts, base-url or trusted-proxies).`,
      );
    }
    // What one proxy was called by is no name for those who come by themselves.
    if (!isBehindProxy || this.#allows === undefined) this.#host = host;
  }
}

/** @throws HttpError 400 */
function checkHost(host: string): void {
  if (!HOST.test(host)) throw new HttpError(400, `The host ${JSON.stringify(host.slice(0, 80))} is not a valid one.`);
}

function withoutAuthority(uri: string): string {
  if (uri.startsWith('/')) return uri;
  return /^https?:\/\/[^/?#]*(.*)$/is.exec(uri)?.[1] ?? uri;
}

/** What follows a prefix at a segment's boundary. */
function below(path: string, prefix: string): string | undefined {
  if (path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f)) {
    return path.slice(prefix.length);
  }
  // Web servers compare decoded: the mount point itself may have come with escapes.
  const cut = path.split('/', prefix.split('/').length).join('/');
  return cut !== prefix && decoded(cut) === decoded(prefix) ? path.slice(cut.length) : undefined;
}

function decoded(cut: string): string {
  try {
    return decodeURIComponent(visible(cut));
  } catch {
    throw badEscape(cut);
  }
}

/** The one place that refuses addresses, so that every door gives the same answer. */
function checkPath(path: string): void {
  if (!path.includes('%') && !path.includes('/.') && !/[\0-\x1f\x7f]/.test(path)) return;
  for (const segment of path.split('/')) {
    if (/%(?![0-9a-f]{2})/i.test(segment)) throw badEscape(segment);
    if (/^(\.|%2e){1,2}$/i.test(segment)) throw new HttpError(400, 'The address has a dot segment (. or ..) in it.');
    if (/%00|[\0-\x1f\x7f]/.test(segment)) throw new HttpError(400, 'The address has a control character in it.');
  }
}

function badEscape(segment: string): HttpError {
  return new HttpError(
    400,
    `The address has ${JSON.stringify(segment.slice(0, 80))}, which is not percent-encoded UTF-8.`,
  );
}

/** Bytes that clients should have encoded and did not: some servers pass them on, the application sees escapes. */
function visible(raw: string): string {
  return /[^\x21-\x7e]/.test(raw) ? raw.replace(/[^\x21-\x7e]/g, escapeByte) : raw;
}

function escapeByte(character: string): string {
  return `%${(character.charCodeAt(0) & 0xff).toString(16).toUpperCase().padStart(2, '0')}`;
}
