/** What programs see of entries and feeds: plain objects with the names of RFC 4287. */

/** Content (RFC 4287 §4.1.3). */
export interface TextView {
  /** `text`, `html`, `xhtml` or a media type, as it was sent. */
  type: string;
  /**
   * Text; or markup to the letter where the type is `xhtml` or an XML media type, HTML source where it is `html`. For other
   * media types what stands there: RFC 4287 wants Base64.
   */
  value: string;
  /** The address of content that is elsewhere. */
  src?: string;
  lang?: string;
  /** The base IRI in scope, for addresses in the value. */
  base?: string;
  /** The namespace prefixes in scope around markup, `''` for the default one: without them it cannot be parsed by itself. */
  namespaces?: Record<string, string>;
}

export interface PersonView {
  name: string;
  uri?: string;
  email?: string;
}

/** A link (RFC 4287 §4.2.7); `href` is absolute where a base is known. */
export interface LinkView {
  rel: string;
  href: string;
  type?: string;
  title?: string;
  hreflang?: string;
  /** Bytes, as the publisher says. */
  length?: string;
}

export interface CategoryView {
  term: string;
  scheme?: string;
  label?: string;
}

/** The feed that an entry was copied from (RFC 4287 §4.2.11). */
export interface SourceView {
  id: string;
  title: string;
  authors: PersonView[];
  links: LinkView[];
}

/** What programs usually want of an entry. Times are RFC 3339 as they stand in the entry. */
export interface EntryView {
  id: string;
  /** As text, whatever its type. */
  title: string;
  updated: string;
  published: string;
  /** As text, whatever its type. */
  summary?: string;
  content?: TextView;
  /** The entry's own; those of its source stand in `source`. */
  authors: PersonView[];
  contributors: PersonView[];
  categories: CategoryView[];
  links: LinkView[];
  /** As text. */
  rights?: string;
  source?: SourceView;
  /** `xml:lang` of the entry. */
  lang?: string;
  /** `app:draft` is `yes` (RFC 5023 §13.1.1). */
  draft: boolean;
  /** The whole element. */
  xml: string;
}

/** What a feed says of itself (RFC 4287 §4.1.1). Texts are readable text, whatever their type. */
export interface FeedView {
  title: string;
  subtitle?: string;
  authors: PersonView[];
  rights?: string;
  icon?: string;
  logo?: string;
  links: LinkView[];
  categories: CategoryView[];
  language?: string;
}
