/**
 * A page of a feed as one plain document, for whoever has it delivered (WebSub). Without script, and without markup of what
 * was published: all of it is shown as text.
 */
import type { FeedPage } from './feed.js';
import { type Alternate, attributes, htmlPage, timeElement, withFormat } from './html-page.js';
import { formatTime, segmentOfAtomId } from './ids.js';
import { linkable } from './iri.js';
import type { HeldEntry } from './model.js';
import {
  type EntryView,
  htmlOf,
  type LinkView,
  type PersonView,
  type TextView,
  viewEntry,
  viewFeed,
} from './object.js';
import { escapeHtml, textOfHtml } from './text.js';
import { kindOfType } from './tree.js';

export { HTML_POLICY } from './html-page.js';

/** The forms of the same thing for programs (RFC 4287 §7, JSON Feed 1.1). */
const FEED_TYPES = { atom: 'application/atom+xml', json: 'application/feed+json' };

/** The links of a page that people follow (RFC 5005), and what they are called. */
const PAGING: [string, string][] = [
  ['first', 'First page'],
  ['previous', 'Previous page'],
  ['next', 'Next page'],
  ['last', 'Last page'],
];

/** A page of a feed. */
export function writeHtmlFeed(page: FeedPage): string {
  const feed = viewFeed(page.metadata, page.url);
  const self = page.links.find(({ rel }) => rel === 'self')?.href ?? page.url;
  const title = feed.title.trim() || page.atomId;
  let body = `<header>\n<h1${lang(feed.language)}>${escapeHtml(title)}</h1>\n`;
  if (feed.subtitle !== undefined) body += `<p${lang(feed.language)}>${escapeHtml(feed.subtitle)}</p>\n`;
  body += `<p class="facts">Updated ${timeElement(formatTime(page.updated))}</p>\n</header>\n<main>\n`;
  if (page.entries.length === 0) body += '<p>There are no entries on this page.</p>\n';
  for (const entry of page.entries) body += articleOf(entry, page.url);
  body += `</main>\n${navigation(page)}<footer>\n`;
  if (feed.rights !== undefined) body += `<p${lang(feed.language)}>${escapeHtml(feed.rights)}</p>\n`;
  return htmlPage(title, alternatesOf(self, FEED_TYPES), `${body}${formats(self, FEED_TYPES)}</footer>\n`);
}

function articleOf(entry: HeldEntry, url: string): string {
  const edited = timeElement(formatTime(entry.editedAt));
  if (entry.deleted) {
    return `<article>\n<h2>Deleted entry</h2>\n<p class="facts">${escapeHtml(entry.atomId)} was deleted ${edited}.</p>\n</article>\n`;
  }
  const view = viewEntry(entry.xml, url);
  const address = addressOf(entry, url);
  const title = escapeHtml(titleOf(view, entry));
  const name = `<a${attributes({ href: address })}>${title}</a>`;
  let html = `<article${lang(view.lang)}>\n<h2>${name}</h2>\n<p class="facts">${factsOf(view)}</p>\n`;
  if (view.summary !== undefined && view.summary.trim() !== '') html += textBlock(view.summary, undefined);
  if (view.content !== undefined) html += contentOf(view.content, view.lang);
  if (entry.media !== undefined) {
    const { type, size } = entry.media;
    html += `<p><a${attributes({ href: `${address}/media` })}>${escapeHtml(type)}, ${size} bytes</a></p>\n`;
  }
  const terms = view.categories.map(({ label, term }) => `<li>${escapeHtml(label ?? term)}</li>`).join('');
  if (terms !== '') html += `<ul class="tags" aria-label="Categories">${terms}</ul>\n`;
  const links = view.links.map(linkItem).join('');
  if (links !== '') html += `<ul aria-label="Links">\n${links}</ul>\n`;
  if (view.rights !== undefined) html += `<p class="facts">${escapeHtml(view.rights)}</p>\n`;
  return `${html}</article>\n`;
}

function factsOf(view: EntryView): string {
  const facts = [];
  if (view.draft) facts.push('<strong>Draft</strong>');
  const authors = view.authors.length > 0 ? view.authors : (view.source?.authors ?? []);
  if (authors.length > 0) facts.push(`By ${authors.map(personOf).join(', ')}`);
  if (view.published !== '') facts.push(`published ${timeElement(view.published)}`);
  if (view.updated !== '' && view.updated !== view.published) facts.push(`updated ${timeElement(view.updated)}`);
  if (view.source !== undefined) facts.push(`from ${escapeHtml(view.source.title.trim() || view.source.id)}`);
  return facts.join(' · ');
}

function personOf({ name, uri, email }: PersonView): string {
  return anchor(uri ?? (email === undefined ? '' : `mailto:${email}`), name.trim() || uri || email || 'unknown');
}

function contentOf(content: TextView, outerLang: string | undefined): string {
  const language = content.lang === outerLang ? undefined : content.lang;
  if (content.src !== undefined) return `<p>${anchor(content.src, `Content: ${content.src}`, content.type)}</p>\n`;
  const html = htmlOf(content);
  if (html !== undefined) return textBlock(textOfHtml(html), language);
  if (content.value.trim() === '') return '';
  switch (kindOfType(content.type)) {
    case 'text':
      return textBlock(content.value, language);
    case 'xml':
      return source(`${content.type} source`, content.value);
    default:
      // JSON and its like is sent as it is as often as in Base64; it is read in either case.
      return /json/i.test(content.type) ? preformatted(content.value) : source(content.type, content.value);
  }
}

function textBlock(text: string, language: string | undefined): string {
  return `<p class="text"${lang(language)}>${escapeHtml(text)}</p>\n`;
}

function source(name: string, text: string): string {
  return `<details>\n<summary>${escapeHtml(name)}</summary>\n${preformatted(text)}</details>\n`;
}

/** An HTML parser drops one line end after the tag: ours, so that the text keeps its own. */
function preformatted(text: string): string {
  return `<pre>\n${escapeHtml(text)}</pre>\n`;
}

function linkItem({ rel, href, title, type, hreflang }: LinkView): string {
  return `<li>${escapeHtml(rel)}: ${anchor(href, title?.trim() || href, type, hreflang)}</li>\n`;
}

/** A link to what a publisher named, or its text alone where it is not one to follow. */
function anchor(iri: string, text: string, type?: string, hreflang?: string): string {
  const href = linkable(iri);
  if (href === undefined) return escapeHtml(text);
  return `<a${attributes({ href, rel: 'nofollow noopener', type, hreflang })}>${escapeHtml(text)}</a>`;
}

function navigation(page: FeedPage): string {
  let items = '';
  for (const [rel, name] of PAGING) {
    const href = page.links.find((link) => link.rel === rel)?.href;
    if (href !== undefined) items += `<li><a${attributes({ href, rel })}>${name}</a></li>\n`;
  }
  return items === '' ? '' : `<nav aria-label="Pages">\n<ul>\n${items}</ul>\n</nav>\n`;
}

function alternatesOf(self: string, types: typeof FEED_TYPES): Alternate[] {
  return [
    { href: withFormat(self, 'atom'), type: types.atom, title: 'Atom' },
    { href: withFormat(self, 'json'), type: types.json, title: 'JSON' },
  ];
}

function formats(self: string, types: typeof FEED_TYPES): string {
  const links = alternatesOf(self, types).map(({ title, ...link }) => `<li><a${attributes(link)}>${title}</a></li>`);
  return `<ul aria-label="Other formats">${links.join('')}</ul>\n`;
}

function addressOf({ atomId }: HeldEntry, url: string): string {
  return `${url}/entries/${segmentOfAtomId(atomId)}`;
}

function titleOf(view: EntryView, { atomId }: HeldEntry): string {
  return view.title.trim() || atomId;
}

function lang(language: string | undefined): string {
  return attributes({ lang: language });
}
