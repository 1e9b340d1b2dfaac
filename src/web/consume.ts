/** Lines that consume a feed from its current position on, to be copied: for a shell, for JavaScript and for Python. */
import { type Html, html, text } from './html.js';
import { copyable } from './parts.js';

/**
 * @param url the absolute address of the feed
 * @param last the id of the newest entry; undefined for a feed that holds none
 */
export function consumers(url: string, last: string | undefined): Html {
  const address = url.replaceAll("'", '%27');
  const place = last === undefined ? undefined : position(encoded(last), last);
  const quoted = last === undefined ? undefined : position(JSON.stringify(last).slice(1, -1), last);
  const lines: [id: string, name: string, about: string, code: Html][] = [
    [
      'curl',
      'curl',
      'Every entry as it comes; without the header, a page of those that there are.',
      text`curl -N -H 'Accept: text/event-stream' '${address}${place && text`?start_after=${place}`}'`,
    ],
    [
      'javascript',
      'JavaScript',
      'A module for Node, Deno, Bun or a browser.',
      text`const feed = '${address}';
let after = ${quoted === undefined ? 'null' : text`"${quoted}"`}; // the last entry that you processed: keep it
for (;;) {
  const query = new URLSearchParams({ format: 'json', ...(after && { start_after: after }) });
  const answer = await fetch(feed + '?' + query, { headers: { Prefer: 'wait=30' } });
  if (!answer.ok) throw new Error(await answer.text());
  const { items } = await answer.json();
  for (const item of items) {
    console.log(item.id, item.title ?? '', item.content_text ?? item.content_html);
    after = item.id;
  }
  if (items.length === 0) await new Promise((resolve) => setTimeout(resolve, 500));
}`,
    ],
    [
      'python',
      'Python',
      'The standard library will do.',
      text`import json, time, urllib.parse, urllib.request

feed = '${address}'
after = ${quoted === undefined ? 'None' : text`"${quoted}"`}  # the last entry that you processed: keep it
while True:
    query = {'format': 'json', **({'start_after': after} if after else {})}
    request = urllib.request.Request(feed + '?' + urllib.parse.urlencode(query), headers={'Prefer': 'wait=30'})
    with urllib.request.urlopen(request, timeout=60) as answer:
        items = json.load(answer)['items']
    for item in items:
        print(item['id'], item.get('title', ''), item.get('content_text') or item.get('content_html', ''), flush=True)
        after = item['id']
    if not items:
        time.sleep(0.5)`,
    ],
  ];
  return html`<section class="consume" aria-labelledby="consume">
<h2 id="consume">Consume</h2>
<p>From ${last === undefined ? 'the beginning' : 'the newest entry'} on. A consumer keeps the id of the last entry that it processed, and goes on after it.</p>
${lines.map(
  ([id, name, about, code], index) => html`<details name="consume"${index === 0 && html` open=""`}>
<summary>${name}</summary>
<p>${about}</p>
${copyable(`consume-${id}`, name, code)}
</details>
`,
)}</section>`;
}

/** The line that publishes to a feed, for those who begin. */
export function firstLine(url: string): Html {
  const entry = '<entry><title>Hello</title><content>the first message</content></entry>';
  return copyable('first', 'curl', `curl -d '${entry}' '${url.replaceAll("'", '%27')}'`);
}

/** The line that reads one thing again. */
export function curlLine(url: string): string {
  return `curl '${url.replaceAll("'", '%27')}'`;
}

/** A position that the script may move on as entries come: one that is the same however it is written. */
function position(written: string, id: string): Html {
  return /^urn:uuid:[0-9a-f-]{36}$/.test(id) ? html`<span data-position="">${written}</span>` : html`${written}`;
}

/** An id for a query inside single quotes. */
function encoded(id: string): string {
  return encodeURIComponent(id).replace(/%3A/g, ':').replaceAll("'", '%27');
}
