/** Which hosts a server may be called by: a page that a name was bent to our address for (DNS rebinding) names its own. */

/** What decides it. */
export interface HostOptions {
  /** The names themselves; `*` is any, `*.example.org` what is below a name. */
  allowedHosts: string[];
  baseUrl?: string | undefined;
  /** The address that is listened on; undefined where a web server is in front, which chooses by the name itself. */
  host?: string | undefined;
}

/**
 * By the names in `allowedHosts`, and those that always go: addresses and localhost. Where none are named it depends: a
 * server that listens to its own machine alone would otherwise be open to every page that a browser on this machine shows.
 * @returns undefined where every host will do
 */
export function hostRule({ allowedHosts, baseUrl, host }: HostOptions): ((host: string) => boolean) | undefined {
  if (allowedHosts.includes('*')) return undefined;
  const isAtRisk = host !== undefined && isLoopback(host);
  if (allowedHosts.length === 0 && !isAtRisk) return undefined;
  const names = new Set(allowedHosts.filter((name) => !name.startsWith('*.')).map((name) => nameOf(name)));
  const endings = allowedHosts.filter((name) => name.startsWith('*.')).map((name) => name.slice(1));
  if (baseUrl !== undefined) names.add(nameOf(new URL(baseUrl).host));
  return (given) => {
    const name = nameOf(given);
    return isOwn(name) || names.has(name) || endings.some((ending) => name.endsWith(ending));
  };
}

/** No name that somebody on the internet can have bent to us: addresses, and names without a domain or below localhost. */
function isOwn(name: string): boolean {
  return /^[\d.]+$/.test(name) || name.includes(':') || !name.includes('.') || name.endsWith('.localhost');
}

/** Without port, brackets and the dot of the root. */
function nameOf(host: string): string {
  const [, address] = /^\[(.*)\]/.exec(host) ?? [];
  return address ?? host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
}

export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|::1|\[::1\])$/i.test(host);
}
