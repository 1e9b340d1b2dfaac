/** A feed, for people: what came last, live; jumps and filters; the form to publish; lines that consume it. */
import { defaultMetadata } from '../atom/feed.js';
import { now } from '../atom/ids.js';
import { type FeedView, viewFeed } from '../atom/object.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import type { Context } from '../resource/context.js';
import { linkTo, noFeed } from '../resource/stretch.js';
import type { Feed } from '../store/store.js';
import { consumers, firstLine } from './consume.js';
import { attributes, type Html, html } from './html.js';
import { placeOf } from './jump.js';
import { answerPage, pathOf, rootOf, seeOther } from './page.js';
import { alert, count, entries, forms, size, time } from './parts.js';
import { publishForm } from './publish.js';
import { row, rowTemplate } from './row.js';
import { type Filter, type Window, windowOf } from './window.js';

/** Categories that are offered to filter by. */
const CATEGORIES = 100;

/** `GET P/feed=NAME` by a browser; `url` is its address without query. */
export async function feedPage(
  context: Context,
  request: HttpRequest,
  name: string,
  url: string,
): Promise<HttpResponse> {
  const { query } = request;
  const path = pathOf(url);
  const feed = await context.store.feed(name);
  if (feed === undefined) throw noFeed(name);
  const at = query.get('at')?.trim() ?? '';
  let problem: string | undefined;
  if (at !== '') {
    const found = await placeOf(context, feed, at, now()).catch((error) => {
      if (error instanceof HttpError) problem = error.message;
      else throw error;
    });
    if (problem === undefined) {
      return seeOther(
        linkTo(path, new URLSearchParams({ order: 'desc' }), found === undefined ? {} : { start_at: found }),
      );
    }
  }
  const filter: Filter = { text: query.get('filter')?.trim() ?? '', category: query.get('category') ?? '' };
  const [window, categories, last] = await Promise.all([
    windowOf(context, feed, path, query, filter),
    context.store.categories(feed.feedId, CATEGORIES),
    lastId(context, feed),
  ]);
  const view = viewFeed(feed.metadata ?? defaultMetadata(name, context.settings.author), url);
  const title = view.title.trim() || name;
  const form = (format: string) => `${path}?format=${format}`;
  return answerPage(context, request, {
    status: problem === undefined ? 200 : 400,
    title,
    headers: { link: `<${url}>; rel="first"` },
    crumbs: [{ name: 'Feeds', href: `${rootOf(request)}/` }, { name: title }],
    alternates: [
      { href: form('atom'), type: 'application/atom+xml', title: 'Atom' },
      { href: form('json'), type: 'application/feed+json', title: 'JSON Feed' },
    ],
    main: html`${heading(view, title, name)}
<div class="columns">
<div class="log">
<details class="card"><summary>Publish an entry</summary>
${publishForm(path)}
</details>
<h2 class="hidden">Entries</h2>
${problem !== undefined && alert(problem)}
${tools(path, filter, at, categories)}
${found(feed, filter, window, path)}
${list(url, path, feed, window, filter, last)}
${paging(window)}
</div>
<aside aria-label="About this feed">
${facts(context, feed, view)}
${consumers(url, last)}
<h2>For programs</h2>
${forms([
  ['Atom', form('atom'), 'application/atom+xml'],
  ['JSON Feed', form('json'), 'application/feed+json'],
  ['NDJSON', form('ndjson'), 'application/x-ndjson'],
  ['CloudEvents', form('cloudevents'), 'application/cloudevents-batch+json'],
  ['Categories', `${path}/categories`, 'text/html'],
])}
</aside>
</div>`,
  });
}

function heading(view: FeedView, title: string, name: string): Html {
  return html`<div class="heading"${attributes({ lang: view.language })}><h1>${title}</h1>${
    title.toLowerCase() !== name && html`<p class="mono">${name}</p>`
  }${view.subtitle !== undefined && html`<p>${view.subtitle}</p>`}</div>`;
}

function tools(path: string, filter: Filter, at: string, categories: { term: string; label?: string }[]): Html {
  return html`<div class="tools">
<form method="get" action="${path}" role="search" class="inline">
<label for="filter">Filter</label>
<input id="filter" name="filter" type="search" value="${filter.text}" placeholder="text in entries" autocomplete="off"/>
${
  categories.length > 0 &&
  html`<label for="category" class="hidden">Category</label>
<select id="category" name="category"><option value="">all categories</option>${categories.map(
    ({ term, label }) =>
      html`<option${attributes({ value: term, selected: term === filter.category })}>${label ?? term}</option>`,
  )}</select>`
}
<button>Search</button>
</form>
<form method="get" action="${path}" class="inline">
<label for="at">Go to</label>
<input id="at" name="at" value="${at}" placeholder="id, 15:04 or 10m" autocapitalize="none" autocomplete="off" required=""/>
<button>Go</button>
</form>
</div>`;
}

function found(
  { head, floor }: Feed,
  { text, category }: Filter,
  { shown, lookedAt, descending, older, newer }: Window,
  path: string,
): Html | undefined {
  if (text === '' && category === '') return undefined;
  // As many are looked at as take no long time; whoever has not found it goes on from there.
  const further = descending ? older : newer;
  const what = [text !== '' && html`“${text}”`, category !== '' && html`the category “${category}”`].filter(Boolean);
  return html`<p class="found" role="status">${entries(shown.length)} with ${
    what.length === 2 ? html`${what[0]!} and ${what[1]!}` : what[0]!
  } among the ${count(lookedAt)} looked at, of ${entries(head - floor)}. ${
    further !== undefined && html`<a href="${further}">Look at ${descending ? 'older' : 'newer'} ones</a> · `
  }<a href="${path}">Show all</a></p>`;
}

/** The entries, and where the script hears of more. */
function list(url: string, path: string, feed: Feed, window: Window, filter: Filter, last: string | undefined): Html {
  const { shown, atHead } = window;
  const from = last === undefined ? '' : `&start_after=${encodeURIComponent(last)}`;
  const live = atHead
    ? { 'data-live': `${path}?format=json${from}`, 'data-text': filter.text, 'data-category': filter.category }
    : {};
  return html`${
    atHead &&
    html`<div class="live-bar"><p class="live" data-live-status="" role="status" hidden=""></p>
<button type="button" data-live-toggle="" hidden="">Pause</button></div>
${rowTemplate(path)}`
  }
${shown.length === 0 && html`<div class="empty" data-empty="">${emptiness(feed, window, url)}</div>`}
<ol class="entries" reversed=""${attributes(live)}>
${shown.map((one) => row(path, one))}</ol>`;
}

function emptiness({ head, floor }: Feed, { lookedAt }: Window, url: string): Html {
  if (lookedAt > 0) return html`<p>None of these entries has it.</p>`;
  if (head > floor) return html`<p>There are no entries on this page.</p>`;
  return html`<p>This feed holds no entries. Publish one with the form above, or from a shell:</p>
${firstLine(url)}`;
}

function paging({ older, newer }: Window): Html | undefined {
  if (older === undefined && newer === undefined) return undefined;
  return html`<nav class="paging" aria-label="Pages">
${newer !== undefined && html`<a href="${newer}" rel="prev">← Newer</a>`}
${older !== undefined && html`<a href="${older}" rel="next">Older →</a>`}
</nav>`;
}

function facts({ policies }: Context, feed: Feed, view: FeedView): Html {
  const { head, floor, bytes, createdAt, atomId, name } = feed;
  const { appendOnly, maxAge, maxEntries, maxBytes } = policies.of(name);
  const authors = view.authors.map((author) => author.name.trim()).filter((author) => author !== '');
  const keeps = [
    maxAge !== undefined && `${count(Math.round(maxAge / 3600))} hours`,
    maxEntries !== undefined && entries(maxEntries),
    maxBytes !== undefined && size(maxBytes),
  ].filter((limit) => limit !== false);
  const rows: [string, Html | string | undefined][] = [
    ['Entries', html`<span data-count="${head - floor}">${count(head - floor)}</span>`],
    ['Size', size(bytes)],
    ['Begun', time(createdAt)],
    ['Removed', floor === 0 ? undefined : count(floor)],
    ['Keeps', keeps.length === 0 ? undefined : `at most ${keeps.join(', ')}`],
    ['Entries change', appendOnly ? 'never' : undefined],
    ['Author', authors.join(', ')],
    ['Rights', view.rights],
    ['Id', html`<span class="mono">${atomId}</span>`],
  ];
  const shown = rows.filter(([, value]) => value !== undefined && value !== '');
  return html`<h2>About</h2>
<dl class="facts">${shown.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

async function lastId({ store }: Context, { feedId, head, floor }: Feed): Promise<string | undefined> {
  if (head <= floor) return undefined;
  return (await store.page(feedId, { from: head + 1, descending: true, limit: 1, bytes: 1 }))[0]?.atomId;
}

/** A feed that is not there, or not for everybody to see, can be begun. */
export function noFeedPage(
  context: Context,
  request: HttpRequest,
  name: string,
  url: string,
  { status, message }: HttpError,
): Promise<HttpResponse> {
  return answerPage(context, request, {
    status,
    title: name,
    crumbs: [{ name: 'Feeds', href: `${rootOf(request)}/` }, { name }],
    main: html`<h1>${name}</h1>
<div class="empty"><p>${message} Publishing to it begins it: with the form, or from a shell.</p>
${firstLine(url)}</div>
<h2>Publish an entry</h2>
${publishForm(pathOf(url))}`,
  });
}
