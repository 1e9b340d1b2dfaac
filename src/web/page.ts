/** What all pages for people have in common: the frame, and the policy under which a browser shows them. */
import { hash } from 'node:crypto';
import type { HttpRequest, HttpResponse } from '../http.js';
import { type Context, NO_SNIFFING, REVALIDATE, VARY } from '../resource/context.js';
import { respond } from '../resource/representation.js';
import { assetPath } from './assets.js';
import { attributes, type Html, html } from './html.js';

/**
 * Everything comes from here and nothing acts but our script. Content that was published stands in a frame without
 * permissions, which comes under the same policy. https://www.w3.org/TR/CSP3/
 */
export const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** What every page has. */
export const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': POLICY,
  // A form must still say where it was posted from.
  'referrer-policy': 'same-origin',
  ...NO_SNIFFING,
};

/** One page. */
export interface Page {
  /** What the window is called; the service's title is added. */
  title?: string | undefined;
  /** The way to this page from the list of feeds, whose last step is the page itself. */
  crumbs: { name: string; href?: string }[];
  main: Html;
  /** The same for programs. */
  alternates?: { href: string; type: string; title: string }[];
  status?: number;
  /** A tag of its own, made from a hash of the page in lower-case letters. */
  tag?: (mark: string) => string;
  /** Fields that the answer has besides. */
  headers?: HttpResponse['headers'];
}

/** The path of the mount point, without a slash at the end. */
export function rootOf({ base }: HttpRequest): string {
  return pathOf(base).replace(/\/$/, '');
}

/** Pages name nothing but paths: a browser may have come by another host than the one that links are given with. */
export function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

/** The answer that a page is. */
export async function answerPage(context: Context, request: HttpRequest, page: Page): Promise<HttpResponse> {
  const body = Buffer.from(frame(context.settings.title, rootOf(request), page).markup);
  const { status = 200, tag = (mark) => `"h.${mark}"`, headers } = page;
  const mark = hash('sha256', body, 'hex')
    .slice(0, 24)
    .replace(/\d/g, (digit) => 'ghijklmnop'[Number(digit)]!);
  const caching = status === 200 ? REVALIDATE : { 'cache-control': 'no-store', ...VARY };
  const all = { ...HEADERS, ...caching, ...headers };
  return respond(request, { tag: tag(mark), headers: all, body, modified: undefined }, status);
}

/** Sends a browser on to a path, after a form or a jump. */
export function seeOther(path: string): HttpResponse {
  return { status: 303, headers: { location: path, 'cache-control': 'no-store' }, body: '' };
}

function frame(service: string, root: string, { title, crumbs, main, alternates = [] }: Page): Html {
  const steps = crumbs.map(({ name, href }, index) =>
    href === undefined || index === crumbs.length - 1
      ? html`<li aria-current="page">${name}</li>`
      : html`<li><a href="${href}">${name}</a></li>`,
  );
  const links = alternates.map((link) => html`<link rel="alternate"${attributes({ ...link })}/>\n`);
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<title>${title === undefined ? service : `${title} – ${service}`}</title>
<link rel="icon" href="${assetPath(root, 'icon')}" type="image/svg+xml"/>
<link rel="stylesheet" href="${assetPath(root, 'page')}"/>
${links}<script src="${assetPath(root, 'script')}" defer=""></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="brand" href="${root}/"><img src="${assetPath(root, 'icon')}" alt="" width="24" height="24"/>${service}</a>
${steps.length > 0 && html`<nav aria-label="Breadcrumb"><ol class="crumbs">${steps}</ol></nav>`}
</header>
<main id="main" tabindex="-1">
${main}
</main>
<footer class="bottom">
<p>Atom, JSON and server-sent events: every page is an address for programs too. <a href="${root}/?format=atom">Service document</a></p>
</footer>
</body>
</html>
`;
}
