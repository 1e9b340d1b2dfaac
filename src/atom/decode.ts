/** From the bytes of a body to its text, by the rules of RFC 7303 §3: mark, then `charset`, then declaration, then UTF-8. */
import { isAscii, isUtf8 } from 'node:buffer';
import { HttpError } from '../http.js';

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'iso-8859-1' | 'us-ascii';

const NAMES: Record<string, Encoding | 'utf-16'> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'utf-16': 'utf-16',
  'utf-16le': 'utf-16le',
  'utf-16be': 'utf-16be',
  'iso-8859-1': 'iso-8859-1',
  'iso_8859-1': 'iso-8859-1',
  'latin-1': 'iso-8859-1',
  latin1: 'iso-8859-1',
  'us-ascii': 'us-ascii',
  ascii: 'us-ascii',
};

/**
 * The text of an XML body, without a byte order mark.
 * @param charset the `charset` parameter of the content type, where there was one
 * @throws HttpError 415 for a character set that is not one of UTF-8, UTF-16, ISO-8859-1, US-ASCII; 400 for bytes that are not of theirs
 */
export function decodeXml(bytes: Uint8Array, charset?: string): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [encoding, skip] = encodingOf(buffer, charset);
  const body = skip === 0 ? buffer : buffer.subarray(skip);
  switch (encoding) {
    case 'utf-8':
      if (!isUtf8(body)) throw undecodable('UTF-8');
      return body.toString('utf8');
    case 'us-ascii':
      if (!isAscii(body)) throw undecodable('US-ASCII');
      return body.toString('latin1');
    case 'iso-8859-1':
      return body.toString('latin1');
    default:
      try {
        return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(body);
      } catch {
        throw undecodable('UTF-16');
      }
  }
}

function encodingOf(bytes: Buffer, charset: string | undefined): [Encoding, number] {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return ['utf-8', 3];
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return ['utf-16le', 2];
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return ['utf-16be', 2];
  const wide = bytes[0] === 0 ? 'utf-16be' : bytes[1] === 0 ? 'utf-16le' : undefined;
  if (charset !== undefined) {
    const named = lookUp(charset);
    return [named === 'utf-16' ? (wide ?? 'utf-16be') : named, 0];
  }
  if (wide !== undefined) return [wide, 0];
  const declared = /^<\?xml\s[^>]*?\sencoding\s*=\s*["']([^"']*)["']/.exec(bytes.toString('latin1', 0, 256))?.[1];
  if (declared === undefined) return ['utf-8', 0];
  const named = lookUp(declared);
  // A declaration that could be read byte by byte cannot be in UTF-16, whatever it says.
  if (named.startsWith('utf-16')) throw undecodable('UTF-16');
  return [named as Encoding, 0];
}

function lookUp(name: string): Encoding | 'utf-16' {
  const encoding = Object.hasOwn(NAMES, name.toLowerCase()) ? NAMES[name.toLowerCase()] : undefined;
  if (encoding === undefined) {
    throw new HttpError(
      415,
      `The character set ${JSON.stringify(name.slice(0, 40))} is not known here; send UTF-8, UTF-16, ISO-8859-1 or US-ASCII.`,
    );
  }
  return encoding;
}

function undecodable(name: string): HttpError {
  return new HttpError(400, `The body is not the ${name} that it is said to be.`);
}
