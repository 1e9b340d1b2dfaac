/** The one table of requests that a web server answers itself, before us, whatever it is told. */

export interface Exception {
  /** How the names of the doors begin. */
  door: string;
  /** Raw addresses. */
  path: RegExp;
  status: number;
  reason: string;
}

const NO_ESCAPE = /%(?![0-9a-f]{2})/i;

export const exceptions: Exception[] = [
  {
    door: 'nginx',
    path: /%00/,
    status: 400,
    reason: 'nginx decodes an address before it chooses a server, and takes no NUL',
  },
  { door: 'nginx', path: NO_ESCAPE, status: 400, reason: 'nginx decodes an address before it chooses a server' },
  {
    door: 'Apache',
    path: /%00/,
    status: 404,
    reason: 'Apache decodes an address before it looks for a handler, and finds nothing with a NUL',
  },
  { door: 'Apache', path: NO_ESCAPE, status: 400, reason: 'Apache decodes an address before it looks for a handler' },
  {
    door: 'lighttpd',
    path: /%(ff|c0%af|ed%a0%80)/i,
    status: 404,
    reason: 'lighttpd serves nothing whose decoded address is not UTF-8',
  },
];

/** What a door's web server answers by itself to an address; undefined where the answer is ours, as it should be. */
export function exceptionFor(door: string, path: string): Exception | undefined {
  return exceptions.find((exception) => door.startsWith(exception.door) && exception.path.test(path));
}
