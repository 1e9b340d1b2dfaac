/** Entries as programs see them, made from the items of JSON Feed that the server writes. */

/** What an entry holds. */
export interface Content {
  /** `text`, `html`, or a media type. */
  type: string;
  /** Text, HTML source, or text of another type (base64 where that type is not a text); undefined where it is elsewhere. */
  value?: string;
  /** Where it is, when it is not in the entry. */
  src?: string;
}

export interface Person {
  name?: string;
  url?: string;
}

export interface Category {
  term: string;
  scheme?: string;
  label?: string;
}

export interface Link {
  rel: string;
  href: string;
  type?: string;
  title?: string;
  hreflang?: string;
  length?: string;
}

/** An entry. Times are RFC 3339. */
export interface Entry {
  deleted: false;
  /** `atom:id`: the position after which reading goes on. */
  id: string;
  /** Its own address. */
  url: string;
  /** As text; empty where it has none. */
  title: string;
  content: Content;
  summary?: string;
  published?: string;
  updated?: string;
  /** When it was stored or last revised. */
  edited?: string;
  draft: boolean;
  authors: Person[];
  categories: Category[];
  links: Link[];
  language?: string;
  /** The item of JSON Feed 1.1 that all this was taken from, with whatever else it has. */
  item: Item;
}

/** What is left of an entry that was deleted: its place. */
export interface DeletedEntry {
  deleted: true;
  id: string;
  /** When it was deleted. */
  at?: string;
  item: Item;
}

/** An entry as Atom. */
export interface AtomEntry {
  /** The element is an RFC 6721 `at:deleted-entry`. */
  deleted: boolean;
  id: string;
  /** The whole element, with every namespace that it needs. */
  xml: string;
}

/** An item of JSON Feed 1.1 as AtomMQ writes it. */
export interface Item {
  id: string;
  url?: string;
  external_url?: string;
  title?: string;
  content_html?: string;
  content_text?: string;
  summary?: string;
  date_published?: string;
  date_modified?: string;
  authors?: Person[];
  tags?: string[];
  language?: string;
  attachments?: { url: string; mime_type: string; title?: string; size_in_bytes?: number }[];
  _atommq?: {
    deleted?: string;
    edited?: string;
    draft?: boolean;
    content_type?: string;
    content_src?: string;
    categories?: Category[];
    links?: Link[];
    [member: string]: unknown;
  };
  [member: string]: unknown;
}

/** The entry that an item tells of. */
export function entryOf(item: Item): Entry | DeletedEntry {
  const { id, _atommq: more = {} } = item;
  if (more.deleted !== undefined) return { deleted: true, id, at: more.deleted, item };
  const optional: Partial<Entry> = {};
  if (item.summary !== undefined) optional.summary = item.summary;
  if (item.date_published !== undefined) optional.published = item.date_published;
  if (item.date_modified !== undefined) optional.updated = item.date_modified;
  if (more.edited !== undefined) optional.edited = more.edited;
  if (item.language !== undefined) optional.language = item.language;
  return {
    deleted: false,
    id,
    url: item.url ?? '',
    title: item.title ?? '',
    content: contentOf(item),
    ...optional,
    draft: more.draft === true,
    authors: item.authors ?? [],
    categories: more.categories ?? (item.tags ?? []).map((term) => ({ term })),
    links: more.links ?? [],
    item,
  };
}

/** What the item says of its content. */
export function contentOf({ content_html, content_text, _atommq: more = {} }: Item): Content {
  if (more.content_src !== undefined) {
    return { type: more.content_type ?? 'application/octet-stream', src: more.content_src };
  }
  if (content_html !== undefined) return { type: 'html', value: content_html };
  return { type: more.content_type ?? 'text', value: content_text ?? '' };
}
