/** Character and entity references (XML 1.0 §4.1, §4.6): without a document type there are five entities and no more. */
import type { Wrong } from './place.js';
import { quoted } from './tag.js';

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const REFERENCE = /&(?:amp|lt|gt|quot|apos|#x[0-9a-fA-F]+|#[0-9]+);/y;

/** What a character may not be (XML 1.0 §2.2): control characters, halves of pairs, and two that are none. */
const FORBIDDEN = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** What may be one of those; this is found faster. */
const SUSPECT = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]/;

/** Where the first character stands that XML does not allow; -1 where there is none. */
export function findForbidden(text: string): number {
  return SUSPECT.test(text) ? text.search(FORBIDDEN) : -1;
}

/** @param start where its `&` stands */
export function endOfReference(text: string, start: number): number | Wrong {
  REFERENCE.lastIndex = start;
  if (!REFERENCE.test(text)) return { what: whatIsWrong(text, start), at: start };
  const end = REFERENCE.lastIndex;
  if (text.charCodeAt(start + 1) !== 0x23) return end;
  const code = codeOf(text.slice(start + 2, end - 1));
  const allowed = code <= 0x10ffff && !FORBIDDEN.test(String.fromCodePoint(code));
  return allowed
    ? end
    : { what: `the character of ${quoted(text.slice(start, end))} is none that XML allows.`, at: start };
}

function whatIsWrong(text: string, start: number): string {
  const reference = /^&[^\s&<>"';]{0,80};?/.exec(text.slice(start, start + 82))![0];
  if (!reference.endsWith(';') || reference.length < 3) return 'an & that begins no reference is written &amp;.';
  return `the reference ${reference} is none that XML has without a document type.`;
}

function codeOf(digits: string): number {
  return digits.startsWith('x') ? Number.parseInt(digits.slice(1), 16) : Number.parseInt(digits, 10);
}

/** A text of which all references have been looked at, with these resolved and line ends as one (§2.11). */
export function resolve(text: string): string {
  return /[&\r]/.test(text) ? text.replace(/&([^;]*);|\r\n?/g, replacement) : text;
}

/** The same for the value of an attribute, in which white space is a space each (§3.3.3). */
export function resolveValue(text: string): string {
  return /[&\r\n\t]/.test(text) ? text.replace(/&([^;]*);|\r\n?|[\n\t]/g, replacementInValue) : text;
}

/** Line ends as one. */
export function withLines(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

function replacement(_all: string, name: string | undefined): string {
  if (name === undefined) return '\n';
  return name.startsWith('#') ? String.fromCodePoint(codeOf(name.slice(1))) : ENTITIES[name]!;
}

function replacementInValue(all: string, name: string | undefined): string {
  return name === undefined ? ' ' : replacement(all, name);
}
