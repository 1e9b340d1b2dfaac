/** Object views of entries and feeds for programs, made with xml2js; the XML stays beside them, since a view leaves things out. */
import { isRelated, resolveIri } from './iri.js';
import { textOfHtml } from './text.js';
import { app, atom, type Element, kindOfType, readTree } from './tree.js';
import type { CategoryView, EntryView, FeedView, LinkView, PersonView, SourceView, TextView } from './view.js';
import { xhtmlToHtml } from './xhtml.js';

export type { CategoryView, EntryView, FeedView, LinkView, PersonView, SourceView, TextView } from './view.js';

/**
 * The view of a well-formed Atom entry.
 * @param base the address that the entry came from, for relative references without an absolute `xml:base`
 * @throws Error when the XML is not well-formed
 */
export function viewEntry(xml: string, base?: string): EntryView {
  const root = readTree(xml, base);
  const content = first(root, 'content');
  const summary = first(root, 'summary');
  const source = first(root, 'source');
  const draft = children(children(root, app('control'))[0] ?? {}, app('draft'))[0];
  return {
    id: trimmed(root, 'id'),
    title: textOf(first(root, 'title')),
    updated: trimmed(root, 'updated'),
    published: trimmed(root, 'published'),
    ...(summary === undefined ? {} : { summary: textOf(summary) }),
    ...(content === undefined ? {} : { content: viewContent(content) }),
    authors: persons(root, 'author'),
    contributors: persons(root, 'contributor'),
    categories: categories(root),
    links: links(root),
    ...optional('rights', textOf(first(root, 'rights'))),
    ...(source === undefined ? {} : { source: viewSource(source) }),
    ...optional('lang', root.$?.lang),
    draft: draft?._?.trim() === 'yes',
    xml,
  };
}

/**
 * The view of a `feed` element that holds metadata only ({@link FeedPage.metadata}).
 * @param base the address of the feed
 */
export function viewFeed(metadata: string, base?: string): FeedView {
  const root = readTree(metadata, base);
  const title = first(root, 'title');
  return {
    title: textOf(title),
    ...optional('subtitle', textOf(first(root, 'subtitle'))),
    authors: persons(root, 'author'),
    ...optional('rights', textOf(first(root, 'rights'))),
    ...optional('icon', iri(first(root, 'icon'))),
    ...optional('logo', iri(first(root, 'logo'))),
    links: links(root),
    categories: categories(root),
    // The feed's own `xml:lang` is kept on its children, so that entries do not come under it.
    ...optional('language', root.$?.lang ?? title?.$?.lang),
  };
}

/** Content as HTML, where it is HTML of either spelling. */
export function htmlOf(content: TextView): string | undefined {
  switch (kindOfType(content.type)) {
    case 'html':
      return content.value;
    case 'xhtml':
      return xhtmlToHtml(content.value, content.namespaces, content.base);
    default:
      return undefined;
  }
}

/** The first link with a registered relation and an address. */
export function linkOf(links: LinkView[], relation: string): LinkView | undefined {
  return links.find((link) => link.href !== '' && isRelated(link, relation));
}

function viewContent({ $, _ = '' }: Element): TextView {
  const src = $?.attributes.src;
  return {
    type: $?.attributes.type ?? 'text',
    value: _,
    ...optional('src', src === undefined ? undefined : resolveIri(src, $?.base)),
    ...optional('lang', $?.lang),
    ...optional('base', $?.base),
    ...($?.namespaces === undefined ? {} : { namespaces: $.namespaces }),
  };
}

function viewSource(source: Element): SourceView {
  return {
    id: trimmed(source, 'id'),
    title: textOf(first(source, 'title')),
    authors: persons(source, 'author'),
    links: links(source),
  };
}

function persons(node: Element, name: string): PersonView[] {
  return children(node, atom(name)).map((person) => ({
    name: first(person, 'name')?._ ?? '',
    ...optional('uri', iri(first(person, 'uri'))),
    ...optional('email', trimmed(person, 'email')),
  }));
}

function categories(node: Element): CategoryView[] {
  return children(node, atom('category')).map(({ $ }) => ({
    term: $?.attributes.term ?? '',
    ...optional('scheme', $?.attributes.scheme),
    ...optional('label', $?.attributes.label),
  }));
}

function links(node: Element): LinkView[] {
  return children(node, atom('link')).map(({ $ }) => ({
    rel: $?.attributes.rel ?? 'alternate',
    href: $?.attributes.href === undefined ? '' : resolveIri($.attributes.href, $.base),
    ...optional('type', $?.attributes.type),
    ...optional('title', $?.attributes.title),
    ...optional('hreflang', $?.attributes.hreflang),
    ...optional('length', $?.attributes.length),
  }));
}

/** The readable text of a text construct (RFC 4287 §3.1). */
function textOf(node: Element | undefined): string {
  if (node === undefined) return '';
  const content = viewContent(node);
  const html = htmlOf(content);
  return html === undefined ? content.value : textOfHtml(html);
}

function iri(node: Element | undefined): string | undefined {
  const reference = node?._?.trim();
  return reference === undefined || reference === '' ? undefined : resolveIri(reference, node?.$?.base);
}

function trimmed(node: Element, name: string): string {
  return (first(node, name)?._ ?? '').trim();
}

function first(node: Element, name: string): Element | undefined {
  return children(node, atom(name))[0];
}

function children(node: Element, name: string): Element[] {
  const found = node[name];
  return Array.isArray(found) ? (found as Element[]) : [];
}

function optional<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined || value === '' ? {} : ({ [key]: value } as Record<K, string>);
}
