/** The service document (RFC 5023 §8): which feeds there are. */
import { APP, ATOM } from './model.js';
import { escapeAttribute, escapeText } from './xml.js';

/** One collection of the workspace. */
export interface Collection {
  href: string;
  title: string;
}

/** An `application/atomsvc+xml` document with one workspace. */
export function writeService(title: string, collections: Collection[]): string {
  let xml = `<?xml version="1.0" encoding="utf-8"?>
<service xmlns="${APP}" xmlns:atom="${ATOM}">
<workspace>
<atom:title>${escapeText(title)}</atom:title>
`;
  for (const collection of collections) {
    xml += `<collection href="${escapeAttribute(collection.href)}">
<atom:title>${escapeText(collection.title)}</atom:title>
<accept>application/atom+xml;type=entry</accept>
</collection>
`;
  }
  return `${xml}</workspace>\n</service>\n`;
}
