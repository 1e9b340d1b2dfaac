/** The documents of AtomPub that list things: which feeds there are (RFC 5023 §8), which categories (§7). */
import { APP, ATOM, type Category } from './model.js';
import { escapeAttribute, escapeText } from './xml.js';

/** One collection of the workspace. */
export interface Collection {
  href: string;
  title: string;
  categories: Category[];
  /** With more categories than this it refers to their document instead. */
  mostInline: number;
}

const DECLARATION = '<?xml version="1.0" encoding="utf-8"?>';
const NAMESPACES = `xmlns="${APP}" xmlns:atom="${ATOM}"`;

/** An `application/atomsvc+xml` document with one workspace. */
export function writeService(title: string, collections: Collection[]): string {
  let xml = `${DECLARATION}
<service ${NAMESPACES}>
<workspace>
<atom:title>${escapeText(title)}</atom:title>
`;
  for (const collection of collections) {
    xml += `<collection href="${escapeAttribute(collection.href)}">
<atom:title>${escapeText(collection.title)}</atom:title>
<accept>application/atom+xml;type=entry</accept>
<accept>*/*</accept>
${writeCollectionCategories(collection)}</collection>
`;
  }
  return `${xml}</workspace>\n</service>\n`;
}

/** An empty `categories` element makes clients lose what follows, so without categories there is none. */
function writeCollectionCategories({ href, categories, mostInline }: Collection): string {
  if (categories.length === 0) return '';
  if (categories.length > mostInline)
    return `<categories href="${escapeAttribute(`${href}/categories`)}"></categories>\n`;
  return `<categories fixed="no">\n${categories.map(writeCategory).join('')}</categories>\n`;
}

/** An `application/atomcat+xml` document; the set is open, since publishers may use others. */
export function writeCategories(categories: Category[]): string {
  return `${DECLARATION}\n<categories ${NAMESPACES} fixed="no">\n${categories.map(writeCategory).join('')}</categories>\n`;
}

function writeCategory({ term, scheme, label }: Category): string {
  const attribute = (name: string, value: string | undefined) =>
    value === undefined ? '' : ` ${name}="${escapeAttribute(value)}"`;
  return `<atom:category${attribute('term', term)}${attribute('scheme', scheme)}${attribute('label', label)}/>\n`;
}
