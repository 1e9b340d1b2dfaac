/** The form to publish with, and what becomes of it. */
import { type EntryDraft, writeDraft } from '../atom/draft.js';
import { onlyEntry } from '../atom/entry.js';
import { segmentOfAtomId } from '../atom/ids.js';
import { parseDocument } from '../atom/parse.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import { receive } from '../resource/body.js';
import type { Context } from '../resource/context.js';
import { outcome } from '../resource/created.js';
import { appendOf } from '../resource/publish.js';
import { attributes, type Html, html } from './html.js';
import { answerPage, pathOf, rootOf, seeOther } from './page.js';
import { alert } from './parts.js';

/** What people typed. */
export interface Typed {
  title: string;
  type: string;
  content: string;
  categories: string;
}

const NOTHING: Typed = { title: '', type: 'text', content: '', categories: '' };

/** Which types of content the form offers. */
const TYPES: [type: string, name: string][] = [
  ['text', 'Text'],
  ['html', 'HTML'],
  ['xhtml', 'XHTML'],
  ['application/json', 'JSON'],
  ['application/xml', 'XML'],
];

/** @param path of the feed */
export function publishForm(path: string, typed: Typed = NOTHING, problem?: string): Html {
  const wrong = problem === undefined ? {} : { 'aria-describedby': 'problem' };
  return html`<form method="post" action="${path}" class="publish" data-once="">
<div class="field"><label for="title">Title</label>
<input id="title" name="title" value="${typed.title}" maxlength="1000"/></div>
<div class="field"><label for="content">Content</label>
<textarea id="content" name="content" rows="5" spellcheck="true"${attributes(wrong)}>
${typed.content}</textarea></div>
<div class="field half"><label for="type">Type</label>
<select id="type" name="type">${TYPES.map(
    ([type, name]) => html`<option${attributes({ value: type, selected: type === typed.type })}>${name}</option>`,
  )}</select></div>
<div class="field half"><label for="categories">Categories, with commas between</label>
<input id="categories" name="categories" value="${typed.categories}" autocapitalize="none"/></div>
<div class="field"><button class="main">Publish</button></div>
</form>`;
}

/**
 * `POST` of the form to a feed: 303 to the new entry, or the form again with what was typed and what is wrong with it.
 * @throws HttpError 403 for a form that another site posted
 */
export async function publishByForm(
  context: Context,
  request: HttpRequest,
  name: string,
  url: string,
): Promise<HttpResponse> {
  checkOrigin(request);
  const { settings } = context;
  const path = pathOf(url);
  const fields = new URLSearchParams(
    Buffer.from(await receive(request, settings.maxEntryBytes, 'max-entry-bytes')).toString(),
  );
  const typed: Typed = { ...NOTHING };
  for (const field of Object.keys(typed) as (keyof Typed)[]) typed[field] = (fields.get(field) ?? typed[field]).slice();
  try {
    const document = parseDocument(writeDraft(draftOf(typed)), settings);
    onlyEntry(document);
    const append = appendOf(document, name);
    const { held } = outcome(await context.publisher.publish(append), append);
    return seeOther(`${path}/entries/${segmentOfAtomId(held[0]!.atomId)}`);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return answerPage(context, request, {
      status: error.status,
      title: `Publish to ${name}`,
      crumbs: [{ name: 'Feeds', href: `${rootOf(request)}/` }, { name, href: path }, { name: 'Publish' }],
      main: html`<h1>Publish to ${name}</h1>
<div id="problem">${alert(`Nothing was published. ${error.message}`)}</div>
${publishForm(path, typed, error.message)}`,
    });
  }
}

/** @throws HttpError 422 that says what is wrong with what was typed */
function draftOf({ title, type, content, categories }: Typed): EntryDraft {
  if (!TYPES.some(([known]) => known === type))
    throw new HttpError(422, `${JSON.stringify(type.slice(0, 80))} is not a type of content that the form offers.`);
  if (title.trim() === '' && content.trim() === '') throw new HttpError(422, 'An entry needs a title or a content.');
  // Browsers send line ends as CR LF (HTML §4.10.21.4); nobody typed those.
  const text = content.replace(/\r\n?/g, '\n');
  if (type === 'application/json') {
    try {
      JSON.parse(text);
    } catch (error) {
      throw new HttpError(422, `The content is not JSON: ${(error as Error).message}.`);
    }
  }
  const value = type === 'xhtml' ? `<div xmlns="http://www.w3.org/1999/xhtml">${text}</div>` : text;
  const terms = categories
    .split(',')
    .map((term) => term.trim())
    .filter((term) => term !== '');
  return { title: title.trim(), content: { type, value }, categories: [...new Set(terms)] };
}

/**
 * Only a page of ours may post the form: browsers say where a form comes from, in either field, and nobody but they can be
 * made to send one against the will of who sits before them.
 */
function checkOrigin({ headers, base }: HttpRequest): void {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  if (site === 'same-origin') return;
  const from = origin !== undefined && URL.canParse(origin) ? new URL(origin) : undefined;
  if (site === undefined && from !== undefined && (from.origin === new URL(base).origin || from.host === host)) return;
  throw new HttpError(403, 'This form was not posted from a page of this server; nothing was published.');
}
