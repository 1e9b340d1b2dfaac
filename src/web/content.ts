/** Content that was published, shown as what it is: cleaned, in a frame that may do nothing. */
import sanitizeHtml from 'sanitize-html';
import { resolveIri } from '../atom/iri.js';
import { htmlOf, type TextView } from '../atom/object.js';
import { attributes, Html, html } from './html.js';

/** Longer content is to be had from its address alone. */
const MOST = 512 * 1024;

const OPTIONS: sanitizeHtml.IOptions = {
  allowedTags: [...sanitizeHtml.defaults.allowedTags, ...['img', 'del', 'ins', 'details', 'summary']],
  allowedAttributes: {
    '*': ['lang', 'dir', 'title'],
    a: ['href', 'hreflang', 'target', 'rel'],
    img: ['src', 'alt', 'width', 'height'],
    td: ['colspan', 'rowspan', 'headers'],
    th: ['colspan', 'rowspan', 'headers', 'scope'],
    ol: ['start', 'reversed', 'type'],
    li: ['value'],
    time: ['datetime'],
    blockquote: ['cite'],
    q: ['cite'],
  },
  allowedSchemes: ['http', 'https', 'mailto'],
  allowedSchemesByTag: { img: ['http', 'https', 'data'] },
  allowedSchemesAppliedToAttributes: ['href', 'src', 'cite'],
  allowProtocolRelative: false,
};

/** HTML of any kind with nothing left in it that acts, and addresses made absolute. */
export function clean(markup: string, base: string | undefined): string {
  const absolute =
    (name: string, more: Record<string, string> = {}): sanitizeHtml.Transformer =>
    (tagName, attribs) => {
      const address = attribs[name];
      const resolved = address === undefined || address.startsWith('#') ? address : resolveIri(address, base);
      return { tagName, attribs: { ...attribs, ...(resolved === undefined ? {} : { [name]: resolved }), ...more } };
    };
  return sanitizeHtml(markup, {
    ...OPTIONS,
    transformTags: {
      a: absolute('href', { target: '_blank', rel: 'nofollow noopener noreferrer' }),
      img: absolute('src'),
    },
  });
}

const PERMISSIONS = 'allow-popups allow-popups-to-escape-sandbox';
/** An origin of its own, no script, no form; links open in a window of their own. */
export const SANDBOXED = `sandbox ${PERMISSIONS}`;

/**
 * The content as a document of its own, for a browser that is told to let it do nothing.
 * @param style the address of the style sheet
 * @returns undefined for content that is no HTML, or too much of it
 */
export function contentDocument(content: TextView, style: string): Html | undefined {
  const markup = content.value.length > MOST ? undefined : htmlOf(content);
  if (markup === undefined) return undefined;
  const inside = new Html(clean(markup, content.base));
  return html`<!DOCTYPE html><html${attributes({ lang: content.lang })}><head><meta charset="utf-8"/><meta name="color-scheme" content="light dark"/><title>Content</title><link rel="stylesheet" href="${style}"/></head><body>${inside}</body></html>`;
}

/** The same in a frame. */
export function contentFrame(content: TextView, style: string): Html | undefined {
  const document = contentDocument(content, style);
  return (
    document &&
    html`<iframe class="content" title="Content" sandbox="${PERMISSIONS}" loading="lazy" height="${heightOf(document.markup)}" srcdoc="${document.markup}"></iframe>`
  );
}

/** Nobody can look into the frame, so its height is a guess; it scrolls, and can be drawn larger. */
function heightOf(markup: string): number {
  const text = markup.replace(/<[^>]*>/g, '');
  const lines = text.length / 110 + (markup.match(/<(p|li|br|h\d|tr|pre|blockquote)\b/g) ?? []).length;
  const images = (markup.match(/<img\b/g) ?? []).length;
  return Math.round(Math.min(Math.max(lines * 30 + images * 160 + 40, 80), 640));
}
