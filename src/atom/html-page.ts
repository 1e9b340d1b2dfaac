/** What all pages for people have in common: the frame, the style sheet, and the policy under which a browser shows them. */
import { createHash } from 'node:crypto';
import { escapeHtml } from './text.js';

const STYLE = `:root{color-scheme:light dark}
body{max-width:48rem;margin:0 auto;padding:1rem;font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem}h2{font-size:1.125rem;margin:0}
article{border-top:1px solid GrayText;padding:1rem 0}
nav ul,footer ul,.tags{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;list-style:none}
h1,h2,pre,.text{unicode-bidi:plaintext}pre,.text{white-space:pre-wrap}pre{font-family:ui-monospace,monospace;font-size:.875rem}
.facts{margin:.25rem 0;font-size:.875rem}
a,summary{padding:.125rem 0}
`;

/**
 * The `Content-Security-Policy` of the pages: a style sheet by its hash, and nothing else, whatever a page holds.
 * https://www.w3.org/TR/CSP3/
 */
export const HTML_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "img-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A link in the head of a page. */
export interface Alternate {
  href: string;
  type: string;
  title: string;
}

/**
 * A page. It is well-formed XML as well, so that what it holds can be checked strictly.
 * @param title as text
 * @param body as markup
 */
export function htmlPage(title: string, alternates: Alternate[], body: string): string {
  const links = alternates.map((link) => `<link rel="alternate"${attributes(link)}/>\n`).join('');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>${escapeHtml(title)}</title>
${links}<style>${STYLE}</style>
</head>
<body>
${body}</body>
</html>
`;
}

/** Attributes, escaped, each with a space before it; those that are undefined are left out. */
export function attributes(values: object): string {
  let markup = '';
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) markup += ` ${name}="${escapeHtml(String(value))}"`;
  }
  return markup;
}

/** An address of this server's with a query parameter set, the others as they are. */
export function withFormat(address: string, format: string): string {
  const [path, query = ''] = address.split(/\?(.*)/s, 2) as [string, string?];
  const kept = query.split('&').filter((part) => part !== '' && !part.startsWith('format='));
  return `${path}?${[...kept, `format=${format}`].join('&')}`;
}

/** A time with its machine form, as text where it is none that HTML knows. */
export function timeElement(rfc3339: string): string {
  const time = new Date(rfc3339);
  if (Number.isNaN(time.getTime())) return escapeHtml(rfc3339);
  const iso = time.toISOString();
  return `<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`;
}
