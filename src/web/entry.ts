/** An entry, for people: what it says, shown without its acting, its source, and the line that reads it. */
import { writeEntryDocument } from '../atom/entry.js';
import { keyOfAtomId } from '../atom/ids.js';
import { linkable } from '../atom/iri.js';
import { type EntryView, type LinkView, type PersonView, viewEntry } from '../atom/object.js';
import { kindOfType } from '../atom/tree.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import { entryTag } from '../resource/conditions.js';
import { type Context, REVALIDATE } from '../resource/context.js';
import { addressOf, gone, keyOf, type Member, missing } from '../resource/member.js';
import { respond } from '../resource/representation.js';
import { variantOf } from '../resource/variant.js';
import type { StoredEntry } from '../store/store.js';
import { assetPath } from './assets.js';
import { curlLine } from './consume.js';
import { attributes, type Html, html } from './html.js';
import { answerPage, HEADERS, POLICY, pathOf, rootOf } from './page.js';
import { copyable, forms, size, tags, time, timeOf } from './parts.js';
import { contentText } from './window.js';

/** So much of a source is shown. */
const MOST_SOURCE = 64 * 1024;
/** Media resources of these types are shown as text, if they are no larger than this. */
const TEXT = /^(text\/|application\/(.+\+)?(json|xml)\b)/i;
const MOST_TEXT = 32 * 1024;
/** What browsers show in `img`, where nothing in it can act. */
const IMAGE = /^image\/(png|jpeg|gif|webp|avif|svg\+xml)\b/i;

/** `GET` of an entry by a browser. */
export async function entryPage(context: Context, request: HttpRequest, member: Member): Promise<HttpResponse> {
  const entry = await context.store.entry(member.feed, keyOf(member));
  if (entry === undefined) throw missing(member);
  if (entry.deleted) throw gone();
  const { author } = context.settings;
  const root = rootOf(request);
  if (request.query.has('content')) return contentAlone(request, entry, member, root);
  const url = addressOf(member.url, entry.atomId);
  const path = pathOf(url);
  const feed = pathOf(member.url);
  const view = viewEntry(entry.xml, member.url);
  const title = view.title.trim() || entry.atomId;
  const source = writeEntryDocument(entry, member.url, author);
  const form = (format: string) => `${path}?format=${format}`;
  const key = keyOfAtomId(entry.atomId);
  return answerPage(context, request, {
    title,
    // A condition on any form's tag is one on the entry.
    tag: (mark) => entryTag(key, entry.editedAt, variantOf(request.base, author), `.html${mark}`),
    crumbs: [{ name: 'Feeds', href: `${root}/` }, { name: member.feed, href: feed }, { name: title }],
    alternates: [
      { href: form('atom'), type: 'application/atom+xml;type=entry', title: 'Atom' },
      { href: form('json'), type: 'application/json', title: 'JSON' },
    ],
    main: html`<article${attributes({ lang: view.lang })}>
<h1>${title}</h1>
${facts(entry, view)}
${view.summary !== undefined && view.summary.trim() !== '' && html`<p class="summary">${view.summary}</p>`}
${await mediaOf(context, entry, `${path}/media`)}
${await content(view, root, `${path}?content=alone`)}
${tags(feed, view.categories)}
${links(view.links)}
${view.rights !== undefined && html`<p class="facts">${view.rights}</p>`}
</article>
<p><a href="${feed}?order=desc&amp;start_at=${encodeURIComponent(entry.atomId)}">Show it among what came before</a></p>
<h2>Read it</h2>
${copyable('curl', 'curl', curlLine(url))}
${forms([
  ['Atom', form('atom'), 'application/atom+xml'],
  ['JSON', form('json'), 'application/json'],
  ['CloudEvent', form('cloudevents'), 'application/cloudevents+json'],
])}
<h2>Source</h2>
${copyable('source', 'Source', source.slice(0, MOST_SOURCE))}
${source.length > MOST_SOURCE && html`<p>That is the beginning of it; <a href="${form('atom')}">all of it</a>.</p>`}`,
  });
}

/** The content of an entry as a page of its own, which may do as little as its frame. */
async function contentAlone(
  request: HttpRequest,
  { xml, atomId, editedAt }: StoredEntry,
  { url }: Member,
  root: string,
): Promise<HttpResponse> {
  const { content } = viewEntry(xml, url);
  const { contentDocument, SANDBOXED } = await import('./content.js');
  const document = content && contentDocument(content, assetPath(root, 'content'));
  if (document === undefined) throw new HttpError(404, 'This entry has no content that stands in a frame.');
  const headers = { ...HEADERS, ...REVALIDATE, 'content-security-policy': `${POLICY}; ${SANDBOXED}` };
  const tag = entryTag(keyOfAtomId(atomId), editedAt, variantOf(request.base, ''), '.content');
  return respond(request, { tag, headers, body: Buffer.from(document.markup), modified: undefined });
}

function facts({ publishedAt, editedAt, atomId }: StoredEntry, view: EntryView): Html {
  const authors = view.authors.length > 0 ? view.authors : (view.source?.authors ?? []);
  return html`<dl class="facts">
${view.draft && html`<div><dt>State</dt><dd><strong>draft</strong></dd></div>`}
${authors.length > 0 && html`<div><dt>By</dt><dd>${authors.map((one, i) => html`${i > 0 && ', '}${person(one)}`)}</dd></div>`}
<div><dt>Published</dt><dd>${timeOf(view.published)}</dd></div>
${view.updated !== view.published && html`<div><dt>Updated</dt><dd>${timeOf(view.updated)}</dd></div>`}
<div><dt>Stored</dt><dd>${time(publishedAt)}</dd></div>
${editedAt !== publishedAt && html`<div><dt>Revised</dt><dd>${time(editedAt)}</dd></div>`}
${view.source !== undefined && html`<div><dt>From</dt><dd>${view.source.title.trim() || view.source.id}</dd></div>`}
<div><dt>Id</dt><dd class="mono">${atomId}</dd></div>
</dl>`;
}

function person({ name, uri, email }: PersonView): Html {
  return anchor(uri ?? (email === undefined ? '' : `mailto:${email}`), name.trim() || uri || email || 'unknown');
}

async function content(view: EntryView, root: string, alone: string): Promise<Html | undefined> {
  const { content } = view;
  if (content === undefined) return undefined;
  if (content.src !== undefined) return html`<p>Content: ${anchor(content.src, content.src)}</p>`;
  if (/html$/.test(kindOfType(content.type))) {
    // What cleans markup is large: it is loaded where there is some.
    const frame = (await import('./content.js')).contentFrame(content, assetPath(root, 'content'));
    if (frame !== undefined) return html`${frame}<p class="facts"><a href="${alone}">Open it alone</a></p>`;
  }
  const text = contentText(view);
  if (text === undefined) return html`<p>Content of the type ${content.type}; it stands in the source.</p>`;
  if (text.trim() === '') return undefined;
  const language = attributes({ lang: content.lang === view.lang ? undefined : content.lang });
  if (content.type === 'text') return html`<p class="text"${language}>${text.slice(0, MOST_SOURCE)}</p>`;
  return copyable('content', `Content, ${content.type}`, text.slice(0, MOST_SOURCE));
}

/** A media resource: a link to it, and a look at it where that is safe and small. */
async function mediaOf({ store }: Context, { media }: StoredEntry, path: string): Promise<Html | undefined> {
  if (media === undefined) return undefined;
  const link = html`<p class="media"><a href="${path}">${media.type}, ${size(media.size)}</a></p>`;
  if (IMAGE.test(media.type)) {
    return html`${link}<p><img class="preview" src="${path}" alt="What was published, as an image" loading="lazy"/></p>`;
  }
  if (!TEXT.test(media.type) || media.size > MOST_TEXT) return link;
  const bytes = Buffer.concat(await store.readBlob(media.blobId, 0, 1));
  return html`${link}${copyable('media', media.type, bytes.toString())}`;
}

function links(all: LinkView[]): Html | undefined {
  const shown = all.filter(({ href }) => href !== '');
  if (shown.length === 0) return undefined;
  const items = shown.map(({ rel, href, title }) => html`<li>${rel}: ${anchor(href, title?.trim() || href)}</li>`);
  return html`<ul class="links" aria-label="Links">${items}</ul>`;
}

/** A link to what a publisher named, or its text alone where it is not one to follow. */
function anchor(iri: string, text: string): Html {
  const href = linkable(iri);
  return href === undefined ? html`${text}` : html`<a href="${href}" rel="nofollow noopener noreferrer">${text}</a>`;
}
