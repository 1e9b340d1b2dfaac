/** What was wrong with a request, told to people. */
import type { HttpError, HttpRequest, HttpResponse } from '../http.js';
import { problemOf } from '../problem.js';
import { segmentsOf } from '../resource/address.js';
import type { Context } from '../resource/context.js';
import { feedAt } from '../resource/feed-address.js';
import { NoFeed } from '../resource/stretch.js';
import { noFeedPage } from './feed.js';
import { html } from './html.js';
import { answerPage, rootOf } from './page.js';

/** The page of an error; it says what the problem document would. */
export function errorPage(context: Context, request: HttpRequest, error: HttpError): Promise<HttpResponse> {
  const { title } = problemOf(error);
  if (error instanceof NoFeed) {
    const [first = '', ...rest] = segmentsOf(request.path);
    const [name, url, below] = feedAt(request.base, first, rest);
    if (name !== undefined && below.length === 0) return noFeedPage(context, request, name, url, error);
  }
  const { first, request: id } = error.members;
  return answerPage(context, request, {
    status: error.status,
    title,
    headers: error.headers,
    crumbs: [{ name: 'Feeds', href: `${rootOf(request)}/` }, { name: title }],
    main: html`<h1>${title}</h1>
<p class="alert">${error.message}</p>
${typeof id === 'string' && html`<p>In the log it is <span class="mono">${id}</span>.</p>`}
<p>${typeof first === 'string' && html`<a href="${first}">The oldest that is held</a> · `}<a href="${rootOf(request)}/">All feeds</a></p>`,
  });
}
