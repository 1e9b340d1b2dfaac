/** The categories that entries of a feed have, for people. */
import type { HttpRequest, HttpResponse } from '../http.js';
import type { Context } from '../resource/context.js';
import { noFeed } from '../resource/stretch.js';
import { html } from './html.js';
import { answerPage, pathOf, rootOf } from './page.js';
import { forms, tags } from './parts.js';

const MOST = 1000;

/** `GET P/feed=NAME/categories` by a browser; `url` is the feed's address. */
export async function categoriesPage(
  { store, ...rest }: Context,
  request: HttpRequest,
  name: string,
  url: string,
): Promise<HttpResponse> {
  const feed = await store.feed(name);
  if (feed === undefined) throw noFeed(name);
  const path = pathOf(url);
  const categories = await store.categories(feed.feedId, MOST);
  return answerPage({ store, ...rest }, request, {
    title: `Categories of ${name}`,
    crumbs: [{ name: 'Feeds', href: `${rootOf(request)}/` }, { name, href: path }, { name: 'Categories' }],
    main: html`<h1>Categories</h1>
${tags(path, categories) ?? html`<p class="empty">No entry of this feed has a category.</p>`}
${forms([['Category document', `${path}/categories?format=atom`, 'application/atomcat+xml']])}`,
  });
}
