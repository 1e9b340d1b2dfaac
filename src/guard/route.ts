/** Which of the addresses that there are a request is for, without the names in it: few enough to count by. */

const FEED = '/feed=NAME';
/** By what follows the feed's name. */
const BELOW: [RegExp, string][] = [
  [/^\/?$/, FEED],
  [/^\/categories\/?$/, `${FEED}/categories`],
  [/^\/entries\/[^/]+\/?$/, `${FEED}/entries/ID`],
  [/^\/entries\/[^/]+\/media\/?$/, `${FEED}/entries/ID/media`],
];
const FIXED = new Map(
  ['/', '/events', '/activity', '/hub', '/metrics', '/health/live', '/health/ready'].flatMap((path) =>
    path === '/' ? [['', '/'] as const, ['/', '/'] as const] : [[path, path] as const, [`${path}/`, path] as const],
  ),
);
const ASSET = /^\/assets\/[^/]+\/?$/;
/** What is none of them. */
export const NOWHERE = 'none';

/** @param path below the mount point, still percent-encoded */
export function routeOf(path: string): string {
  const route = plainRouteOf(path);
  // Rarely is anything encoded but names.
  return route === NOWHERE && path.includes('%') ? plainRouteOf(decoded(path)) : route;
}

function plainRouteOf(path: string): string {
  if (path.startsWith('/feed=')) return below(path, 6);
  if (ASSET.test(path)) return '/assets/NAME';
  return FIXED.get(path) ?? (path.startsWith('/feeds/') ? below(path, 7) : NOWHERE);
}

function below(path: string, from: number): string {
  const at = path.indexOf('/', from);
  if (at < 0) return FEED;
  const rest = path.slice(at);
  return BELOW.find(([pattern]) => pattern.test(rest))?.[1] ?? NOWHERE;
}

/** Segment by segment; what is decoded to a slash or a percent sign stays as it was. */
function decoded(path: string): string {
  return path.replace(/%(?!2f|25)[2-7][0-9a-f]/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
}
