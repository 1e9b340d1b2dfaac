/** From what the old programs kept in a text column to the text that was meant, or the bytes where it was none. */
import { isUtf8 } from 'node:buffer';
import type { LegacyText } from '../store/legacy.js';

/** A text that XML can hold, or the bytes of what is no such text. */
export type Meant = { text: string; mended: boolean } | { bytes: Buffer };

/** Characters that an XML 1.0 document cannot hold, not even as a reference (§2.2). */
const NOT_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/**
 * @param exact the database gave the bytes that were written. Otherwise bytes of UTF-8 may have been taken for
 *   characters of Latin-1 and encoded again: AtomBus on PostgreSQL keeps every title so, and of contents those that are
 *   markup; a text of which every non-ASCII character is part of such a sequence is put right.
 */
export function meantBy(value: Exclude<LegacyText, null>, exact: boolean): Meant {
  let text: string;
  if (typeof value === 'string') text = value;
  else if (isUtf8(value)) text = Buffer.from(value).toString('utf8');
  else return { bytes: Buffer.from(value) };
  const single = exact ? undefined : asSingleBytes(text);
  if (single !== undefined && isUtf8(single)) {
    const mended = single.toString('utf8');
    if (!NOT_XML.test(mended)) return { text: mended, mended: mended !== text };
  }
  if (!NOT_XML.test(text)) return { text, mended: false };
  return { bytes: single ?? Buffer.from(text) };
}

/** The same for what must be text: what cannot stand in XML becomes U+FFFD. */
export function textMeantBy(value: LegacyText, exact: boolean): { text: string; mended: boolean; damaged: boolean } {
  if (value === null) return { text: '', mended: false, damaged: false };
  const meant = meantBy(value, exact);
  if ('text' in meant) return { ...meant, damaged: false };
  const text = meant.bytes.toString('utf8').replace(new RegExp(NOT_XML, 'gu'), '\uFFFD');
  return { text, mended: false, damaged: true };
}

/**
 * What Windows-1252 has from 0x80 on where Latin-1 has control characters; MySQL means it when it says `latin1`. Not by
 * `TextDecoder`: that of some versions of Node takes it for Latin-1.
 */
const FROM_80 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8DŽ\x8F\x90‘’“”•–—˜™š›œ\x9DžŸ';
const WINDOWS = new Map([...FROM_80].map((c, i) => [c, 0x80 + i]));

/** The text as one byte a character; undefined where a character is none of Latin-1's or Windows-1252's. */
function asSingleBytes(text: string): Buffer | undefined {
  const bytes = Buffer.alloc(text.length);
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    const byte = code <= 0xff ? code : WINDOWS.get(text[i]!);
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}
