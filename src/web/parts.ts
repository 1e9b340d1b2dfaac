/** Small parts that several pages are made of: times, numbers, tags, lines to copy. */
import { attributes, type Html, html } from './html.js';

const GROUPED = new Intl.NumberFormat('en');
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A whole number with its thousands apart. */
export function count(number: number): string {
  return GROUPED.format(number);
}

/** `1 entry`, `2 entries`. */
export function entries(number: number): string {
  return `${count(number)} ${number === 1 ? 'entry' : 'entries'}`;
}

/** A number of bytes as people read it. */
export function size(bytes: number): string {
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < UNITS.length - 1; unit += 1) value /= 1024;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** A moment in UTC, to the second. @param micros microseconds since 1970 */
export function time(micros: number, relative = false): Html {
  return timeOf(new Date(micros / 1000).toISOString(), relative);
}

/** The same from RFC 3339; as text where it is no time that HTML knows. */
export function timeOf(rfc3339: string, relative = false): Html {
  const moment = new Date(rfc3339);
  if (Number.isNaN(moment.getTime())) return html`${rfc3339}`;
  const iso = moment.toISOString();
  const shown = `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
  return html`<time datetime="${iso}"${relative && html` data-relative=""`}>${shown}</time>`;
}

/** Text in a box that can be copied; without a script it is selected by hand. */
export function copyable(id: string, label: string, code: Html | string): Html {
  return html`<div class="copyable"><pre id="${id}" tabindex="0" role="region" aria-label="${label}"><code>${code}</code></pre>
<button type="button" class="copy" data-copy="${id}" hidden="" aria-label="Copy: ${label}">Copy</button></div>`;
}

/** What stands out as wrong. */
export function alert(text: string): Html {
  return html`<p class="alert" role="alert">${text}</p>`;
}

/** Categories as links to what else has them. @param path of the feed */
export function tags(path: string, categories: { term: string; label?: string | undefined }[]): Html | undefined {
  if (categories.length === 0) return undefined;
  const items = categories.map(
    ({ term, label }) => html`<li><a href="${path}?category=${encodeURIComponent(term)}">${label ?? term}</a></li>`,
  );
  return html`<ul class="tags" aria-label="Categories">${items}</ul>`;
}

/** The forms of the same thing for programs. */
export function forms(links: [name: string, href: string, type: string][]): Html {
  const items = links.map(([name, href, type]) => html`<li><a${attributes({ href, type })}>${name}</a></li>`);
  return html`<ul class="forms" aria-label="For programs">${items}</ul>`;
}
