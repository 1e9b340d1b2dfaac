/** Entries from their parts, for programs that would rather not write XML. */
import { type Category, type Content, contentOf, type Item, type Link, type Person } from './entry.js';
import { escapeAttribute, escapeText } from './xml.js';

/** What a program says of an entry; the server adds what is missing. */
export interface Draft {
  /** An IRI; publishing the same id again stores nothing. */
  id?: string;
  title?: string;
  summary?: string;
  /** Text, or content of another type: `html`, `xhtml` with a `div` of its namespace, an XML type with an element. */
  content?: string | Content;
  authors?: (string | Person)[];
  categories?: (string | Category)[];
  links?: Link[];
  /** RFC 3339, as is `updated`. */
  published?: string;
  updated?: string;
  language?: string;
  draft?: boolean;
}

/** The draft as an Atom entry. */
export function writeDraft(draft: Draft): string {
  const { authors = [], categories = [], links = [], content, language } = draft;
  const lang = language === undefined ? '' : ` xml:lang="${escapeAttribute(language)}"`;
  const parts = [
    element('id', draft.id),
    element('title', draft.title),
    element('published', draft.published),
    element('updated', draft.updated),
    ...authors.map(writePerson),
    ...categories.map((one) => empty('category', typeof one === 'string' ? { term: one } : { ...one })),
    ...links.map((link) => empty('link', { ...link })),
    element('summary', draft.summary),
    content === undefined ? '' : writeContent(typeof content === 'string' ? { type: 'text', value: content } : content),
    draft.draft ? '<app:control xmlns:app="http://www.w3.org/2007/app"><app:draft>yes</app:draft></app:control>' : '',
  ];
  return `<entry xmlns="http://www.w3.org/2005/Atom"${lang}>${parts.join('')}</entry>`;
}

/** The draft that an item of JSON Feed is, AtomMQ's or anybody's: what was read can be published elsewhere. */
export function draftOf(item: Partial<Item>): Draft {
  const { id, title, summary, date_published, date_modified, authors, tags, language, _atommq: more = {} } = item;
  const links = more.links ?? (item.external_url === undefined ? [] : [{ rel: 'alternate', href: item.external_url }]);
  const hasContent =
    item.content_html !== undefined || item.content_text !== undefined || more.content_src !== undefined;
  return {
    ...(id === undefined ? {} : { id: String(id) }),
    ...(title === undefined ? {} : { title }),
    ...(summary === undefined ? {} : { summary }),
    ...(date_published === undefined ? {} : { published: date_published }),
    ...(date_modified === undefined ? {} : { updated: date_modified }),
    ...(language === undefined ? {} : { language }),
    ...(hasContent ? { content: contentOf(item as Item) } : {}),
    ...(more.draft === true ? { draft: true } : {}),
    authors: authors ?? [],
    categories: more.categories ?? tags ?? [],
    links,
  };
}

function element(name: string, text: string | undefined): string {
  return text === undefined ? '' : `<${name}>${escapeText(text)}</${name}>`;
}

function empty(name: string, attributes: Record<string, string>): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeAttribute(value)}"`);
  return `<${name}${written.join('')}/>`;
}

function writePerson(person: string | Person): string {
  const { name = '', url } = typeof person === 'string' ? { name: person } : person;
  const address = url?.startsWith('mailto:') ? element('email', url.slice(7)) : element('uri', url);
  return `<author>${element('name', name)}${address}</author>`;
}

function writeContent({ type, value = '', src }: Content): string {
  if (src !== undefined) return empty('content', { type, src });
  const isMarkup = type === 'xhtml' || /[/+]xml$/i.test(type);
  return `<content type="${escapeAttribute(type)}">${isMarkup ? value : escapeText(value)}</content>`;
}
