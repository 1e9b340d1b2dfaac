/** What stands in an `Authorization` field (RFC 9110 §11.6.2). */

/** Most characters of a field; no credentials are as long. */
const MOST = 16_384;

export type Credentials =
  | { scheme: 'basic'; name: string; password: Uint8Array }
  | { scheme: 'bearer'; token: string }
  /** A field that says nothing that can be used: `why` is a sentence about it that quotes nothing of it. */
  | { scheme: 'other'; why: string };

/** Reads a field. */
export function readCredentials(field: string): Credentials {
  if (field.length > MOST) return other('The credentials are too long.');
  const [, scheme = '', text = ''] = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?: +(.*?))? *$/.exec(field) ?? [];
  // Both kinds are a token68.
  const isPlain = /^[A-Za-z0-9\-._~+/]+=*$/.test(text);
  switch (scheme.toLowerCase()) {
    case 'basic':
      return isPlain ? basic(Buffer.from(text, 'base64')) : other('The Basic credentials are not base64.');
    case 'bearer':
      return isPlain ? { scheme: 'bearer', token: text } : other('What comes after Bearer is not a token.');
    default:
      return other('The credentials are of a kind that is not taken here.');
  }
}

/** RFC 7617 §2: the name ends at the first colon, and neither part has control characters. */
function basic(bytes: Buffer): Credentials {
  const colon = bytes.indexOf(0x3a);
  if (colon < 0) return other('The Basic credentials are not a name and a password with a colon between them.');
  if (bytes.some((byte) => byte < 0x20 || byte === 0x7f)) {
    return other('The Basic credentials have a control character in them.');
  }
  return { scheme: 'basic', name: textOf(bytes.subarray(0, colon)), password: bytes.subarray(colon + 1) };
}

function other(why: string): Credentials {
  return { scheme: 'other', why };
}

/** Bytes as UTF-8, or as latin1 where they are not. */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}
