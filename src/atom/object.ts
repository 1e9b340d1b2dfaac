/** An object view of an entry for programs, made with xml2js; the XML stays beside it, since a view leaves things out. */
import { parseString, processors } from 'xml2js';
import { parseDocument } from './parse.js';

/** A text construct or content (RFC 4287 §3.1, §4.1.3). */
export interface TextView {
  /** `text`, `html`, `xhtml` or a media type. */
  type: string;
  /** Text, or markup where the type is `html` or `xhtml`. */
  value: string;
  /** The address of content that is elsewhere. */
  src?: string;
}

export interface PersonView {
  name: string;
  uri?: string;
  email?: string;
}

export interface LinkView {
  rel: string;
  href: string;
  type?: string;
  title?: string;
}

/** What programs usually want of an entry. Times are RFC 3339 as they stand in the entry. */
export interface EntryView {
  id: string;
  title: string;
  updated: string;
  published: string;
  summary?: string;
  content?: TextView;
  authors: PersonView[];
  categories: { term: string; scheme?: string; label?: string }[];
  links: LinkView[];
  /** The whole element. */
  xml: string;
}

/** An element as xml2js gives it with these options. */
interface Node {
  $?: Record<string, string>;
  _?: string;
  [child: string]: unknown;
}

/** The view of a well-formed Atom entry. */
export function viewEntry(xml: string): EntryView {
  const root = toObject(xml);
  const text = (name: string) => textOf(first(root, name));
  const content = first(root, 'content');
  const summary = first(root, 'summary');
  return {
    id: text('id').trim(),
    title: text('title'),
    updated: text('updated').trim(),
    published: text('published').trim(),
    ...(summary === undefined ? {} : { summary: textOf(summary) }),
    ...(content === undefined ? {} : { content: viewContent(content, xml) }),
    authors: all(root, 'author').map((person) => ({
      name: textOf(first(person, 'name')),
      ...optional('uri', textOf(first(person, 'uri'))),
      ...optional('email', textOf(first(person, 'email'))),
    })),
    categories: all(root, 'category').map(({ $ = {} }) => ({
      term: $.term ?? '',
      ...optional('scheme', $.scheme),
      ...optional('label', $.label),
    })),
    links: all(root, 'link').map(({ $ = {} }) => ({
      rel: $.rel ?? 'alternate',
      href: $.href ?? '',
      ...optional('type', $.type),
      ...optional('title', $.title),
    })),
    xml,
  };
}

function viewContent(content: Node, xml: string): TextView {
  const type = content.$?.type ?? 'text';
  const isMarkup = type === 'xhtml' || /[/+]xml$/i.test(type);
  return {
    type,
    // A view would put mixed content out of order; the slice does not.
    value: isMarkup ? (parseDocument(xml).entries[0]?.content ?? '') : (content._ ?? ''),
    ...optional('src', content.$?.src),
  };
}

function toObject(xml: string): Node {
  let root: Node = {};
  parseString(
    xml,
    { async: false, explicitRoot: false, explicitArray: true, tagNameProcessors: [processors.stripPrefix] },
    (error, result) => {
      if (error !== null) throw error;
      root = result as Node;
    },
  );
  return root;
}

function all(node: Node, name: string): Node[] {
  const found = node[name];
  if (!Array.isArray(found)) return [];
  return found.map((child: unknown) => (typeof child === 'string' ? { _: child } : (child as Node)));
}

function first(node: Node, name: string): Node | undefined {
  return all(node, name)[0];
}

function textOf(node: Node | undefined): string {
  return node?._ ?? '';
}

function optional<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined || value === '' ? {} : ({ [key]: value } as Record<K, string>);
}
