/** The list of feeds, for people: how many entries, how fast they come, the last one. */
import { now } from '../atom/ids.js';
import type { HttpRequest, HttpResponse } from '../http.js';
import { feedName } from '../resource/address.js';
import type { Context } from '../resource/context.js';
import { mayRead } from '../resource/permitted.js';
import { feedUrl } from '../resource/service.js';
import type { Feed } from '../store/store.js';
import { attributes, type Html, html } from './html.js';
import { answerPage, rootOf, seeOther } from './page.js';
import { count, size, time } from './parts.js';
import { type Rate, rateOf, sparkline } from './rate.js';

/** So many feeds stand on a page. */
const FEEDS = 50;

interface Row {
  feed: Feed;
  rate: Rate;
}

/** `GET P/` by a browser. `?open=NAME` leads to a feed, `?filter=TEXT` to those whose names hold it. */
export async function feedsPage(context: Context, request: HttpRequest): Promise<HttpResponse> {
  const root = rootOf(request);
  const { query } = request;
  const opened = query.get('open')?.trim();
  if (opened !== undefined && opened !== '') {
    return seeOther(feedUrl(root, feedName(opened)));
  }
  const filter = (query.get('filter') ?? '').trim().toLowerCase();
  const after = query.get('after') ?? '';
  const listed = await listFeeds(context, request, after, filter);
  const feeds = listed.slice(0, FEEDS);
  const time = now();
  const rows = await Promise.all(feeds.map(async (feed) => ({ feed, rate: await rateOf(context.store, feed, time) })));
  const more = listed.length > FEEDS ? feeds.at(-1)!.name : undefined;
  return answerPage(context, request, {
    crumbs: [],
    alternates: [{ href: `${root}/?format=atom`, type: 'application/atomsvc+xml', title: 'Service document' }],
    main: html`<h1>Feeds</h1>
${tools(root, filter)}
${rows.length === 0 ? nothing(filter, after) : table(root, rows)}
${paging(root, filter, after, more)}`,
  });
}

/** Feeds after a name, one more than a page has where there is more. The one place where pages list feeds. */
async function listFeeds(context: Context, request: HttpRequest, after: string, filter: string): Promise<Feed[]> {
  const listed: Feed[] = [];
  for (let last = after; listed.length <= FEEDS; ) {
    const some = await context.store.feedsAfter(last, filter, FEEDS + 1);
    // Whoever may not see all of them is shown the next ones instead.
    listed.push(...some.filter(({ name }) => mayRead(context, request, name)));
    if (some.length <= FEEDS) break;
    last = some.at(-1)!.name;
  }
  return listed;
}

function tools(root: string, filter: string): Html {
  return html`<div class="tools">
<form method="get" action="${root}/" role="search" class="inline">
<label for="filter">Filter</label>
<input id="filter" name="filter" type="search" value="${filter}" placeholder="part of a name" autocapitalize="none" autocomplete="off"/>
<button>Filter</button>
</form>
<form method="get" action="${root}/" class="inline">
<label for="open">Open or begin a feed</label>
<input id="open" name="open" required="" maxlength="255" placeholder="name" autocapitalize="none" autocomplete="off"/>
<button>Open</button>
</form>
<p class="live" role="status" data-live-status="" hidden=""></p>
</div>`;
}

function nothing(filter: string, after: string): Html {
  if (filter !== '' || after !== '') return html`<p class="empty">No feed is named so.</p>`;
  return html`<div class="empty"><p><strong>There are no feeds yet.</strong></p>
<p>Publishing makes them: give one a name above, open it, and write the first entry. Or with <code>curl -d</code>.</p></div>`;
}

function table(root: string, rows: Row[]): Html {
  const names = rows.map(({ feed }) => `feed=${encodeURIComponent(feed.name)}`).join('&');
  return html`<table class="feeds" data-activity="${root}/activity?${names}">
<thead><tr><th scope="col">Feed</th><th scope="col" class="number">Entries</th><th scope="col" class="number wide">Size</th>
<th scope="col">Last hour</th><th scope="col">Last entry</th></tr></thead>
<tbody>
${rows.map((row) => tableRow(root, row))}</tbody>
</table>`;
}

function tableRow(root: string, { feed, rate }: Row): Html {
  const { name, title, head, floor, bytes } = feed;
  const href = feedUrl(root, name);
  const total = Math.round(rate.counts.reduce((sum, number) => sum + number, 0));
  const data = { 'data-feed': name, 'data-head': head, 'data-counts': rate.counts.join(' ') };
  return html`<tr${attributes(data)}>
<th scope="row"><a href="${href}">${title?.trim() || name}</a>${title?.trim() && title !== name && html` <small>${name}</small>`}</th>
<td class="number" data-entries="">${count(head - floor)}</td>
<td class="number wide" data-bytes="">${size(bytes)}</td>
<td class="rate"><span data-rate="">${total === 0 ? 'none' : `${count(total)}`}</span> ${sparkline(rate.counts)}</td>
<td class="when" data-last="">${rate.last === undefined ? 'never' : time(rate.last, true)}</td>
</tr>
`;
}

function paging(root: string, filter: string, after: string, more: string | undefined): Html | undefined {
  if (after === '' && more === undefined) return undefined;
  const kept = filter === '' ? '' : `filter=${encodeURIComponent(filter)}`;
  const next = more === undefined ? undefined : `${root}/?${kept}${kept && '&'}after=${encodeURIComponent(more)}`;
  return html`<nav class="paging" aria-label="Pages">
${after !== '' && html`<a href="${root}/${kept && '?'}${kept}">First page</a>`}
${next !== undefined && html`<a href="${next}" rel="next">Next page</a>`}
</nav>`;
}
