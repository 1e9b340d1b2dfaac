/** References in entries: made absolute (XML Base §4, RFC 3986 §5), and which of them a page for people may link to. */

const LINKABLE = new Set(['http:', 'https:', 'mailto:']);

/**
 * A reference made absolute.
 * @returns the reference as it was sent where it is absolute already, or where `base` is nothing to resolve against
 */
export function resolveIri(reference: string, base: string | undefined): string {
  if (base === undefined || /^[a-z][a-z0-9+.-]*:/i.test(reference)) return reference;
  return URL.canParse(reference, base) ? new URL(reference, base).href : reference;
}

/** The address as a browser will understand it, if it is one that may be followed: never `javascript:`, `data:` and the like. */
export function linkable(iri: string): string | undefined {
  // A browser ignores white space and control characters in a scheme, and so does this parser: what it says is what counts.
  if (!URL.canParse(iri)) return undefined;
  const url = new URL(iri);
  return LINKABLE.has(url.protocol) ? url.href : undefined;
}

const IANA_RELATIONS = 'http://www.iana.org/assignments/relation/';

/** Whether a link has a registered relation, by its name or by its IRI (RFC 4287 §4.2.7.2). */
export function isRelated(link: { rel: string }, name: string): boolean {
  return link.rel === name || link.rel === IANA_RELATIONS + name;
}
