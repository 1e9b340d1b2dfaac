/** Entries in exclusive canonical form, cut into their children: what must be equal before and after (section 2). */
import assert from 'node:assert/strict';
import { ATOM, xmllint } from './atom.js';

export interface CanonicalEntry {
  /** Those of the entry itself, less namespaces, as `name="value"`. */
  attributes: string[];
  children: string[];
}

const PIECES = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<[^>"]*(?:"[^"]*"[^>"]*)*>|[^<]+/g;
const START_OF_ROOT = /<[^\s<>/!?]+(?:"[^"]*"|'[^']*'|[^<>"'])*>/;

/**
 * The entries of a document, which may be one itself. An entry that no namespace is declared for at all is an Atom entry.
 * @param document as text: what its declaration says of an encoding counts for nothing
 */
export function canonicalEntries(document: string): CanonicalEntry[] {
  const { status, stdout, stderr } = xmllint(['--exc-c14n'], inFeed(document));
  assert.equal(status, 0, `${stderr}\n${document}`);
  const entries: CanonicalEntry[] = [];
  let entry: CanonicalEntry | undefined;
  let depth = 0;
  // A canonical document has start and end tags, text, comments and instructions, and nothing else.
  for (const piece of stdout.match(PIECES) ?? []) {
    const markup = /^<[^!?]/.test(piece);
    if (markup && piece.startsWith('</')) {
      depth -= 1;
      if (depth === 1) entry = undefined;
      else if (entry !== undefined) entry.children[entry.children.length - 1] += piece;
      continue;
    }
    if (markup && depth === 1 && /^<([^\s:>]+:)?entry[\s>]/.test(piece)) {
      entry = { attributes: attributesOf(piece), children: [] };
      entries.push(entry);
    } else if (entry !== undefined && depth > 2) entry.children[entry.children.length - 1] += piece;
    else if (entry !== undefined && piece.trim() !== '') entry.children.push(piece);
    if (markup) depth += 1;
  }
  return entries;
}

/** The same around every entry, since the canonical form of a child depends on what the elements around it have declared. */
function inFeed(document: string): string {
  const content = document.replace(/^\ufeff?<\?xml\s[^>]*\?>/, '');
  const [root = ''] = START_OF_ROOT.exec(content) ?? [];
  if (/^<([^\s:>]+:)?feed[\s>/]/.test(root)) return content;
  const own = /\sxmlns\s*=/.test(root.replace(/"[^"]*"|'[^']*'/g, ''));
  const prefixed = /^<[^\s>/]*:/.test(root);
  const inside =
    prefixed && !own ? content.replace(root, () => root.replace(/\/?>$/, (end) => ` xmlns=""${end}`)) : content;
  return `<feed xmlns="${ATOM}">${inside}</feed>`;
}

function attributesOf(startTag: string): string[] {
  const attributes = [...startTag.matchAll(/ ([^\s=]+="[^"]*")/g)].map(([, attribute]) => attribute!);
  return attributes.filter((attribute) => !/^xmlns[:=]/.test(attribute));
}

const ADDED =
  /^<([^\s:>]+:)?(id|title|updated|published|author)[\s>]|^<app:edited[\s>]|^<([^\s:>]+:)?link [^>]*rel="(self|edit|edit-media)"/;

/** The children less those that the contract lets the server add and the publisher did not send. */
export function withoutAdded(got: string[], sent: string[]): string[] {
  const left = [...sent];
  return got.filter((child) => {
    const index = left.indexOf(child);
    if (index >= 0) left.splice(index, 1);
    return index >= 0 || !ADDED.test(child);
  });
}

/** Fails unless an entry that came back is the one that was sent, but for what the server may add. */
export function preserved(got: CanonicalEntry | undefined, sent: CanonicalEntry, where: string): void {
  assert.ok(got, `${where}: there is no entry`);
  assert.deepEqual(withoutAdded(got.children, sent.children), sent.children, where);
  for (const attribute of sent.attributes) assert.ok(got.attributes.includes(attribute), `${where}: ${attribute}`);
}
