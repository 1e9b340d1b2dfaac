/** What of a document is no token: the declaration that it may begin with, comments and processing instructions (XML 1.0 §2.5 to §2.8). */
import { endOfName, isNcName } from './names.js';
import type { Wrong } from './place.js';

/** `name = "value"` in the declaration. */
const pair = (name: string, value: string) => `\\s+${name}\\s*=\\s*(?:"(?:${value})"|'(?:${value})')`;
const VERSION = pair('version', '1\\.[0-9]+');
const ENCODING = pair('encoding', '[A-Za-z][A-Za-z0-9._-]*');
const STANDALONE = pair('standalone', 'yes|no');
const DECLARATION = new RegExp(
  `<\\?xml${VERSION}(?:${ENCODING})?(?:${STANDALONE})?\\s*\\?>`.replaceAll('\\s', '[ \\t\\r\\n]'),
  'y',
);

/** White space (§2.3). */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** Where the first element, or what stands before it, begins: after a byte order mark and a declaration. */
export function endOfDeclaration(text: string): number | Wrong {
  const start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const after = start + '<?xml'.length;
  if (!text.startsWith('<?xml', start) || endOfName(text, start + 2) !== after) return start;
  DECLARATION.lastIndex = start;
  if (DECLARATION.test(text)) return DECLARATION.lastIndex;
  return { what: 'the XML declaration is not like <?xml version="1.0" encoding="utf-8"?>.', at: after };
}

/** @param start where its `<` stands */
export function endOfComment(text: string, start: number): number | Wrong {
  const hyphens = text.indexOf('--', start + '<!--'.length);
  if (hyphens < 0) return { what: 'a comment does not end.', at: text.length };
  if (text[hyphens + 2] === '>') return hyphens + 3;
  return { what: 'in a comment, -- stands at its end alone.', at: hyphens + 2 };
}

/** @param start where its `<` stands */
export function endOfInstruction(text: string, start: number): number | Wrong {
  const after = endOfName(text, start + 2);
  const target = text.slice(start + 2, after);
  if (!isNcName(target)) return { what: 'a processing instruction begins with a name without a colon.', at: start + 2 };
  if (target.toLowerCase() === 'xml') {
    return { what: 'an XML declaration stands at the very start of a document.', at: after - 1 };
  }
  const end = text.indexOf('?>', after);
  if (end !== after && !isSpace(text.charCodeAt(after))) {
    return { what: 'in a processing instruction, white space stands after its name.', at: after };
  }
  return end < 0 ? { what: 'a processing instruction does not end.', at: text.length } : end + 2;
}
