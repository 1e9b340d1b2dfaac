/** Markup that is safe by construction: whatever goes into a template is escaped, unless it came out of one. */
import { escapeHtml } from '../atom/text.js';

/** Finished markup. */
export class Html {
  constructor(readonly markup: string) {}
}

/** What a template takes; `false` and `undefined` leave nothing behind. */
export type Value = Html | string | number | false | undefined | readonly Value[];

/** A template of markup. Its own text is well-formed XML as well, so that pages can be checked strictly. */
export function html(strings: TemplateStringsArray, ...values: Value[]): Html {
  let markup = strings[0]!;
  for (const [index, value] of values.entries()) markup += markupOf(value) + strings[index + 1]!;
  return new Html(markup);
}

/** A template of text, such as a program: its own text is escaped as well. */
export function text(strings: TemplateStringsArray, ...values: Value[]): Html {
  let markup = escapeHtml(strings[0]!);
  for (const [index, value] of values.entries()) markup += markupOf(value) + escapeHtml(strings[index + 1]!);
  return new Html(markup);
}

function markupOf(value: Value): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.markup;
  return typeof value === 'object' ? value.map(markupOf).join('') : escapeHtml(String(value));
}

/** Attributes, each with a space before it; those that are undefined or false are left out, and `true` is one without a value. */
export function attributes(values: Record<string, string | number | boolean | undefined>): Html {
  let markup = '';
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== false)
      markup += ` ${name}="${escapeHtml(value === true ? '' : String(value))}"`;
  }
  return new Html(markup);
}
