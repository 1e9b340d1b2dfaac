/** An entry from its parts, for programs that would rather not write XML. */
import { ATOM } from './model.js';
import { escapeAttribute, escapeText } from './xml.js';

/** What a program says of an entry; the server adds the rest. */
export interface EntryDraft {
  /** An IRI; publishing the same id again stores nothing. */
  id?: string;
  title?: string;
  summary?: string;
  /** Text, or text of another type: `html`, or `xhtml` with a `div` of its namespace. */
  content?: string | { type: string; value: string };
  author?: string;
  categories?: string[];
}

/** The draft as an Atom entry. */
export function writeDraft({ id, title, summary, content, author, categories = [] }: EntryDraft): string {
  const element = (name: string, text: string | undefined) =>
    text === undefined ? '' : `<${name}>${escapeText(text)}</${name}>`;
  let xml = `<entry xmlns="${ATOM}">${element('id', id)}${element('title', title)}${element('summary', summary)}`;
  if (author !== undefined) xml += `<author>${element('name', author)}</author>`;
  for (const term of categories) xml += `<category term="${escapeAttribute(term)}"/>`;
  if (content !== undefined) {
    const { type, value } = typeof content === 'string' ? { type: 'text', value: content } : content;
    const markup = type === 'xhtml' || /[/+]xml$/i.test(type);
    xml += `<content type="${escapeAttribute(type)}">${markup ? value : escapeText(value)}</content>`;
  }
  return `${xml}</entry>`;
}
