/** One entry in the list of a feed. */
import { segmentOfAtomId } from '../atom/ids.js';
import { attributes, type Html, html } from './html.js';
import { size, tags, time, timeOf } from './parts.js';
import { contentText, type Shown } from './window.js';

/** So much of an entry's text stands in the list. */
const SNIPPET = 280;

/** @param path of the feed */
export function row(path: string, { entry, view }: Shown): Html {
  const { atomId, editedAt, media } = entry;
  if (view === undefined) {
    return html`<li class="entry gone"><p>Deleted ${time(editedAt)} <small>${atomId}</small></p></li>\n`;
  }
  const text = snippetOf(view.summary?.trim() || contentText(view) || '');
  const code = view.summary === undefined && /json|xml/i.test(view.content?.type ?? '');
  const authors = view.authors.map(({ name }) => name.trim()).filter((name) => name !== '');
  return html`<li class="entry"${attributes({ lang: view.lang, 'data-id': atomId })}>
<h3><a href="${path}/entries/${segmentOfAtomId(atomId)}">${view.title.trim() || html`<span class="mono">${atomId}</span>`}</a></h3>
<p class="facts">${timeOf(view.published || view.updated)}${new Date(view.updated) > new Date(view.published) && html`, updated ${timeOf(view.updated)}`}${authors.length > 0 && html` · ${authors.join(', ')}`}${
    view.draft && html` · <strong>draft</strong>`
  }${media !== undefined && html` · ${media.type}, ${size(media.size)}`}</p>
${text !== '' && html`<p class="${code ? 'snippet mono' : 'snippet'}">${text}</p>`}${tags(path, view.categories)}</li>
`;
}

/** What the script fills in for entries that come while the page is open. */
export function rowTemplate(path: string): Html {
  return html`<template data-row="${path}/entries/"><li class="entry new"><h3><a href="${path}"></a></h3><p class="facts"></p><p class="snippet"></p><ul class="tags" aria-label="Categories"></ul></li></template>`;
}

function snippetOf(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  // By characters, so that none is cut in two.
  return flat.length <= SNIPPET ? flat : `${[...flat.slice(0, SNIPPET + 1)].slice(0, -1).join('')}…`;
}
