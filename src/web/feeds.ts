/** The list of feeds, for people: how many entries, how fast they come, the last one. */
import { now } from '../atom/ids.js';
import type { HttpRequest, HttpResponse } from '../http.js';
import { feedName } from '../resource/address.js';
import type { Context } from '../resource/context.js';
import { feedUrl } from '../resource/service.js';
import { firstLine } from './consume.js';
import { entriesOf, type Listing, listFeeds, listingOf, type Order, type Row, rateOfHour } from './feed-order.js';
import { attributes, type Html, html } from './html.js';
import { answerPage, rootOf, seeOther } from './page.js';
import { count, size, time } from './parts.js';
import { sparkline } from './rate.js';

/** `GET P/` by a browser. `?open=NAME` leads to a feed, `?filter=TEXT` to those whose names hold it. */
export async function feedsPage(context: Context, request: HttpRequest): Promise<HttpResponse> {
  const root = rootOf(request);
  const { query } = request;
  const opened = query.get('open')?.trim();
  if (opened !== undefined && opened !== '') {
    return seeOther(feedUrl(root, feedName(opened)));
  }
  const listing = listingOf(query);
  const { rows, next, among } = await listFeeds(context, request, listing, now());
  return answerPage(context, request, {
    crumbs: [],
    alternates: [{ href: `${root}/?format=atom`, type: 'application/atomsvc+xml', title: 'Service document' }],
    main: html`<h1>Feeds</h1>
${tools(root, listing)}
${rows.length === 0 ? nothing(listing, feedUrl(request.base, 'hello')) : table(root, rows, listing)}
${among !== undefined && html`<p class="found">In order are the first ${count(among)} feeds by name; a filter finds the others.</p>`}
${paging(root, listing, next)}`,
  });
}

function tools(root: string, { filter, order }: Listing): Html {
  return html`<div class="tools">
<form method="get" action="${root}/" role="search" class="inline">
<label for="filter">Filter</label>
<input id="filter" name="filter" type="search" value="${filter}" placeholder="part of a name" autocapitalize="none" autocomplete="off"/>
${order !== 'name' && html`<input type="hidden" name="sort" value="${order}"/>`}<button>Filter</button>
</form>
<form method="get" action="${root}/" class="inline">
<label for="open">Open or begin a feed</label>
<input id="open" name="open" required="" maxlength="255" placeholder="name" autocapitalize="none" autocomplete="off"/>
<button>Open</button>
</form>
<p class="live" role="status" data-live-status="" hidden=""></p>
</div>`;
}

/** @param url of a feed that may be begun */
function nothing({ filter, after }: Listing, url: string): Html {
  if (filter !== '' || after !== '') return html`<p class="empty">No feed is named so.</p>`;
  return html`<div class="empty"><p><strong>There are no feeds yet.</strong></p>
<p>Publishing makes them: give one a name above, open it, and write the first entry. Or from a shell:</p>
${firstLine(url)}</div>`;
}

/** The columns by which the list can be put in order. */
const COLUMNS: [order: Order | undefined, name: string, classes?: string][] = [
  ['name', 'Feed'],
  ['entries', 'Entries', 'number'],
  [undefined, 'Size', 'number wide'],
  ['rate', 'Last hour', 'hour'],
  ['last', 'Last entry'],
];

function table(root: string, rows: Row[], listing: Listing): Html {
  const names = rows.map(({ feed }) => `feed=${encodeURIComponent(feed.name)}`).join('&');
  return html`<table class="feeds" data-activity="${root}/activity?${names}">
<thead><tr>${COLUMNS.map(([order, name, classes]) => {
    const sorted = order !== listing.order ? undefined : order === 'name' ? 'ascending' : 'descending';
    return html`<th scope="col"${attributes({ class: classes, 'aria-sort': sorted })}>${
      order === undefined ? name : html`<a href="${listAt(root, { ...listing, order, after: '' })}">${name}</a>`
    }</th>`;
  })}</tr></thead>
<tbody>
${rows.map((row) => tableRow(root, row))}</tbody>
</table>`;
}

function tableRow(root: string, row: Row): Html {
  const { feed, rate } = row;
  const { name, title, head, bytes } = feed;
  const href = feedUrl(root, name);
  const total = rateOfHour(row);
  const data = { 'data-feed': name, 'data-head': head, 'data-counts': rate.counts.join(' ') };
  return html`<tr${attributes(data)}>
<th scope="row"><a href="${href}">${title?.trim() || name}</a>${title?.trim() && title.trim().toLowerCase() !== name && html` <small>${name}</small>`}</th>
<td class="number" data-entries="">${count(entriesOf(row))}</td>
<td class="number wide" data-bytes="">${size(bytes)}</td>
<td class="rate"><span data-rate="">${total === 0 ? 'none' : `${count(total)}`}</span> ${sparkline(rate.counts)}</td>
<td class="when" data-last="">${rate.last === undefined ? 'never' : time(rate.last, true)}</td>
</tr>
`;
}

function paging(root: string, listing: Listing, next: string | undefined): Html | undefined {
  if (listing.after === '' && next === undefined) return undefined;
  return html`<nav class="paging" aria-label="Pages">
${listing.after !== '' && html`<a href="${listAt(root, { ...listing, after: '' })}">First page</a>`}
${next !== undefined && html`<a href="${listAt(root, { ...listing, after: next })}" rel="next">Next page</a>`}
</nav>`;
}

/** The address of a page of the list. */
function listAt(root: string, { order, filter, after }: Listing): string {
  const asked = Object.entries({ sort: order === 'name' ? '' : order, filter, after }).filter(
    ([, value]) => value !== '',
  );
  return asked.length === 0 ? `${root}/` : `${root}/?${new URLSearchParams(asked)}`;
}
