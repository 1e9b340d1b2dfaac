/** Escaping for the XML that AtomMQ writes itself. */

const TEXT: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' };
const ATTRIBUTE: Record<string, string> = { ...TEXT, '"': '&quot;', '\t': '&#9;', '\n': '&#10;' };

/** Character data; `\r` becomes a reference, since a parser would read it as `\n`. */
export function escapeText(text: string): string {
  return /[&<>\r]/.test(text) ? text.replace(/[&<>\r]/g, (c) => TEXT[c]!) : text;
}

/** The inside of a double-quoted attribute value; white space survives normalisation (XML 1.0 §3.3.3). */
export function escapeAttribute(text: string): string {
  return /[&<>"\r\n\t]/.test(text) ? text.replace(/[&<>"\r\n\t]/g, (c) => ATTRIBUTE[c]!) : text;
}

/** `atom:` of `atom:entry`, nothing of `entry`. */
export function prefixOf(name: string): string {
  return name.slice(0, name.indexOf(':') + 1);
}
