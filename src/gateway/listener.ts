/** What every long-running gateway returns: something that listens, and can be drained. */

export interface Listener {
  /** Where it listens, for the log: `http://127.0.0.1:8080/atommq` or `fastcgi:/run/atommq/fcgi.sock`. */
  readonly address: string;
  /** Stops accepting, lets running requests finish (at most `drainSeconds`), and resolves; true when none was cut off. */
  close(drainSeconds?: number): Promise<boolean>;
}

/** How a gateway finds out the public address of a request. */
export interface AddressOptions {
  /** The mount point where the web server names none: `/atommq`, or `` for the root. */
  mount: string;
  /** The public address of the mount point, when the request cannot tell it: `https://example.org/atommq`. */
  baseUrl?: string | undefined;
  /** Addresses or CIDR ranges of proxies whose `Forwarded` and `X-Forwarded-*` fields are believed. */
  trustedProxies: string[];
  /** Believe `REMOTE_USER` (CGI and FastCGI): the web server verified it. */
  trustRemoteUser: boolean;
}
