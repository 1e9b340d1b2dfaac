/** Media types by their names (RFC 9110 §8.3.1). */

/** `type/subtype`, and parameters of visible characters. */
const MEDIA_TYPE = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(\s*;[\x20-\x7e\t]*)?$/;

/** Whether this is a media type of a length that is kept, with or without parameters. */
export function isMediaType(type: string): boolean {
  return type.length <= 255 && MEDIA_TYPE.test(type);
}

/** A media type without parameters, in lower case. */
export function essenceOf(type: string): string {
  return type.split(';', 1)[0]!.trim().toLowerCase();
}

/** Whether what is of this type is JSON: `json`, or anything `+json`. */
export function isJsonType(type: string): boolean {
  return /[/+]json$/.test(essenceOf(type));
}

/** Whether what is of this type is for people to read as it is: text, or XML. */
export function isTextType(type: string): boolean {
  return /^text\/|[/+]xml$/.test(essenceOf(type));
}
